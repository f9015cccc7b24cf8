"""The cells of tables, told by arrays: which hold a value, and what is put before it."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from threegate.normalize.arrays import Bytes, Codes, Ints, Mask, gathered
from threegate.normalize.inserted_labels import Values, labelled
from threegate.normalize.view import View

QUOTES = "\"' \t\r"
BARE, DIGIT, ODD, OTHER, FIRST, _INSIDE, _LETTER = (1 << bit for bit in range(7))
_CLASSES = np.full(1 << 16, OTHER, np.uint8)
"""By code point: stripped off a cell; a digit; in no head, whatever separates it; in no rule; first
in a value; inside one; in a password of letters."""
for _bit, _chars in (
    (BARE, QUOTES),
    (DIGIT, string.digits),
    (ODD, "。；{}<>="),
    (FIRST, string.digits + string.ascii_letters + "+(（"),
    (_INSIDE, string.digits + string.ascii_letters + " ()（）._@+-:!#$%&*^~"),
    (_LETTER, string.ascii_letters + "-"),
):
    _CLASSES[[*map(ord, _chars)]] |= _bit
_CLASSES[[*map(ord, " \t\r\n-:|+=")]] &= ~OTHER & 0xFF
_SECRET = re.compile(
    r"(?i)(?:.*(?:pass(?:word|wd|phrase|code)|密[码碼]|口令)|\w*_pass|(?:\w*_)?pwd)(?: ?[(（].*)?"
)
_SHORT, _LONG = 6, 32
"""Letters of a password."""


def classes_of(codes: Codes) -> Bytes:
    return _CLASSES[np.minimum(codes, len(_CLASSES) - 1)]


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of columns, and whether they are of passwords."""

    names: list[str] = field(default_factory=list)
    secret: list[bool] = field(default_factory=list)

    def add(self, names: Sequence[str]) -> tuple[int, int, bool]:
        """The first of these, how many they are, whether one is of passwords."""
        secret = [_SECRET.fullmatch(name) is not None for name in names]
        self.names.extend(names)
        self.secret.extend(secret)
        return len(self.names) - len(names), len(names), any(secret)


@dataclass(frozen=True, slots=True)
class Cells:
    """In order: where each starts and ends, its column's number, whether it is first in its row."""

    start: Ints
    end: Ints
    column: Ints
    leads: Mask

    def only(self, those: Mask | Ints) -> Cells:
        start, end, column = (a[those] for a in (self.start, self.end, self.column))
        return Cells(start, end, column, self.leads[those])


def joined(parts: Sequence[Cells]) -> Cells:
    """All of these in order."""
    if len(parts) == 1:
        return parts[0]
    rows = ((part.start, part.end, part.column, part.leads) for part in parts)
    start, end, column, leads = map(np.concatenate, zip(*rows, strict=True))
    return Cells(start, end, column, leads).only(np.argsort(start, kind="stable"))


def cells(start: Ints, end: Ints, signs: Ints, column: Ints, count: Ints) -> Cells:
    """Of rows that start and end here, between these signs, by the first and the count of their
    columns."""
    inner = signs[gathered(np.searchsorted(signs, start), count - 1)]
    last = np.cumsum(count) - 1
    leads, ends = np.zeros((2, int(count.sum())), np.bool_)
    leads[last - count + 1] = ends[last] = True
    starts, stops = np.empty((2, len(leads)), np.int64)
    starts[leads], starts[~leads] = start, inner + 1
    stops[ends], stops[~ends] = end, inner
    return Cells(starts, stops, gathered(column, count), leads)


class Reader:
    """What the cells of a text say, behind which something stands that ends the last one."""

    def __init__(self, codes: Codes, classes: Bytes) -> None:
        self._codes, self._classes = codes, classes

    def begin(self, cells: Cells) -> Ints:
        """Where something stands in each that is no blank nor quote; its end or beyond: nowhere."""
        begin = cells.start.copy()
        blank = np.flatnonzero(self._classes[begin] & BARE)
        begin[blank] = self._solid[np.searchsorted(self._solid, begin[blank])]
        return begin

    def numbered(self, begin: Ints, end: Ints) -> Mask:
        """Which may be somebody's number or a password with digits."""
        told: Mask = (begin < end) & (self._classes[begin] & FIRST != 0)
        likely = np.flatnonzero(told)
        at_once = self._classes[begin[likely] + 1] & DIGIT != 0
        told[likely[at_once]] = begin[likely[at_once]] + 1 < end[likely[at_once]]
        later = likely[~at_once]
        if len(later):
            told[later] = self._further(begin[later] + 1, end[later])
        return told

    def _further(self, behind: Ints, end: Ints) -> Mask:
        """Whether a digit follows in a value of which the first character stands before."""
        digits = np.append(np.flatnonzero(self._classes & DIGIT), len(self._classes))
        digit = digits[np.searchsorted(digits, behind)]
        outside = sums(self._classes & _INSIDE == 0)
        further: Mask = (digit < end) & (outside[digit] == outside[behind])
        return further

    def lettered(self, begin: Ints, end: Ints) -> tuple[Mask, Ints]:
        """Which may be a password of letters alone, and where it ends."""
        solid = self._solid
        end = solid[np.maximum(np.searchsorted(solid, end) - 1, 0)] + 1
        size = end - begin
        told: Mask = (size >= _SHORT) & (size <= _LONG)
        outside = sums(self._classes & _LETTER == 0)
        told &= outside[end] == outside[np.minimum(begin, end)]
        told &= self._codes[np.minimum(begin, len(self._codes) - 1)] != ord("-")
        told &= (self._codes[end - 2] != ord("e")) | (self._codes[end - 1] != ord("d"))
        return told, end

    @cached_property
    def _solid(self) -> Ints:
        return np.flatnonzero(self._classes & BARE == 0)


def sums(those: Mask) -> NDArray[np.int32]:
    """How many there are before each place."""
    sums = np.zeros(len(those) + 1, np.int32)
    np.cumsum(those, dtype=np.int32, out=sums[1:])
    return sums


def filled(source: View, name: str, reader: Reader, cells: Cells, columns: Columns) -> View:
    """`source` with the separator and blanks before each value that might be somebody's replaced by
    the name of its column; a password of letters alone in quotes."""
    cells = cells.only(np.array([*map(bool, columns.names)])[cells.column])
    begin = reader.begin(cells)
    numbered = reader.numbered(begin, cells.end)
    left = np.flatnonzero(~numbered & np.array(columns.secret)[cells.column])
    lettered, end = np.zeros_like(numbered), begin.copy()
    if len(left):
        lettered[left], end[left] = reader.lettered(begin[left], cells.end[left])
    kept = numbered | lettered
    cells, begin, end, quoted = cells.only(kept), begin[kept], end[kept], lettered[kept]
    place = cells.start - ~cells.leads
    values = Values(place, begin, end, cells.column, cells.leads, quoted)
    return labelled(source, name, values, columns.names)
