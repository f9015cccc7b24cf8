"""Near misses by the ten thousand: in a long text arrays judge them, edges and all.

What a pattern says of one number, these functions say of many at once, and exactly: a text of
nothing but near misses costs a few passes over it. Where they cannot say it (a word in front that
may be a label, a gap before a check character), the position is left to the pattern.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, repeat

import numpy as np

from threegate.detectors.engine.digit_index import DigitIndex, Ints, Mask
from threegate.detectors.engine.recognizer import Hit
from threegate.types import Level

LEVELS = np.array([None, *Level], object)
"""By its number."""

_DOT, _DASH, _SLASH = map(ord, ".-/")


def columns(rows: Iterable[Iterable[int]], count: int) -> Ints:
    """One array for each of so many columns. No row is kept: ten thousands of small objects keep
    the garbage collector busy."""
    return np.fromiter(chain.from_iterable(rows), np.int64).reshape(-1, count).T


def left(sieve: DigitIndex, start: Ints) -> Mask:
    """The left edge of `recognizer.first`, its labels aside."""
    return ~sieve.is_word(start - 1) & ~sieve.goes_on(start)


def right(sieve: DigitIndex, end: Ints) -> Mask:
    """`recognizer.EDGE`."""
    code = sieve.code(end)
    free: Mask = ~sieve.is_word(end) & ~((code == _DOT) & sieve.is_digit(end + 1))
    order = np.flatnonzero(free & ((code == _DASH) | (code == _SLASH)))
    digits = sieve.is_digit(end[order, None] + np.arange(1, 6))
    free[order] = ~digits.all(1)
    return free


def followed(sieve: DigitIndex, end: Ints, signs: str) -> Mask:
    """One of `signs` and a digit follow."""
    return np.isin(sieve.code(end), [ord(c) for c in signs]) & sieve.is_digit(end + 1)


def hits(start: Ints, end: Ints, kind: str, level: Level | Ints, note: str = "") -> Iterator[Hit]:
    """A `Hit` of each: `level` is one for all, or the number of each."""
    levels: Iterable[Level] = repeat(level) if isinstance(level, Level) else LEVELS[level].tolist()
    rows = zip(start.tolist(), end.tolist(), repeat(kind), levels, repeat(note))
    return map(partial(tuple.__new__, Hit), rows)
