"""Where the strings and numbers of a readable JSON text (`jsontext`) lie, so that an edit keeps it
valid: inside a string it is escaped, in place of a number it becomes a string. It always replaces
the whole number: next to a sign, a fraction or further digits it would not be JSON."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Final

from threegate.wire.jsontext import QUOTE, Kind, escape

_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?")

_CHARACTERS: Final = "+-.0123456789eE"
LONGEST: Final = 64
"""Code points; longer runs of number characters do not count as numbers."""


def _is_of_number(character: str) -> bool:
    return bool(character) and character in _CHARACTERS


def _number_start(text: str, at: int) -> int:
    """Where the number that ends at `at` or continues there begins; `at` if there is none."""
    near = text[max(0, at - LONGEST) : at]
    length = len(near) - len(near.rstrip(_CHARACTERS))
    return at - length if length < LONGEST else at


def _number_end(text: str, at: int) -> int:
    """Where the number that begins at or before `at` ends."""
    near = text[at : at + LONGEST]
    length = len(near) - len(near.lstrip(_CHARACTERS))
    return at + length if length < LONGEST else at


class JsonStrings:
    """The positions of the strings of a readable JSON text that arrives in pieces."""

    __slots__ = ("_begun", "_end", "_escaped", "_forgotten", "_kind", "_quotes")

    def __init__(self, text: str = "") -> None:
        self._kind, self._begun = Kind(), False
        self._quotes: list[int] = []  # positions of quotes that begin or end a string
        self._forgotten = 0
        self._escaped = False
        self._end = 0
        self.feed(text)

    def feed(self, text: str) -> None:
        self._begun = self._begun or self._kind.look(text)
        if self._kind.is_json and text:
            at = int(self._escaped)
            found = list(QUOTE.finditer(text, at))
            self._quotes += [self._end + q.start() for q in found if q[0] == '"']
            at = found[-1].end() if found else at
            self._escaped = text[at:].endswith("\\")
        self._end += len(text)

    def forget(self, to: int) -> None:
        """Positions before it are no longer requested."""
        gone = bisect_left(self._quotes, to)
        self._forgotten += gone
        del self._quotes[:gone]

    def whole_number(self, text: str, start: int, end: int, base: int = 0) -> tuple[int, int]:
        """A span with the rest of the numbers that it cuts; `text` begins at `base`."""
        first, last = start - base, end - base
        if self._is_number(text[first : first + 1], start):
            start = base + _number_start(text, first)
        if last and self._is_number(text[last - 1], end):
            end = base + _number_end(text, last)
        return start, end

    def before_number(self, text: str, at: int, base: int) -> int:
        """Where a number that continues (or, at the end of the text, may continue) at `at` begins;
        else `at`."""
        following = text[at - base : at - base + 1]
        goes_on = not following or _is_of_number(following)
        if not goes_on or not self._kind.is_json or self._inside(at):
            return at
        return base + _number_start(text, at - base)

    def _is_number(self, character: str, at: int) -> bool:
        return self._kind.is_json and _is_of_number(character) and not self._inside(at)

    def _inside(self, at: int) -> bool:
        return (self._forgotten + bisect_left(self._quotes, at)) % 2 == 1

    def fitted(self, text: str, start: int, end: int) -> str:
        """A replacement for the span that keeps the whole valid JSON."""
        if not self._kind.is_json:
            return text
        opens, closes = not self._inside(start), not self._inside(end)
        if opens and closes and _NUMBER.fullmatch(text):
            return text
        return '"' * opens + escape(text) + '"' * closes
