"""The answer header that lists what layer 2 changed in a request: field names, never values."""

from __future__ import annotations

import re
from collections.abc import Iterable

from threegate.guard.request_draft import UNKNOWN, BodyChange

HEADER = "x-threegate-changed"
MAX_NAMES = 24
"""Further names are left out; `...` at the end says so."""

_PRINTABLE = re.compile(r"[A-Za-z0-9_.$\-]{1,64}")
_NOT_REPORTED = "placed"  # clients need not know whether there is a constitution


def changed_header(changes: Iterable[BodyChange]) -> dict[str, str]:
    """The header with each field once, in the order of the changes; empty without a change. A name
    that a header cannot carry is reported as `unknown`."""
    reported = (c for c in changes if c.what != _NOT_REPORTED)
    names = list(dict.fromkeys(_name(c) for c in reported))
    shown = names[:MAX_NAMES] + ["..."] * (len(names) > MAX_NAMES)
    return {HEADER: ", ".join(shown)} if shown else {}


def _name(change: BodyChange) -> str:
    name = change.sent_name or change.field_name
    return name if _PRINTABLE.fullmatch(name) else UNKNOWN
