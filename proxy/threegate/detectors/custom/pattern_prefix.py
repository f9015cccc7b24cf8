"""Where, at the end of a text that goes on, a match of a policy's RE2 pattern may have begun.

The beginnings of a pattern's matches are a pattern too: of `AB?C` it is `A|AB|AB?C`. So a stream
holds only what such a beginning covers, and holds nothing of ordinary prose. Conditions around a
match (edges, line ends) are left out: more may be held, never less. If the parser of `re` may read
a pattern differently from RE2, its beginnings are unknown and its maximum width is held.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import re2

from threegate.detectors.custom.pattern_parts import parsed, without_properties

_STAND_IN = 0xF0000
"""The first of the private characters that replace `\\p{…}` while `re` parses."""
_CATEGORIES = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}
_FLAGS = {re.I: "i", re.M: "m", re.S: "s"}


def beginnings(pattern: str) -> Callable[[bytes], int] | None:
    """A function that finds the byte offset from which the rest of a text may be the beginning of a
    match; the text's length if there is none. None: unknown."""
    if any(ord(char) >= _STAND_IN for char in pattern):
        return None
    properties: list[str] = []

    def stand_in(name: str) -> str:
        properties.append(name)
        return chr(_STAND_IN + len(properties) - 1)

    parts = parsed(without_properties(pattern, stand_in))
    try:
        made = None if parts is None else _Writer(properties).open(parts)
        return None if made is None else _finder(_flagged(parts.state.flags, 0, made))
    except (KeyError, re2.error, RecursionError):
        return None


def _finder(pattern: str) -> Callable[[bytes], int]:
    options = re2.Options()
    options.log_errors = False
    search = re2.compile(f"(?:{pattern})\\z", options).search

    def begin(data: bytes) -> int:
        found = search(data)
        return int(found.start()) if found else len(data)

    return begin


def _flagged(on: int, off: int, pattern: str) -> str:
    added, taken = (
        "".join(name for flag, name in _FLAGS.items() if flags & flag) for flags in (on, off)
    )
    return f"(?{added}{'-' if taken else ''}{taken}:{pattern})"


class _Writer:
    """Writes parts of a pattern as RE2: whole, or their beginnings (None: there are none)."""

    def __init__(self, properties: Sequence[str]) -> None:
        self._properties = properties

    def whole(self, parts: Sequence[Any]) -> str:
        return "".join(self._whole(str(op), found) for op, found in parts)

    def open(self, parts: Sequence[Any]) -> str | None:
        made: str | None = None
        for op, found in reversed(list(parts)):
            rest = None if made is None else self._whole(str(op), found) + made
            made = _either(self._open(str(op), found), rest)
        return made

    def _whole(self, op: str, found: Any) -> str:
        match op:
            case "AT":
                return ""
            case "SUBPATTERN":
                return _flagged(found[1], found[2], self.whole(found[3]))
            case "BRANCH":
                return f"(?:{'|'.join(map(self.whole, found[1]))})"
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, part = found
                return f"(?:{self.whole(part)}){_count(int(least), most)}"
            case _:
                return self._one(op, found)

    def _open(self, op: str, found: Any) -> str | None:
        match op:
            case "AT":
                return None
            case "SUBPATTERN":
                made = self.open(found[3])
                return None if made is None else _flagged(found[1], found[2], made)
            case "BRANCH":
                return _either(*map(self.open, found[1]))
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self._open_repeat(*found)
            case _:
                return self._one(op, found)

    def _open_repeat(self, _: int, most: Any, part: Sequence[Any]) -> str | None:
        made = self.open(part)
        if made is None or int(most) == 0:
            return None
        fewer = most if str(most) == "MAXREPEAT" else int(most) - 1
        return f"(?:{self.whole(part)}){_count(0, fewer)}{made}"

    def _one(self, op: str, found: Any) -> str:
        """One literal character. Raises KeyError for an opcode that is not handled here."""
        match op:
            case "LITERAL":
                return self._literal(found)
            case "NOT_LITERAL":
                return f"[^{self._literal(found)}]"
            case "ANY":
                return "."
            case "IN":
                return f"[{''.join(self._item(str(kind), item) for kind, item in found)}]"
            case _:
                raise KeyError(op)

    def _item(self, kind: str, item: Any) -> str:
        match kind:
            case "NEGATE":
                return "^"
            case "LITERAL":
                return self._literal(item)
            case "RANGE":
                return f"\\x{{{item[0]:x}}}-\\x{{{item[1]:x}}}"
            case "CATEGORY":
                *_, negated, name = ("", *str(item).split("_")[1:])
                letter = _CATEGORIES[name]
                return "\\" + (letter.upper() if negated == "NOT" else letter)
            case _:
                raise KeyError(kind)

    def _literal(self, code: int) -> str:
        return self._properties[code - _STAND_IN] if code >= _STAND_IN else f"\\x{{{code:x}}}"


def _either(*choices: str | None) -> str | None:
    known = [choice for choice in choices if choice is not None]
    return f"(?:{'|'.join(known)})" if known else None


def _count(least: int, most: Any) -> str:
    return f"{{{least},}}" if str(most) == "MAXREPEAT" else f"{{{least},{int(most)}}}"
