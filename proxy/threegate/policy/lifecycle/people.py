"""Who may do what: the roles of the console and of policy versions, and the person who has them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    VIEWER = "viewer"
    REVIEWER = "reviewer"
    EDITOR = "editor"
    APPROVER = "approver"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Person:
    """The person who acts, with their current roles: a removed role takes effect at once."""

    name: str
    roles: frozenset[Role]
    group: str = ""
