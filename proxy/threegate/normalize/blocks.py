"""Where in a long text an encoded block may begin that says something to a reader, told by arrays.

Most of what looks like a block is a number or a key, and its first bytes say so. The arrays
never decide: the patterns of `decoded` do, at the places that are left, and none is left out at
which one would find something.
"""

from __future__ import annotations

import string
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from threegate.normalize.view import Ints, Mask

Codes = NDArray[np.uint8]
Worths = NDArray[np.int16]

_BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
_BASE32 = string.ascii_uppercase + "234567"
_LINE = (60, 76)
"""Characters of a line of base64 that goes on in the next one."""
_SHORT = 12
"""Characters of base64 that are looked at, where a block has so many."""


def _worths(alphabet: str, *more: tuple[str, int]) -> Worths:
    """By character what it is worth, -1 where it is none of them."""
    worth = np.full(256, -1, np.int16)
    for char, value in (*((char, value) for value, char in enumerate(alphabet)), *more):
        worth[ord(char)] = value
    return worth


_SIXES = _worths(_BASE64, ("-", 62), ("_", 63))
_FIVES = _worths(_BASE32)
_FOURS = _worths(string.digits + "abcdef", *((c, int(c, 16)) for c in "ABCDEF"))
_WORDS = _worths(string.ascii_letters + string.digits)


def codes(text: str) -> Codes:
    """Of its characters; those that no block has are any other. Noughts behind them, so that
    looking ahead needs no care."""
    return np.frombuffer(text.encode("latin-1", "replace") + bytes(_SHORT), np.uint8)


def base64(codes: Codes) -> Ints:
    start, end, worth = _stretches(codes, _SIXES)
    size = end - start
    broken = (codes[end] == ord("\n")) | ((codes[end] == ord("\r")) & (codes[end + 1] == ord("\n")))
    goes_on = (size >= _LINE[0]) & (size <= _LINE[1]) & broken
    went_on = np.concatenate(([False], goes_on))[: len(start)]
    readable = _readable(*_bytes_of(worth, start, 4))
    long = np.flatnonzero(readable & (size >= _SHORT))
    readable[long] = _readable(*_bytes_of(worth, start[long], _SHORT))
    places: Ints = start[(size >= 6) & (readable | goes_on | went_on)]
    return places


def _bytes_of(worth: Worths, start: Ints, count: int) -> Iterator[Worths]:
    """What so many characters of base64 stand for."""
    for place in range(0, count, 4):
        v = [worth[start + place + i] for i in range(4)]
        yield v[0] << 2 | v[1] >> 4
        yield (v[1] & 15) << 4 | v[2] >> 2
        yield (v[2] & 3) << 6 | v[3]


def base32(codes: Codes) -> Ints:
    start, end, _ = _stretches(codes, _WORDS)
    long = end - start >= 8
    start, end = start[long], end[long]
    start = start[_all_of(codes, _FIVES, start, end)]
    v = [_FIVES[codes[start + place]] for place in range(5)]
    second = (v[1] & 3) << 6 | v[2] << 1 | v[3] >> 4
    return start[_readable(v[0] << 3 | v[1] >> 2, second, (v[3] & 15) << 4 | v[4] >> 1)]


def hexadecimal(codes: Codes) -> Ints:
    start, end, _ = _stretches(codes, _WORDS)
    paired = ((end - start) % 2 == 0) & _all_of(codes, _FOURS, start, end)
    start, end = start[paired], end[paired]
    apart = np.isin(codes[end[:-1]], (ord(" "), ord(":")))
    linked = np.concatenate(([False], (start[1:] - end[:-1] == 1) & apart, [False]))
    chained = linked[1:] | linked[:-1] if len(start) else linked[:0]
    v = [_FOURS[codes[start + place]] for place in range(6)]
    first, second, third = (v[place] << 4 | v[place + 1] for place in (0, 2, 4))
    places: Ints = start[chained | ((end - start >= 12) & _readable(first, second, third))]
    return places


def _stretches(codes: Codes, worths: Worths) -> tuple[Ints, Ints, Worths]:
    """Starts and ends of runs of characters that are worth something, and what each is worth."""
    worth = worths[codes]
    edges = np.flatnonzero(np.diff(worth >= 0, prepend=False, append=False))
    return edges[::2], edges[1::2], worth


def _all_of(codes: Codes, worths: Worths, start: Ints, end: Ints) -> Mask:
    if not len(start):
        return np.zeros(0, np.bool_)
    others = np.cumsum(worths[codes] < 0, dtype=np.int32)
    alike: Mask = others[end - 1] == others[start]
    return alike & (worths[codes[start]] >= 0)


_TEXT, _MORE = 1, 5
_KINDS = np.zeros(256, np.int8)
"""What a byte of UTF-8 begins: a character of so many bytes that can be seen, or (5) none."""
for _kind, _bytes in (
    (_TEXT, (9, 10, 13, *range(0x20, 0x7F))),
    (2, range(0xC2, 0xE0)),
    (3, range(0xE0, 0xF0)),
    (4, range(0xF0, 0xF5)),
    (_MORE, range(0x80, 0xC0)),
):
    _KINDS[list(_bytes)] = _kind


def _readable(*bytes_: Worths) -> Mask:
    """Whether text may begin with these bytes."""
    readable = np.ones(bytes_[0].shape, np.bool_)
    more = np.zeros(bytes_[0].shape, np.int8)  # bytes of the character begun
    for byte in bytes_:
        kind = _KINDS[byte & 0xFF]
        readable &= (kind > 0) & ((kind == _MORE) == (more > 0))
        more = np.where(more > 0, more, kind) - 1
    return readable
