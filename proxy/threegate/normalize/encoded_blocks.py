"""Encoded blocks of a long text, found and turned into bytes by arrays, all at once.

They are the blocks that the patterns of `decoded` match, one after the other, in a short text. What
they say `said` tells.
"""

from __future__ import annotations

import binascii
import string

import numpy as np

from threegate.normalize.arrays import Bytes, Ints, Mask, inside, runs
from threegate.normalize.decoded_text_batch import Blocks

_BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
_BASE32 = string.ascii_uppercase + "234567"
_SIX, _WORD, _DIGIT, _FIVE, _FOUR, _BIT, _DASH = (1 << bit for bit in range(7))
"""Characters of base64, letters and digits, digits, characters of base32, hexadecimal digits, bits,
and the two of base64 in addresses."""
_KINDS = bytes(
    _SIX * (c in _BASE64 + "-_")
    | _WORD * (c in string.ascii_letters + string.digits)
    | _DIGIT * (c in string.digits)
    | _FIVE * (c in _BASE32)
    | _FOUR * (c in string.hexdigits)
    | _BIT * (c in "01")
    | _DASH * (c in "-_")
    for c in map(chr, range(256))
)
_URL = bytes.maketrans(b"-_", b"+/")
_LINE = (60, 76)
"""Characters of a line of base64 that goes on in the next one."""
_BEYOND = 8
_PAD = ord("=")
_LEAST = 12
"""Characters of a block of base64 without padding, or of hexadecimal digits."""
_MOST_PADS = 6
_WHOLE = np.isin(np.arange(8), (0, 2, 4, 5, 7))
"""By characters of base32 over eights, whether they are whole bytes."""
_FIVES, _FOURS = np.zeros((2, 256), np.uint8)
"""What a character is worth."""
_FIVES[[*map(ord, _BASE32)]] = range(32)
_FOURS[[*map(ord, string.hexdigits)]] = [int(char, 16) for char in string.hexdigits]


def base64(text: str) -> Blocks:
    codes, kinds = _read(text)
    start, end = runs(kinds & _SIX != 0)
    long = end - start >= 6
    start, end = start[long], end[long]
    start, stop, count = _in_lines(codes, kinds, start, end)
    whole = count % 4 != 1
    start, stop, count = start[whole], stop[whole], count[whole]
    chars = codes[inside(len(codes), start, stop) & (kinds & _SIX != 0)]
    token, at = _spread(chars, count, (count // 4 + 1) * 4, ord("A"))
    data = np.frombuffer(binascii.a2b_base64(token.tobytes().translate(_URL)), np.uint8)
    return Blocks(start, stop, at // 4 * 3, count * 3 // 4, data)


def _in_lines(codes: Bytes, kinds: Bytes, start: Ints, end: Ints) -> tuple[Ints, Ints, Ints]:
    """Where blocks start and end that are made of these runs, a line each, and what they count."""
    stop, followed = _stops(codes, kinds, start, end), _followed(codes, start, end)
    first, last = np.flatnonzero(~np.roll(followed, 1)), np.flatnonzero(~followed)
    last = last - ((stop[last] < 0) & (last > first))
    before = np.concatenate(([0], np.cumsum(end - start)))
    count = before[last] - before[first] + np.minimum(stop, end)[last] - start[last]
    ended = stop[last] >= 0
    return start[first[ended]], stop[last[ended]], count[ended]


def _stops(codes: Bytes, kinds: Bytes, start: Ints, end: Ints) -> Ints:
    """Where the block ends of which each run is the last line; -1: nowhere."""
    padded = codes[end] == _PAD
    stop: Ints = end + padded + (padded & (codes[end + 1] == _PAD))
    inner = (codes[stop] == _PAD) | (kinds[stop] & (_SIX | _DASH) == _SIX)
    short = end - start < _LEAST
    cut = np.flatnonzero(inner & ~short)
    stop[inner | (short & ~padded)] = -1
    if len(cut):
        dash = np.concatenate(([-_LEAST], np.flatnonzero(kinds & _DASH)))
        last = dash[np.searchsorted(dash, end[cut]) - 1]
        stop[cut] = np.where(last - start[cut] >= _LEAST, last, -1)
    return stop


def _followed(codes: Bytes, start: Ints, end: Ints) -> Mask:
    """Which runs are lines that go on in the next one."""
    broken = (codes[end] == ord("\r")).astype(np.int64)
    broken += codes[end + broken] == ord("\n")
    size, behind = end - start, end + broken
    followed: Mask = (size >= _LINE[0]) & (size <= _LINE[1]) & (codes[behind - 1] == ord("\n"))
    followed[:-1] &= start[1:] == behind[:-1]
    followed[-1:] = False
    return followed


def base32(text: str) -> Blocks:
    codes, kinds = _read(text)
    start, end = _words(kinds, _WORD, _FIVE, 8)
    if not len(start):
        return Blocks(start, end, start, end, codes)
    padding = np.zeros(len(end), np.int64)
    for _ in range(_MOST_PADS + 1):
        padding += codes[end + padding] == _PAD
    stop, count = end + padding, end - start
    alone = (padding <= _MOST_PADS) & (kinds[stop] & _WORD == 0)
    kept = alone & ((count >= 16) | (padding > 0)) & _WHOLE[count % 8]
    start, stop, count = start[kept], stop[kept], count[kept]
    chars = codes[inside(len(codes), start, stop) & (kinds & _FIVE != 0)]
    fives, at = _spread(_FIVES[chars], count, (count // 8 + 1) * 8)
    return Blocks(start, stop, at // 8 * 5, count * 5 // 8, _forties(fives.reshape(-1, 8)))


def _forties(fives: Bytes) -> Bytes:
    """Five bytes of eight times five bits."""
    forty = np.zeros(len(fives), np.int64)
    for five in fives.T:
        forty = forty << 5 | five
    return forty.astype(">i8").view(np.uint8).reshape(-1, 8)[:, 3:].ravel()


def hexadecimal(text: str) -> Blocks:
    start, stop, count, digits = _chains(text, _WORD, _FOUR, 2, " :", _LEAST)
    fours, at = _spread(_FOURS[digits], count, count + 2)
    return Blocks(
        start, stop, at // 2, count // 2, (fours[::2] << 4 | fours[1::2]).astype(np.uint8)
    )


def bits(text: str) -> Blocks:
    start, stop, count, digits = _chains(text, _DIGIT, _BIT, 8, " ,", 48)
    digits, at = _spread(digits, count, count + 8)
    return Blocks(start, stop, at // 8, count // 8, np.packbits(digits & 1))


def _chains(
    text: str, of: int, only: int, unit: int, parting: str, least: int
) -> tuple[Ints, Ints, Ints, Bytes]:
    """Chains of words with a sign between two at most: words of so many digits or twice as many …,
    `least` in a chain. Where they start and end, how many digits each has, and these."""
    codes, kinds = _read(text)
    start, end = _words(kinds, of, only, unit)
    whole = (end - start) % unit == 0
    start, end = start[whole], end[whole]
    parted = np.isin(codes[end], [*map(ord, parting)])
    linked = parted[:-1] & (start[1:] == end[:-1] + 1)
    first = np.flatnonzero(np.concatenate(([True], ~linked)))[: len(start)]
    last = np.append(first[1:], len(start)) - 1
    before = np.concatenate(([0], np.cumsum(end - start)))
    count = before[last + 1] - before[first]
    kept = count >= least
    start, end, count = start[first[kept]], end[last[kept]], count[kept]
    digits = codes[inside(len(codes), start, end) & (kinds & only != 0)]
    return start, end, count, digits


def _words(kinds: Bytes, of: int, only: int, least: int) -> tuple[Ints, Ints]:
    """Runs of characters `of` a kind that are `only` of another one, as long as `least`."""
    start, end = runs(kinds & of != 0)
    other = np.bitwise_or.reduceat((kinds & (of | only)) == of, start)
    kept = ~other & (end - start >= least)
    return start[kept], end[kept]


def _read(text: str) -> tuple[Bytes, Bytes]:
    """Its characters and their kinds; those that no block has are any other. Noughts behind them,
    so that looking ahead needs no care."""
    data = text.encode("latin-1", "replace") + bytes(_BEYOND)
    return np.frombuffer(data, np.uint8), np.frombuffer(data.translate(_KINDS), np.uint8)


def _spread(values: Bytes, count: Ints, room: Ints, fill: int = 0) -> tuple[Bytes, Ints]:
    """So many of the values each in so much room, and where they begin."""
    first = np.cumsum(room) - room
    out = np.full(int(room.sum()), fill, np.uint8)
    out[inside(len(out), first, first + count)] = values
    return out, first
