"""Passwords in a sentence away from their label: after a comma, in the next sentence, as the second
of two, or next to a user name.

`password` reads values directly after their label. Here more text is in between, so the value must
meet more conditions: letters and digits or symbols, not a product name, and it ends its clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from threegate.data_files import patterns
from threegate.detectors.engine import byte_patterns, open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import LABEL_REACH, Hit, likely_hits
from threegate.detectors.secrets import password
from threegate.types import Level

_P = patterns("detectors.secrets", "password_prose")
_NEXT = re.compile(_P["NEXT"])
_TRIED = re.compile(_P["TRIED"])
_CHINESE = re.compile(_P["CHINESE"])
_THIS = re.compile(_P["THIS"])
_DIGITS = re.compile(_P["DIGITS"])
_ASKED = re.compile(_P["ASKED"])
_SHARED = re.compile(_P["SHARED"])
_READER = _P["READER"]
_PIPED = re.compile(_P["PIPED"])
_PRODUCT = re.compile(_P["PRODUCT"])


def find(view: ScanText) -> Iterator[Hit]:
    for loose, pattern in _FORMS:
        yield from likely_hits(view, loose, pattern, _judge)


def _judge(match: re.Match[str]) -> Hit | None:
    start = match.start("value")
    value = match["value"].rstrip(".,:;?")
    if start - match.start() > LABEL_REACH or _PRODUCT.search(value):
        return None
    if match.re is _DIGITS and match.string[start - 1] == "，" and len(value) % 2:
        return None  # a telephone number
    if match.re in (_DIGITS, _SHARED):
        return Hit(start, start + len(value), password.KIND, Level.MEDIUM)
    if value.isdigit() or not password.level_of(value, " is ", close=False):
        return None
    level = Level.HIGH if match.re is _PIPED else Level.MEDIUM
    return Hit(start, start + len(value), password.KIND, level)


def _loose(pattern: re.Pattern[str]) -> Any:
    """The pattern for RE2, including what must follow a value."""
    made = (
        pattern.pattern.replace(_P["VALUE"], _P["HAS_SIGNS"])
        .replace(_P["END"], _P["ENDS"])
        .replace(f"(?={_READER})", _READER)
    )
    return byte_patterns.loosened(made)


_FORMS = tuple(
    (_loose(p), p) for p in (_NEXT, _TRIED, _CHINESE, _THIS, _DIGITS, _ASKED, _SHARED, _PIPED)
)
_OPEN_PIPE = re.compile(_P["OPEN_PIPE"])
_LONGEST_PIPE = 128
tail = open_match.unfinished(_OPEN_PIPE, _LONGEST_PIPE, begins=r"\becho ")
"""Holds from the word `echo` on, while a program that reads its output may follow."""

RECOGNIZER = described(
    "password_told", (password.KIND,), find, (open_match.token, tail), trigger=_P["TRIGGER"]
)
