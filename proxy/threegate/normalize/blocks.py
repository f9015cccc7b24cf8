"""Where in a long text an encoded block may begin that says something to a reader, told by arrays.

Most of what looks like a block is a number or a key, and its first three bytes say so. The arrays
never decide: the patterns of `decoded` do, at the places that are left, and none is left out at
which one would find something.
"""

from __future__ import annotations

import string

import numpy as np

from threegate.normalize.view import Ints, Mask

_BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
_BASE32 = string.ascii_uppercase + "234567"
_LINE = (60, 76)
"""Characters of a line of base64 that goes on in the next one."""


def _worths(alphabet: str, *more: tuple[str, int]) -> Ints:
    """By character what it is worth, -1 where it is none of them."""
    worth = np.full(256, -1)
    for char, value in (*((char, value) for value, char in enumerate(alphabet)), *more):
        worth[ord(char)] = value
    return worth


_SIXES = _worths(_BASE64, ("-", 62), ("_", 63))
_FIVES = _worths(_BASE32)
_FOURS = _worths(string.digits + "abcdef", *((c, int(c, 16)) for c in "ABCDEF"))
_WORDS = _worths(string.ascii_letters + string.digits)


def base64(codes: Ints) -> Ints:
    start, end, worth = _stretches(codes, _SIXES)
    v = [worth[start + place] for place in range(4)]
    bytes_ = v[0] << 2 | v[1] >> 4, (v[1] & 15) << 4 | v[2] >> 2, (v[2] & 3) << 6 | v[3]
    size = end - start
    broken = (codes[end] == ord("\n")) | ((codes[end] == ord("\r")) & (codes[end + 1] == ord("\n")))
    goes_on = (size >= _LINE[0]) & (size <= _LINE[1]) & broken
    went_on = np.concatenate(([False], goes_on))[: len(start)]
    places: Ints = start[(size >= 6) & (_readable(*bytes_) | goes_on | went_on)]
    return places


def base32(codes: Ints) -> Ints:
    start, end, _ = _stretches(codes, _WORDS)
    start = start[(end - start >= 8) & _all_of(codes, _FIVES, start, end)]
    v = [_FIVES[np.minimum(codes[start + place], 255)] for place in range(5)]
    second = (v[1] & 3) << 6 | v[2] << 1 | v[3] >> 4
    return start[_readable(v[0] << 3 | v[1] >> 2, second, (v[3] & 15) << 4 | v[4] >> 1)]


def hexadecimal(codes: Ints) -> Ints:
    start, end, _ = _stretches(codes, _WORDS)
    paired = ((end - start) % 2 == 0) & _all_of(codes, _FOURS, start, end)
    start, end = start[paired], end[paired]
    apart = np.isin(codes[end[:-1]], (ord(" "), ord(":")))
    linked = np.concatenate(([False], (start[1:] - end[:-1] == 1) & apart, [False]))
    chained = linked[1:] | linked[:-1] if len(start) else linked[:0]
    v = [_FOURS[np.minimum(codes[start + place], 255)] for place in range(6)]
    first, second, third = (v[place] << 4 | v[place + 1] for place in (0, 2, 4))
    places: Ints = start[chained | ((end - start >= 12) & _readable(first, second, third))]
    return places


def _stretches(codes: Ints, worths: Ints) -> tuple[Ints, Ints, Ints]:
    """Starts and ends of runs of characters that are worth something, and what each is worth."""
    worth = worths[np.minimum(codes, 255)]
    edges = np.flatnonzero(np.diff(worth >= 0, prepend=False, append=False))
    return edges[::2], edges[1::2], worth


def _all_of(codes: Ints, worths: Ints, start: Ints, end: Ints) -> Mask:
    others = np.cumsum(worths[np.minimum(codes, 255)] < 0)
    alike: Mask = others[end - 1] == others[start]
    return alike & (worths[np.minimum(codes[start], 255)] >= 0)


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


def _readable(first: Ints, second: Ints, third: Ints) -> Mask:
    """Whether text may begin with these bytes."""
    one, two, three = (_KINDS[byte & 0xFF] for byte in (first, second, third))
    begins = (one > 0) & (one < _MORE)
    follows = np.where(one > _TEXT, two == _MORE, (two > 0) & (two < _MORE))
    inside = (one > 2) | ((one == _TEXT) & (two > _TEXT))
    readable: Mask = (
        begins & follows & np.where(inside, three == _MORE, (three > 0) & (three < _MORE))
    )
    return readable
