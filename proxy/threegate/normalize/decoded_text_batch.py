"""What the bytes of many blocks say to a reader, told by arrays: what `text_sniffing` tells of
each.

Between two blocks stands a nought at least, which ends a character that is cut short as the end of
a block does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from threegate.normalize.arrays import Bytes, Codes, Ints, Mask, codes_of, gathered, inside, runs
from threegate.normalize.confusables import INVISIBLE, MOST, members
from threegate.normalize.text_sniffing import (
    AMONG,
    CONTROLS,
    FEW,
    HEAD,
    KINDS,
    MARKS,
    MORE,
    PAGES,
    SPOILT,
    SURE,
    WIDE,
)

_KIND = np.frombuffer(KINDS, np.int8)
_PAGE = np.full(256, 2, np.uint8)
"""By first byte of a UTF-16 unit: 0 of ASCII, 1 of another page that counts, 2 of none."""
_PAGE[list(PAGES)] = 1
_PAGE[0] = 0
_SEEN, _BLIND, _UNSEEN, _CONTROL, _LOST, _EAST, _OTHER = (1 << bit for bit in range(7))
"""Kinds of characters: to be seen; that nobody sees, and that nobody is to see; control bytes; what
stands for no character; eastern; of other scripts."""
_PLANES = (0, 1, 2, 3, 14)
_LOST_CODE, _BLANK = 0xFFFD, ord(" ")
_LOST_BYTES = "\ufffd".encode()


@dataclass(frozen=True, slots=True)
class Blocks:
    """Where encoded blocks stand in a text, in order, and in `data` the bytes of each: where they
    begin, and how many. None is empty, and some byte stands behind each."""

    start: Ints
    end: Ints
    first: Ints
    size: Ints
    data: Bytes

    def only(self, those: Mask) -> Blocks:
        start, end, first, size = (a[those] for a in (self.start, self.end, self.first, self.size))
        return Blocks(start, end, first, size, self.data)


@dataclass(frozen=True, slots=True)
class DecodedTexts:
    """By block, whether it says something, and where that begins and ends in `codes`."""

    told: Mask
    begin: Ints
    end: Ints
    codes: Codes

    def text(self) -> tuple[Ints, Codes]:
        """Sizes and code points of all that is said."""
        begin, size = self.begin[self.told], (self.end - self.begin)[self.told]
        return size, self.codes[gathered(begin, size)]


def worth(blocks: Blocks, *, wide: bool) -> Blocks:
    """Those whose first bytes text may have, or UTF-16 and text among others if `wide`."""
    head = [blocks.data[blocks.first + place] for place in range(3)]
    told = _spoilt(head) == 0
    if wide:
        left = np.flatnonzero(~told & (blocks.size >= WIDE))
        told[left] = _may_be_wide(blocks.data, blocks.first[left], blocks.size[left])
    return blocks.only(told)


def _may_be_wide(data: Bytes, first: Ints, size: Ints) -> Mask:
    """Whether UTF-16 may begin with these bytes of so many, or text among others."""
    head = [data[first + place] for place in range(HEAD)]
    marks = [(head[0] == mark[0]) & (head[1] == mark[1]) for mark in MARKS]
    pages = [_pages(size, np.max([_PAGE[b] for b in head[at:WIDE:2]], axis=0)) for at in (0, 1)]
    among = (size >= AMONG) & (_spoilt(head) <= SPOILT)
    told: Mask = np.any([*marks, *pages, among], axis=0)
    return told


def _pages(size: Ints, most: Bytes) -> Mask:
    """Whether the worst first byte lets UTF-16 be; of a short block, ASCII alone."""
    told: Mask = (most == 0) | ((most == 1) & (size >= SURE))
    return told


def _spoilt(bytes_: Sequence[Bytes]) -> NDArray[np.int8]:
    """How many of these bytes are no part of a character."""
    count: NDArray[np.int8] = np.zeros(bytes_[0].shape, np.int8)
    more = np.zeros_like(count)
    for byte in bytes_:
        kind = _KIND[byte]
        fits = (kind > 0) & ((kind == MORE) == (more > 0))
        count += ~fits
        more = np.where(fits & (more > 0), more - 1, np.maximum(0, kind % MORE - 1))
    return count


def said(blocks: Blocks, *, wide: bool) -> DecodedTexts:
    """What each of the blocks says as UTF-8, or if `wide` as UTF-16 or text among other bytes."""
    solid = np.where(_within(blocks), np.maximum(blocks.data, 1), 0).astype(np.uint8)
    codes = codes_of(solid.tobytes().decode(errors="replace"))
    kinds, begin, end = _read(codes)
    have = np.bitwise_or.reduceat(kinds, begin)
    told = _readable(blocks, solid, kinds, begin, have)
    if not wide or told.all():
        return DecodedTexts(told, begin, end, codes)
    left = np.flatnonzero(~told & (blocks.size >= WIDE))
    among = ~told & _among(blocks, kinds, begin, end, have)
    blanks = inside(len(codes), begin[among], end[among]) & (kinds & (_CONTROL | _LOST) != 0)
    codes = np.where(blanks, np.uint32(_BLANK), codes)
    narrow = DecodedTexts(told | among, begin, end, codes)
    return _with_wide(narrow, blocks, left) if len(left) else narrow


def _within(blocks: Blocks) -> Mask:
    return inside(len(blocks.data), blocks.first, blocks.first + blocks.size)


def _read(codes: Codes) -> tuple[Bytes, Ints, Ints]:
    """Kinds of characters, and where blocks begin and end between noughts."""
    kinds = _kinds()[np.minimum(codes, MOST)]
    return kinds, *runs(codes != 0)


@cache
def _kinds() -> Bytes:
    """By code point up to `MOST`."""
    seen, hidden = np.zeros(MOST + 1, np.bool_), members(INVISIBLE)
    for plane in _PLANES:
        codes = range(plane << 16, min((plane + 1) << 16, MOST))
        seen[codes.start : codes.stop] = [*map(str.isprintable, map(chr, codes))]
    seen[[*map(ord, "\n\r\t")]] = True
    control = np.zeros_like(seen)
    control[list(CONTROLS)] = True
    east, foreign = np.zeros_like(seen), np.arange(MOST + 1) >= 0x80
    east[0x2E80:0xFFF0] = True
    lost = np.arange(MOST + 1) == _LOST_CODE
    out = np.zeros(MOST + 1, np.uint8)
    for bit, those in (
        (_SEEN, seen & ~hidden),
        (_BLIND, ~seen & ~hidden & ~control),
        (_UNSEEN, ~seen & hidden),
        (_CONTROL, control),
        (_LOST, lost),
        (_EAST, east & ~hidden),
        (_OTHER, foreign & ~east & ~hidden),
    ):
        out[those] |= bit
    out[0] = 0
    return out


def _readable(blocks: Blocks, solid: Bytes, kinds: Bytes, begin: Ints, have: Bytes) -> Mask:
    """See `text_sniffing.readable`."""
    told: Mask = (have & (_SEEN | _BLIND | _CONTROL)) == _SEEN
    lost = told & (have & _LOST != 0)
    if lost.any():
        meant = _meant(solid, blocks.first)
        told &= _counted(kinds & _LOST != 0, begin) == meant
    short = told & (blocks.size < SURE) & (have & _OTHER != 0)
    if short.any():
        eastern = (kinds & _EAST != 0).astype(np.int8) - (kinds & _OTHER != 0)
        told &= ~short | (_counted(eastern, begin) >= 0)
    return told


def _meant(solid: Bytes, first: Ints) -> Ints:
    """How often each block says itself that a character is lost."""
    a, b, c = _LOST_BYTES
    at = np.flatnonzero((solid[:-2] == a) & (solid[1:-1] == b) & (solid[2:] == c))
    return np.diff(np.searchsorted(at, first), append=len(at))


def _counted(those: NDArray[np.int8] | Mask, begin: Ints) -> NDArray[np.int32]:
    counted: NDArray[np.int32] = np.add.reduceat(those, begin, dtype=np.int32)
    return counted


def _among(blocks: Blocks, kinds: Bytes, begin: Ints, end: Ints, have: Bytes) -> Mask:
    """See `text_sniffing._among`."""
    told: Mask = (blocks.size >= AMONG) & (have & (_BLIND | _UNSEEN) == 0)
    left = np.flatnonzero(told)
    told[left] = _spoilt([blocks.data[blocks.first[left] + i] for i in range(HEAD)]) <= SPOILT
    if told.any():
        told &= _counted(kinds & (_CONTROL | _LOST) != 0, begin) * FEW <= end - begin
    return told


def _with_wide(narrow: DecodedTexts, blocks: Blocks, left: Ints) -> DecodedTexts:
    """The same, and what those `left` say as UTF-16."""
    units, first, size, wide = _units(blocks.data, blocks.first[left], blocks.size[left] // 2)
    left = left[wide]
    if not len(left):
        return narrow
    codes = _utf16(units, first[wide], size[wide])
    kinds, begin, end = _read(codes)
    seen = np.bitwise_or.reduceat(kinds, begin) & (_BLIND | _UNSEEN | _CONTROL) == 0
    left, behind = left[seen], len(narrow.codes)
    narrow.told[left] = True
    narrow.begin[left], narrow.end[left] = begin[seen] + behind, end[seen] + behind
    return DecodedTexts(
        narrow.told, narrow.begin, narrow.end, np.concatenate((narrow.codes, codes))
    )


def _units(data: Bytes, first: Ints, size: Ints) -> tuple[NDArray[np.uint16], Ints, Ints, Mask]:
    """Of blocks of so many units these, where they begin without the mark and how many they are,
    and whether they may be UTF-16."""
    pairs = data[gathered(first, 2 * size)].reshape(-1, 2)
    at = np.cumsum(size) - size
    lower, upper = pairs.T
    little = (lower[at] == 0xFF) & (upper[at] == 0xFE)
    big = (lower[at] == 0xFE) & (upper[at] == 0xFF)
    marked = little | big
    little |= ~big & _pages(2 * size, np.maximum.reduceat(_PAGE[upper], at))
    big |= ~little & _pages(2 * size, np.maximum.reduceat(_PAGE[lower], at))
    units = np.where(np.repeat(big, size), pairs.view(">u2")[:, 0], pairs.view("<u2")[:, 0])
    return units, at + marked, size - marked, little | big


def _utf16(units: NDArray[np.uint16], first: Ints, size: Ints) -> Codes:
    """Characters of these stretches of units, a nought behind each."""
    end = np.cumsum(size + 1)
    out = np.zeros(int(end[-1]), np.uint16)
    out[inside(len(out), end - size - 1, end - 1)] = np.maximum(units[gathered(first, size)], 1)
    return codes_of(out.tobytes().decode("utf-16-le", "surrogatepass"))
