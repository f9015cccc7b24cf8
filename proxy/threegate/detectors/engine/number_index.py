"""Where a number may begin, computed once per text and shared by all recognizers of numbers.

Runs of digits with only separators between them form a row: a telephone number in groups, a card
number, a column. Every run that is followed by enough digits of its row is a start, and so are the
letters, signs and brackets directly before it. A recognizer gives the `Shape` of its numbers and
gets the matching starts; its pattern decides at each. Ordinary text has few starts, tables and logs
one or two per number.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import ascii_letters

import re2

from threegate.normalize.re2_spans import spans
from threegate.normalize.work import meter

DIGITS = "0123456789"
NUMBER = r"[0-9](?:[^0-9]{0,4}[0-9]){5}"
"""RE2; matches in every text that has a start."""
_FEWEST = 6
_SEPARATORS = " \u00a0\u2007\u2009\u202f\u3000-\u2010\u2011\u2012\u2013\u2014./()（）\r\n"
"""Separators that may stand between two digits of one number."""
_WIDEST = 4
"""The most separators in a row: a line break with spaces on both sides."""
_DENSE = re2.compile(NUMBER.replace("{5}", "{5,}"))
"""Finds the parts of a text with enough digits, in one pass of RE2."""
_RUN = re.compile("[0-9]+")
_OPENING = "+(（"
_LETTERS = "letter"
_MOST_LETTERS = 3
_MOST_DIGITS = 20
"""No shape requires more digits, or fewer digits together than this and not any number."""
_JOINTS = frozenset(".-")
Look = tuple[str, int, int]
"""What shapes need to know of a start: its first character, the digits in the rest of its row and
those up to the first separator, both as far as shapes ask."""


@dataclass(frozen=True, eq=False)
class Shape:
    """Numbers of at least `digits` digits, the first `run` to `most` of them without separators,
    that begin with a digit or sign (`+(（`) of `heads`; with `letters` also with one to three ASCII
    letters, possibly followed by a space."""

    digits: int
    heads: str = ""
    run: int = 1
    letters: bool = False
    most: int = sys.maxsize

    def __post_init__(self) -> None:
        assert self.digits <= _MOST_DIGITS
        assert self.most < _MOST_DIGITS or self.most == sys.maxsize
        _SHAPES.append(self)
        _FITTING.clear()

    def fits(self, look: Look) -> bool:
        head, digits, together = look
        heads = self.letters if head == _LETTERS else head in self.heads
        return heads and digits >= self.digits and self.run <= together <= self.most


class _Fitting(dict[Look, Sequence[Shape]]):
    """The shapes that a start fits, by its look; there are some thousand looks."""

    def __missing__(self, look: Look) -> Sequence[Shape]:
        self[look] = fitting = tuple(shape for shape in _SHAPES if shape.fits(look))
        return fitting


_SHAPES: list[Shape] = []
_FITTING = _Fitting()


class NumberIndex:
    """The index of one text. `dense`: `NUMBER` matches in it. The text is read as ASCII with a
    placeholder for every other character, so that byte offsets equal character positions."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._by_look = defaultdict[Look, list[int]](list)
        data = text.encode("ascii", "replace")
        self.dense = False
        for first, last in spans(_DENSE, data):
            self.dense = True
            if data[first:last].isdigit():
                self._add([(first, last)], last - first)
            else:
                self._read(first, last)

    def starts(self, shape: Shape) -> Sequence[int]:
        """Positions at which a number of this shape may begin."""
        return self._by_shape.get(shape, ())

    @cached_property
    def _by_shape(self) -> Mapping[Shape, list[int]]:
        found = defaultdict[Shape, list[int]](list)
        for look, starts in self._by_look.items():
            for shape in _FITTING[look]:
                found[shape] += starts
        return found

    def _read(self, first: int, last: int) -> None:
        text, row, count, previous_end = self._text, list[tuple[int, int]](), 0, -_WIDEST - 1
        spend = meter().spend
        for run in _RUN.finditer(text, first, last):
            start, end = span = run.span()
            if start - previous_end > _WIDEST or text[previous_end:start].strip(_SEPARATORS):
                if count >= _FEWEST:
                    self._add(row, count)
                    spend(len(row))
                row, count = [], 0
            row.append(span)
            count += end - start
            previous_end = end
        if count >= _FEWEST:
            self._add(row, count)

    def _add(self, row: list[tuple[int, int]], count: int) -> None:
        """Adds the starts of a row, except runs that a dot or dash joins to the run before."""
        text, previous_end = self._text, -2
        for start, end in row:
            if count < _FEWEST:
                return
            size, following = end - start, min(count, _MOST_DIGITS)
            if start - previous_end != 1 or text[previous_end] not in _JOINTS:
                together = min(size, _MOST_DIGITS)
                self._by_look[text[start], following, together].append(start)
                if start:
                    self._add_before(start, following, together)
            count -= size
            previous_end = end

    def _add_before(self, start: int, following: int, together: int) -> None:
        """Adds the letters or signs before a run as starts."""
        text, starts, before = self._text, self._by_look, self._text[start - 1]
        if before in _OPENING:
            starts[before, following, together].append(start - 1)
            if start > 1 and text[start - 2] in _OPENING:
                starts[text[start - 2], following, together].append(start - 2)
            return
        last = start - 1 - (before == " ")
        for at in range(last, max(last - _MOST_LETTERS, -1), -1):
            if text[at] not in ascii_letters:
                return
            starts[_LETTERS, following, together].append(at)
