"""Where in a long text an encoded block may begin that says something to a reader, told by arrays.

Most of what looks like a block is a number or a key, and its first bytes say so. The arrays
never decide: the patterns of `decoded` do, at the places that are left, and none is left out at
which one would find something.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from threegate.normalize.legible import AMONG, KINDS, MARKS, MORE, PAGES, SPOILT, SURE, WIDE
from threegate.normalize.view import Ints, Mask

Codes = NDArray[np.uint8]
Worths = NDArray[np.int16]
Kinds = NDArray[np.int8]

_BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
_BASE32 = string.ascii_uppercase + "234567"
_LINE = (60, 76)
"""Characters of a line of base64 that goes on in the next one."""
_SHORT, _SEEN = 11, 12
"""Characters of base64 of the shortest UTF-16, and those that are looked at where so many stand:
behind the last of 11 the ninth byte reads as 0xFF."""


def _worths(alphabet: str, *more: tuple[str, int]) -> Worths:
    """By character what it is worth, -1 where it is none of them."""
    worth = np.full(256, -1, np.int16)
    for char, value in (*((char, value) for value, char in enumerate(alphabet)), *more):
        worth[ord(char)] = value
    return worth


_SIXES = _worths(_BASE64, ("-", 62), ("_", 63))
_FIVES = _worths(_BASE32)
_FOURS = _worths(string.digits + "abcdef", *((c, int(c, 16)) for c in "ABCDEF"))
_PAD = ord("=")
_DASH = np.isin(np.arange(256), [ord("-"), ord("_")])
_NO_END = np.isin(np.arange(256), [ord(c) for c in _BASE64 + "="])
"""What may not stand behind a block of base64."""
_WORD = np.isin(np.arange(256), [ord(c) for c in string.ascii_letters + string.digits])
_PARTING = np.isin(np.arange(256), [ord(" "), ord(":")])
_LEAST = 12
"""Hexadecimal digits of a block."""


def codes(text: str) -> Codes:
    """Of its characters; those that no block has are any other. Noughts behind them, so that
    looking ahead needs no care."""
    return np.frombuffer(text.encode("latin-1", "replace") + bytes(_SEEN), np.uint8)


def base64(codes: Codes) -> Ints:
    start, end, worth = _stretches(codes, _SIXES)
    size = end - start
    broken = (codes[end] == ord("\n")) | ((codes[end] == ord("\r")) & (codes[end + 1] == ord("\n")))
    goes_on = (size >= _LINE[0]) & (size <= _LINE[1]) & broken
    went_on = np.concatenate(([False], goes_on))[: len(start)]
    readable = _readable(*_bytes_of(worth, start, 4))
    long = np.flatnonzero(size >= _SHORT)
    first = list(_bytes_of(worth, start[long], _SEEN))
    readable[long] = _readable(*first[:WIDE]) | _legible(size[long] * 3 // 4, *first)
    told = (size >= 6) & (readable | went_on) & _ended(codes, start, end) | goes_on
    places: Ints = start[told]
    return places


def _ended(codes: Codes, start: Ints, end: Ints) -> Mask:
    """Whether a block may end where the stretch does, or inside it before a dash."""
    first = end + (codes[end] == _PAD)
    ended: Mask = ~_NO_END[codes[first + ((first > end) & (codes[first] == _PAD))]]
    dash = _DASH[codes]
    return ended | _any_of(dash, start, end) if dash.any() else ended


def _bytes_of(worth: Worths, start: Ints, count: int) -> Iterator[Worths]:
    """What so many characters of base64 stand for."""
    for place in range(0, count, 4):
        v = [worth[start + place + i] for i in range(4)]
        yield v[0] << 2 | v[1] >> 4
        yield (v[1] & 15) << 4 | v[2] >> 2
        yield (v[2] & 3) << 6 | v[3]


def base32(codes: Codes) -> Ints:
    start, end, worth = _stretches(codes, _FIVES)
    long = end - start >= 8
    start, _ = _alone(codes, start[long], end[long])
    v = [worth[start + place] for place in range(5)]
    second = (v[1] & 3) << 6 | v[2] << 1 | v[3] >> 4
    return start[_readable(v[0] << 3 | v[1] >> 2, second, (v[3] & 15) << 4 | v[4] >> 1)]


def hexadecimal(codes: Codes) -> Ints:
    """Where chains of pairs begin: words of them, a blank or colon between two."""
    start, end, _ = _stretches(codes, _FOURS)
    even = (end - start) % 2 == 0
    start, end = _alone(codes, start[even], end[even])
    linked = (start[1:] - end[:-1] == 1) & _PARTING[codes[end[:-1]]]
    first = np.flatnonzero(np.concatenate(([len(start) > 0], ~linked)))
    size = np.add.reduceat(end - start, first) if len(first) else first
    start, size = start[first[size >= _LEAST]], size[size >= _LEAST]
    pairs = list(_pairs(codes, start))
    places: Ints = start[_readable(*pairs) | _legible(size // 2, *pairs)]
    return places


def _pairs(codes: Codes, at: Ints) -> Iterator[Worths]:
    """What the least that a chain has stands for."""
    for _ in range(_LEAST // 2):
        yield _FOURS[codes[at]] << 4 | _FOURS[codes[at + 1]]
        at = at + 2 + _PARTING[codes[at + 2]]


def _stretches(codes: Codes, worths: Worths) -> tuple[Ints, Ints, Worths]:
    """Starts and ends of runs of characters that are worth something, and what each is worth."""
    worth = worths[codes]
    edges = np.flatnonzero(np.diff(worth >= 0, prepend=False, append=False))
    return edges[::2], edges[1::2], worth


def _alone(codes: Codes, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Stretches beside which no letter or digit stands."""
    alone = ~(_WORD[codes[start - 1]] | _WORD[codes[end]])
    return start[alone], end[alone]


def _any_of(those: Mask, start: Ints, end: Ints) -> Mask:
    """Whether one of the characters from `start` to `end` is one of those."""
    count = np.cumsum(those, dtype=np.int32)
    found: Mask = (count[end - 1] > count[start]) | those[start]
    return found


_KIND = np.frombuffer(KINDS, np.int8)
_PAGE = np.isin(np.arange(256), list(PAGES))


def _readable(*bytes_: Worths) -> Mask:
    """Whether text may begin with these bytes."""
    readable: Mask = _spoilt(bytes_) == 0
    return readable


def _legible(size: Ints, *bytes_: Worths) -> Mask:
    """Whether UTF-16 may begin with these bytes of so many, or text among others."""
    head = [byte & 0xFF for byte in bytes_]
    marks = [(head[0] == mark[0]) & (head[1] == mark[1]) for mark in MARKS]
    pages = [_pages(size, head[first:WIDE:2]) for first in (0, 1)]
    wide, among = np.any([*marks, *pages], axis=0), _spoilt(bytes_) <= SPOILT
    legible: Mask = (wide & (size >= WIDE)) | (among & (size >= AMONG))
    return legible


def _pages(size: Ints, bytes_: Sequence[Worths]) -> Mask:
    """Whether these are first bytes of UTF-16; of a short block, of ASCII alone."""
    told = np.all([_PAGE[byte] for byte in bytes_], axis=0)
    pages: Mask = told & ((size >= SURE) | ~np.any(bytes_, axis=0))
    return pages


def _spoilt(bytes_: Sequence[Worths]) -> Kinds:
    """How many of these bytes are no part of a character."""
    count: Kinds = np.zeros(bytes_[0].shape, np.int8)
    more = np.zeros_like(count)
    for byte in bytes_:
        kind = _KIND[byte & 0xFF]
        fits = (kind > 0) & ((kind == MORE) == (more > 0))
        count += ~fits
        more = np.where(fits & (more > 0), more - 1, np.maximum(0, kind % MORE - 1))
    return count
