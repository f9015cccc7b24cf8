"""Tokens: runs of the characters that keys consist of. Most keys are long and ordinary text has no
long tokens, so one pass that finds the longest token of a text saves running the rules for longer
keys.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from functools import cache
from typing import Any

from threegate.detectors.custom.pattern_parts import parsed

CHARS = frozenset(string.ascii_letters + string.digits + "_-./+=~<\u017f\u212a")
"""RE2 matches the last two as `s` and `k` when case is ignored."""
LEAST = 16
"""Shortest token that is searched for."""
_RUNS = bytes(ord("x" if c in "".join(CHARS).encode() else " ") for c in range(256))
"""Bytes that a token may consist of, and all others. Those of the two characters beyond ASCII occur
in others as well, which only makes some tokens look longer."""
_LONG = b"x" * LEAST

_LARGE = 65_536
_CODE = re.compile(r"\\x\{([0-9a-f]+)\}")
"""A character by its code point, in RE2 syntax that `re` lacks."""


def longest(data: bytes) -> int:
    """Bytes of the longest token of a text (UTF-8), or a few more, so no fewer than its characters;
    `LEAST` - 1 if all are shorter than `LEAST`. Texts larger than `_LARGE` are assumed to have
    tokens of any length."""
    if len(data) > _LARGE:
        return len(data)
    runs, most, at = data.translate(_RUNS) + b" ", LEAST - 1, 0
    while (at := runs.find(_LONG, at)) >= 0:
        first, at = at, runs.index(b" ", at)
        most = max(most, at - first)
    return most


@cache
def least(pattern: str) -> int:
    """Minimum length of the token in every match of an RE2 pattern; 0 if that is less than `LEAST`
    or the pattern cannot be parsed. Cached, because parsing all secret rules takes a tenth of the
    start-up time."""
    parts = parsed(_CODE.sub(lambda code: re.escape(chr(int(code[1], 16))), pattern))
    found = 0 if parts is None else _least(parts)
    return found if found >= LEAST else 0


def _least(parts: Iterable[tuple[Any, Any]]) -> int:
    """The longest run of token characters that these parts are certain to match."""
    best = run = 0
    for op, value in _flat(parts):
        match str(op):
            case "MAX_REPEAT" | "MIN_REPEAT" if _one(value[2]):
                run += int(value[0])
            case "MAX_REPEAT" | "MIN_REPEAT" if int(value[0]):
                best, run = max(best, _least(value[2])), 0
            case "LITERAL" | "IN" if _inside(op, value):
                run += 1
            case "BRANCH":
                best, run = max(best, min(map(_least, value[1]))), 0
            case "AT":
                pass
            case _:
                run = 0
        best = max(best, run)
    return best


def _flat(parts: Iterable[tuple[Any, Any]]) -> Iterable[tuple[Any, Any]]:
    """The parts, with groups replaced by their contents."""
    for op, value in parts:
        if str(op) == "SUBPATTERN":
            yield from _flat(value[3])
        else:
            yield op, value


def _one(parts: Iterable[tuple[Any, Any]]) -> bool:
    """Whether the parts match exactly one token character."""
    items = list(_flat(parts))
    return len(items) == 1 and str(items[0][0]) in ("LITERAL", "IN") and _inside(*items[0])


def _inside(op: Any, value: Any) -> bool:
    """Whether a literal or class consists only of token characters."""
    return chr(value) in CHARS if str(op) == "LITERAL" else all(map(_is_member, value))


def _is_member(item: tuple[Any, Any]) -> bool:
    match str(item[0]):
        case "LITERAL":
            return chr(item[1]) in CHARS
        case "RANGE":
            return all(chr(code) in CHARS for code in range(item[1][0], item[1][1] + 1))
        case "CATEGORY":
            return str(item[1]) == "CATEGORY_DIGIT"  # of ASCII, as RE2 reads it
        case _:
            return False
