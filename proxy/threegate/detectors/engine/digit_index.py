"""Where in a long text a number may stand, told by arrays over all of it at once.

A pattern with edges and separators tries every digit of a text, which takes seconds for a megabyte
of digits. The arrays of one `DigitIndex`, shared by the recognizers of a scan, say in a few passes
which
positions are worth trying. They drop none at which a recognizer's own pattern would find something;
what arrays say of a number in full is in `vectorized_checks`.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from threegate.detectors.engine.character_arrays import (
    BETWEEN,
    DIGIT,
    GAP,
    INNER,
    LONG,
    Characters,
    Ints,
    Mask,
    together,
)
from threegate.detectors.engine.labels import Labels

__all__ = ["LONG", "DigitIndex", "Ints", "Mask", "together"]

_WIDEST = 5
"""From one digit to the next: a line break with blanks on both sides."""
_BLANK, _RETURN, _NEWLINE = map(ord, " \r\n")
_BUCKET = 6
"""Nearness of labels is told for stretches of 2 ** 6 characters."""

_UNSEEN = 128
"""Characters at the end of a text beside which a label may stand that is still to come."""

_DOUBLED = np.array((0, 2, 4, 6, 8, 1, 3, 5, 7, 9), np.int32)


class DigitIndex(Characters):
    """`at` and `digit`: place and value of every digit. Indexes named `i` count digits."""

    def __init__(self, text: str, data: bytes) -> None:
        super().__init__(text)
        self._data = data
        self._near: dict[Labels, bytes] = {}

    @cached_property
    def at(self) -> Ints:
        return np.flatnonzero(self.classes & DIGIT)

    @cached_property
    def digit(self) -> NDArray[np.int32]:
        return self.codes.take(self.at).astype(np.int32) - 48

    @cached_property
    def without_values(self) -> str:
        """The text with every digit a nought."""
        codes = self.codes.copy()
        codes[self.at] = ord("0")
        return codes.tobytes().decode("utf-32-le", "surrogatepass")

    @cached_property
    def places(self) -> NDArray[np.int32]:
        """For every byte of the text how many characters begin before it."""
        begins = (np.frombuffer(self._data, np.uint8) & 0xC0) != 0x80
        return np.cumsum(np.concatenate(([False], begins)), dtype=np.int32)

    @cached_property
    def free(self) -> Ints:
        """Digits without a digit in front, next to them or before a dot, dash or slash."""
        starts = self._run_starts
        return starts[~self.goes_on(self.at[starts])]

    def goes_on(self, position: Ints) -> Mask:
        """Whether a digit and a dot, dash or slash stand before it."""
        joined = self.has(position - 1, INNER)
        at = np.flatnonzero(joined)
        joined[at] = self.has(position[at] - 2, DIGIT)
        return joined

    @cached_property
    def lines(self) -> NDArray[np.int32]:
        """For every digit how many lines end before it."""
        return np.cumsum(self.codes == _NEWLINE, dtype=np.int32).take(self.at)

    @cached_property
    def before_free(self) -> NDArray[np.uint32]:
        """The characters before free digits; before a text its last one."""
        return self.codes.take(self.at.take(self.free) - 1)

    @cached_property
    def pairs(self) -> Ints:
        """Free digits with one more right behind them."""
        return self.free[self.size(self.free) > 1]

    @cached_property
    def threes(self) -> Ints:
        """Free digits with two more right behind them, as most numbers begin."""
        return self.pairs[self.size(self.pairs) > 2]

    def rows(self, count: int, starts: Ints | None = None) -> Ints:
        """Where `count` digits with no more than separators between them begin, of `starts`, in
        order (all free ones)."""
        i = self.free if starts is None else starts
        i = i[: np.searchsorted(i, len(self.at) - count, "right")]
        whole: Mask = self._breaks.take(i) == self._breaks.take(i + (count - 1))
        return i[whole]

    def runs(self, *counts: int) -> Ints:
        """Where runs of exactly so many digits begin."""
        return self._run_starts[np.isin(self._run_sizes, counts)]

    def short_runs(self, most: int) -> tuple[Ints, Ints]:
        """Places and sizes of runs of no more than so many digits."""
        short = self._run_sizes <= most
        return self.at[self._run_starts[short]], self._run_sizes[short]

    def size(self, i: Ints) -> Ints:
        """How many digits the run around digit i has; 0 behind the last digit."""
        inside = np.minimum(i, len(self.at) - 1)
        return np.where(i < len(self.at), self._run_sizes[self._run_number[inside] - 1], 0)

    def groups(self, i: Ints, count: int | Ints) -> NDArray[np.int32]:
        """Into how many runs the `count` digits from `i` on fall."""
        groups: NDArray[np.int32] = 1 + self._run_number[i + count - 1] - self._run_number[i]
        return groups

    def solid(self, i: Ints, first: int, last: int) -> Mask:
        """Nothing between digit i + first and digit i + last."""
        solid: Mask = self.at[i + last] - self.at[i + first] == last - first
        return solid

    def linked(self, i: Ints, first: int, last: int) -> Mask:
        """Nothing but single gaps (`recognizer.GAP`) between digit i + first and i + last."""
        linked: Mask = self._cuts[i + first] == self._cuts[i + last]
        return linked

    def joined(self, i: Ints) -> Mask:
        """Another digit follows, at once or behind a gap."""
        following = np.minimum(i + 1, len(self.at) - 1)
        joined: Mask = (following > i) & (self._cuts[following] == self._cuts[i])
        return joined

    def ends(self, i: Ints) -> Mask:
        """No digit follows at once."""
        return ~self.has(self.at[i] + 1, DIGIT)

    def number(self, i: Ints, first: int, count: int) -> NDArray[np.int32]:
        """The value of the `count` digits from i + first on."""
        out = np.zeros(len(i), np.int32)
        for place in range(first, first + count):
            out = out * 10 + self.digit[i + place]
        return out

    def luhn(self, i: Ints, count: int) -> Mask:
        """ISO/IEC 7812-1 over the `count` digits from `i` on."""
        if not len(i):
            return np.zeros(0, np.bool_)
        parity = (i + count - 1) % 2
        first = parity * (len(self.digit) + 1) + i
        sums = self._luhn_sums.ravel()
        total = sums.take(first + count) - sums.take(first)
        fits: Mask = total % 10 == 0
        return fits

    def near(self, labels: Labels) -> bytes:
        """For every stretch of characters whether one of `labels` may stand beside it."""
        if labels not in self._near:
            marked = np.zeros((len(self._text) >> _BUCKET) + 5, np.bool_)
            ends = np.fromiter(labels.marks(self._data), np.int64)
            stretch = (ends if self._text.isascii() else self.places[ends]) >> _BUCKET
            for shift in range(-2, 3):
                marked[np.maximum(stretch + shift, 0)] = True
            marked[max(0, len(self._text) - _UNSEEN) >> _BUCKET :] = True
            self._near[labels] = marked.tobytes()
        return self._near[labels]

    def labelled(self, position: Ints, labels: Labels) -> Mask:
        """Whether one of `labels` stands so near to the position that it may count."""
        beside: Mask = np.frombuffer(self.near(labels), np.bool_)[position >> _BUCKET]
        return beside

    @cached_property
    def _run_starts(self) -> Ints:
        first = np.ones(len(self.at), np.bool_)
        np.not_equal(self.at[1:], self.at[:-1] + 1, out=first[1:])
        return np.flatnonzero(first)

    @cached_property
    def _run_sizes(self) -> Ints:
        return np.diff(self._run_starts, append=len(self.at))

    @cached_property
    def _run_number(self) -> NDArray[np.int32]:
        return self._counted(self._run_starts)

    @cached_property
    def _breaks(self) -> NDArray[np.int32]:
        """For every digit how often a row has ended before it."""
        starts = self._run_starts[1:]
        here, before = self.at.take(starts), self.at.take(starts - 1)
        other = np.cumsum((self.classes & (DIGIT | BETWEEN)) == 0, dtype=np.int32)
        apart = other.take(here) > other.take(before)
        return self._counted(starts[(here - before > _WIDEST) | apart])

    @cached_property
    def _cuts(self) -> NDArray[np.int32]:
        """For every digit how often more than one gap has stood before it."""
        starts = self._run_starts[1:]
        here, before = self.at[starts], self.at[starts - 1] + 1
        gap = (here - before == 1) & self.has(before, GAP)
        rest = np.flatnonzero((here - before > 1) & (here - before < _WIDEST))
        gap[rest] = self._line_break(before[rest]) == here[rest]
        return self._counted(starts[~gap])

    def _line_break(self, at: Ints) -> Ints:
        """Where the line break that begins at `at` ends, with a blank on either side; -1: none."""
        at = at + (self.code(at) == _BLANK)
        at = at + (self.code(at) == _RETURN)
        broken = self.code(at) == _NEWLINE
        at = at + 1
        return np.where(broken, at + (self.code(at) == _BLANK), -1)

    def _counted(self, starts: Ints) -> NDArray[np.int32]:
        """For every digit how many of `starts` it does not stand before."""
        marks = np.zeros(len(self.at), np.bool_)
        marks[starts] = True
        return np.cumsum(marks, dtype=np.int32)

    @cached_property
    def _luhn_sums(self) -> NDArray[np.int32]:
        """Running sums of the digits: as they are where their index is even, or odd, else
        doubled."""
        twice = _DOUBLED.take(self.digit)
        sums = np.zeros((2, len(self.digit) + 1), np.int32)
        for parity in range(2):
            mixed = self.digit.copy()
            mixed[1 - parity :: 2] = twice[1 - parity :: 2]
            np.cumsum(mixed, out=sums[parity, 1:])
        return sums
