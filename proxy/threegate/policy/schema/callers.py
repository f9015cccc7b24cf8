"""Which calls a rule or an exception is about."""

from __future__ import annotations

from dataclasses import dataclass

from threegate.policy.language.shapes import Located


@dataclass(frozen=True, slots=True, kw_only=True)
class When(Located):
    """适用对象 / Which callers"""

    tenant: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    route: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
