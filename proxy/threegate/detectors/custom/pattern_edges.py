"""A policy's RE2 pattern, narrowed to matches that are not part of a longer word.

Whether an ASCII word continues around a match is judged on the adjacent characters once it is
found, and text may be full of matches that do not stand alone: every digit of a long number begins
one. Where the pattern shows that a match begins or ends with a letter or digit, `\\b` says the
same, and RE2 passes over what fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from threegate.detectors.custom.pattern_parts import parsed

_OTHERWISE = re.compile(r"\\[pPCQAbBz]|\[:|[$]|(?<!\[)\^|\\\[\^")
"""What the parser of `re` reads in another way than RE2, and what looks around on its own."""
_WIDER = frozenset("ksKS")
"""Letters that are also a character beyond ASCII to a pattern without regard to case."""


def alone(pattern: str) -> str:
    """A pattern that matches wherever a match of `pattern` begins that stands alone."""
    if _OTHERWISE.search(pattern) or (parts := parsed(pattern)) is None:
        return pattern
    before = r"\b" if _Sure(pattern).begins(parts) else ""
    after = r"\b" if _Sure(pattern).ends(parts) else ""
    return f"{before}(?:{pattern}){after}"


class _Sure:
    """Whether parts begin, or end, with a letter, digit or underscore of ASCII whatever they
    match."""

    def __init__(self, pattern: str) -> None:
        self._folded = re.search(r"\(\?[a-zA-Z]*i", pattern) is not None

    def begins(self, parts: Iterable[Any]) -> bool:
        return self._first(list(parts), 1)

    def ends(self, parts: Iterable[Any]) -> bool:
        return self._first(list(parts), -1)

    def _first(self, parts: list[Any], step: int) -> bool:
        """Read in the direction of `step`."""
        for op, found in parts[::step]:
            if str(op) != "AT":
                return self._part(str(op), found, step)
        return False

    def _part(self, op: str, found: Any, step: int) -> bool:
        match op:
            case "LITERAL":
                return self._all(found, found)
            case "IN":
                return all(self._item(str(kind), item) for kind, item in found)
            case "SUBPATTERN":
                return self._first(list(found[3]), step)
            case "BRANCH":
                return all(self._first(list(branch), step) for branch in found[1])
            case "MAX_REPEAT" | "MIN_REPEAT":
                return found[0] > 0 and self._first(list(found[2]), step)
            case _:
                return False

    def _item(self, kind: str, item: Any) -> bool:
        match kind:
            case "LITERAL":
                return self._all(item, item)
            case "RANGE":
                return self._all(*item)
            case "CATEGORY":
                return str(item) in ("CATEGORY_DIGIT", "CATEGORY_WORD")
            case _:
                return False

    def _all(self, first: int, last: int) -> bool:
        chars = map(chr, range(first, last + 1))
        return last < 128 and all(
            (c.isalnum() or c == "_") and not (self._folded and c in _WIDER) for c in chars
        )
