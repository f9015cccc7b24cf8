"""A request on its way through layer 2: its body so far and the changes made to it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from threegate.guard.constraint_merge import Constraints
from threegate.types import Bilingual, frozen
from threegate.wire.adapter import Body
from threegate.wire.base import Adapter
from threegate.wire.known_fields import PUBLISHED

UNKNOWN = "unknown"
"""Recorded in place of a field name that no API documents, because such a name is the client's own
text."""


@frozen
class BodyChange:
    """One change that layer 2 made to a request; never a value. `field_name` is fit for the audit
    log, `sent_name` is as the client wrote it, for the answer to that client only."""

    rule_id: str
    field_name: str
    what: (
        str  # clamped | forced | defaulted (none was sent) | dropped | placed | aliased | stripped
    )
    sent_name: str = field(default="", repr=False, compare=False)


@frozen
class Refusal:
    rule_id: str
    code: str
    message: Bilingual
    param: str
    status: int = 400


@dataclass(slots=True)
class RequestDraft:
    """What the steps of layer 2 work on in turn: the body changes, and each change is noted."""

    body: Body
    adapter: Adapter
    constraints: Constraints
    changes: list[BodyChange] = field(default_factory=list)

    def note(self, rule_id: str, name: str, what: str) -> None:
        self.changes.append(BodyChange(rule_id, _recorded(name), what, name))

    def drop(self, name: str, rule_id: str) -> None:
        if name in self.body:
            del self.body[name]
            self.note(rule_id, name, "dropped")

    def set(self, name: str, value: Any, rule_id: str, what: str) -> None:
        old = self.body.get(name)
        if old != value:
            self.body[name] = value
            self.note(rule_id, name, "defaulted" if old is None else what)


def _recorded(name: str) -> str:
    parent, dot, _ = name.partition(".")
    if name in PUBLISHED:
        return name
    return f"{parent}.{UNKNOWN}" if dot and parent in PUBLISHED else UNKNOWN
