"""A long text as Presidio's national identifiers are looked for in it, by arrays that all of them
share."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from threegate.detectors.engine.context import JOINERS, REACH, SENTENCE_ENDS, SPACE, ScanText
from threegate.detectors.engine.digit_index import Ints, Mask, together
from threegate.detectors.presidio.columns import SIGN
from threegate.detectors.presidio.state_tables import (
    DIGITS,
    LONGEST,
    SOLID,
    SYMBOLS,
    Runs,
    States,
    run_kind,
    symbols,
    table_of,
)

_GROUPING = table_of(" -./")
_BLANKS = SPACE + "\t\"'\r"
_BLANK, _LEADS = table_of(_BLANKS), table_of("\n:：" + JOINERS + _BLANKS)
_STOP = table_of(SENTENCE_ENDS)
BEFORE = "\0\0"
"""As many characters as tell whether a value stands alone."""
_MOST_BLANKS = 8
_UNDERSCORE = ord("_")
_VALUES = np.full(SYMBOLS, SIGN, np.uint8)
_VALUES[SOLID] = [int(chr(c), 36) for c in np.flatnonzero(SOLID)]


class Places:
    """`start`, `size` and `first`: where runs of letters and digits begin that go on no row of
    numbers, how long they are, and how many letters and digits stand before them."""

    def __init__(self, view: ScanText) -> None:
        self.view = view
        self.symbols = symbols(view.text)
        start, end = view.sieve.tokens(1)
        row = _GROUPING[self.symbols[start - 1]] & DIGITS[self.symbols[start - 2]]
        size, free = end - start, np.flatnonzero(~row)
        first = np.cumsum(size) - size
        self.start, self.first = start[free], first[free]
        kinds = self._kinds(self.start, size[free])
        self._by_kind = np.argsort(kinds, kind="stable")
        self._bounds = np.searchsorted(kinds[self._by_kind], np.arange(2 * LONGEST**2 + 1))

    def _kinds(self, start: Ints, size: Ints) -> Runs:
        digit = DIGITS.take(self.symbols)
        before = np.cumsum(digit, dtype=np.int32)
        return run_kind(size, before[start + size] - before[start] + digit[start], digit[start])

    def of(self, kinds: Runs) -> Ints:
        """The runs of these kinds, by number."""
        first, last = self._bounds[kinds], self._bounds[kinds + 1]
        return self._by_kind[_between(first, last)]

    def solid(self, first: Ints, count: int) -> list[Ints]:
        """The values of so many letters and digits, one array for each."""
        return [self._solid.take(first + n).astype(np.int64) for n in range(count)]

    def written(self, start: Ints, count: int) -> list[Ints]:
        """The same of characters, whatever they are."""
        return [_VALUES.take(self.symbols.take(start + n)).astype(np.int64) for n in range(count)]

    @cached_property
    def beside_underscores(self) -> Ints:
        """Signs at which a word of `\\b` begins, or ends, without a letter or digit."""
        at = np.flatnonzero(self.symbols == _UNDERSCORE)
        before, behind = self.symbols[at - 1], self.symbols[at + 1]
        first = at[~SOLID[before] & (before != _UNDERSCORE)]
        return together(first, at[~SOLID[behind] & (behind != _UNDERSCORE)] + 1)

    @cached_property
    def content(self) -> str:
        """The text behind `BEFORE`."""
        return BEFORE + self.view.text

    @cached_property
    def alike(self) -> str:
        """The same with every digit a nought."""
        return BEFORE + self.view.sieve.without_values

    def spoken(self, places: Ints, labels: States) -> Mask:
        """Where one of `labels`, maybe as part of a word, stands in the clause before, or may do so
        for `context.told`."""
        low = np.maximum(places - REACH, 0)
        clause = np.maximum(low, _last(self._stops, places) + 1)
        begin = np.where(self._led(places, low), low, clause)
        spots = _between(*_once(begin, places))
        spots = spots[labels.begins()[self.symbols[spots]]]
        ends = labels.ends(self.symbols, spots)
        end = np.sort(spots[ends.place] + ends.size)
        found: Mask = np.searchsorted(end, places, "right") > np.searchsorted(end, begin, "right")
        return found

    def _led(self, places: Ints, low: Ints) -> Mask:
        """Whether another clause than that before a place may speak of it: a line above, which it
        answers or stands below."""
        at = places - 1
        for _ in range(_MOST_BLANKS):
            at = at - _BLANK[self.symbols[at]]
        led = _LEADS[self.symbols[at]] | (_last(self._questions, places) >= low)
        return led & (_last(self._lines, places) >= low)

    @cached_property
    def _stops(self) -> Ints:
        at = np.flatnonzero(_STOP.take(self.symbols[:-1]))
        return self._those(SENTENCE_ENDS, at)

    @cached_property
    def _lines(self) -> Ints:
        return self._those("\n", self._stops)

    @cached_property
    def _questions(self) -> Ints:
        return self._those("?？", self._stops)

    def _those(self, chars: str, at: Ints) -> Ints:
        """Where one of `chars` stands."""
        return at[np.isin(self.view.sieve.codes[at], [ord(c) for c in chars])]

    @cached_property
    def _solid(self) -> NDArray[np.uint8]:
        values: NDArray[np.uint8] = _VALUES[self.symbols[SOLID[self.symbols]]]
        return values


def _last(of: Ints, places: Ints) -> Ints:
    """The last one before each place, or -1."""
    found: Ints = np.concatenate(([-1], of))[np.searchsorted(of, places)]
    return found


def _once(begins: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Of what lies between these and those, all that lies before no earlier end, and maybe more."""
    begins = np.minimum.accumulate(begins[::-1])[::-1]
    return np.maximum(begins, np.concatenate(([0], ends[:-1]))), ends


def _between(begins: Ints, ends: Ints) -> Ints:
    """All numbers from these up to those."""
    sizes = ends - begins
    between: Ints = np.arange(sizes.sum()) + np.repeat(ends - np.cumsum(sizes), sizes)
    return between
