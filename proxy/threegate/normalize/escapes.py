"""Escapes of one character each (percent, backslash, HTML), in a long text all at once by arrays.

The patterns of `decoded` say the same, match by match: a text of nothing but escapes has hundreds
of thousands.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from functools import cache, reduce
from html.entities import html5
from string import ascii_letters

import numpy as np
from numpy.typing import NDArray

from threegate.normalize.arrays import Ints, Mask, gathered, padded
from threegate.normalize.view import View, rewritten, spliced

Found = tuple[Ints, Ints, Ints]
"""Starts, ends, and the character that each stands for; -1: for none."""
Find = Callable[[Ints], Found]
Worths = NDArray[np.int16]

_NONE = 999
_DIGITS, _LETTERS = np.full((2, 256), _NONE, np.int16)
"""What a character is worth: as a digit to any base, a letter as itself."""
for _char in "0123456789abcdefABCDEF":
    _DIGITS[ord(_char)] = int(_char, 16)
for _char in ascii_letters:
    _LETTERS[ord(_char)] = ord(_char)
_LAST, _UNKNOWN = 0x10FFFF, 0xFFFD
_HIGH, _LOW = 0xD800 >> 10, 0xDC00 >> 10
"""Halves of a pair, by their upper bits."""
_UNIT = len(r"\uXXXX")
_SIZES = np.repeat((1, 0, 2, 3, 4, 0), np.diff((0, 0x80, 0xC2, 0xE0, 0xF0, 0xF5, 0x100)))
"""Bytes of a character by its first one."""
_LEAST = np.array((0, 0, 0x80, 0x800, 0x10000))
"""What less bytes could say."""


def unescaped(source: View, name: str, find: Find) -> View:
    """`source` with everything that `find` finds replaced by its character."""
    start, end, code = find(padded(source.text))
    real = _real(code)
    return rewritten(source, name, start[real], end[real], code[real])


def _real(code: Ints) -> Mask:
    """Which are characters."""
    real: Mask = (code >= 0) & (code <= _LAST) & (code >> 11 != _HIGH >> 1)
    return real


def percents(codes: Ints) -> Found:
    """UTF-8 of one character, each byte as `%XX`."""
    worth = _worths(codes)
    high, low = worth[1:-1], worth[2:]
    escaped = (codes[:-2] == ord("%")) & (high < 16) & (low < 16)
    byte = np.where(escaped, high << 4 | low, -1)
    at = np.flatnonzero(escaped)
    size = _SIZES[byte[at]]
    code = _read(byte, at, size, 3)
    return at, at + 3 * size, np.where(size > 0, code, -1)


def misread(codes: Ints) -> Found:
    """UTF-8 of one character, each byte as a character; none of ASCII."""
    at = np.flatnonzero((codes >= 0xC2) & (codes < 0xF5))
    size = _SIZES[codes[at]]
    return at, at + size, _read(codes, at, size, 1)


def _read(byte: Ints, at: Ints, size: Ints, step: int) -> Ints:
    """The character whose first byte is that at `at`, so far from the second; -1 where more must
    follow and do not."""
    code = byte[at].astype(np.int64)
    long = np.flatnonzero(size > 1)
    at, size = at[long], size[long]
    read, whole = code[long] & (0x7F >> size), np.ones(len(long), np.bool_)
    for place in (1, 2, 3):
        more, inside = byte[at + step * place], size > place
        read = np.where(inside, read << 6 | more & 0x3F, read)
        whole &= ~inside | (more >> 6 == 2)
    code[long] = np.where(whole & (read >= _LEAST[size]), read, -1)
    return code


def backslashes(codes: Ints) -> Found:
    r"""`\uXXXX` and pairs of them, `\u{X…}`, `\UXXXXXXXX`, `\xXX`, and `\\` in front of these."""
    at = np.flatnonzero(codes == ord("\\"))
    code, size = _escaped(codes, at)
    if not (code >= 0).any():
        return at[:0], at[:0], code[:0]
    high = np.flatnonzero((size == _UNIT) & (code >> 10 == _HIGH))
    low = np.minimum(np.searchsorted(at, at[high] + _UNIT), len(at) - 1)
    paired = (at[low] == at[high] + _UNIT) & (size[low] == _UNIT) & (code[low] >> 10 == _LOW)
    high, low = high[paired], low[paired]
    code[high] = 0x10000 + ((code[high] & 0x3FF) << 10) + (code[low] & 0x3FF)
    size[high] = 2 * _UNIT
    if (codes[at + 1] == ord("\\")).any():
        first, second = _doubled(codes, at, code)
        code, size = np.where(second, -1, code), np.where(first, 2, size)
        code[first] = ord("\\")
    return at, at + size, code


def _escaped(codes: Ints, at: Ints) -> tuple[Ints, Ints]:
    """What the escapes that begin at these backslashes say, -1: nothing, and how long they are."""
    code, size = np.full(len(at), -1), np.zeros(len(at), np.int64)
    sign, digit = codes[at + 1], _worths(codes[at + 2]) < 16
    for letter, digits in (("u", 4), ("U", 8), ("x", 2)):
        here = np.flatnonzero(digit & (sign == ord(letter)))
        if len(here):
            code[here], size[here] = _number(codes, at[here] + 2, digits), digits + 2
    braced = np.flatnonzero((sign == ord("u")) & (codes[at + 2] == ord("{")))
    if len(braced):
        code[braced], digits_ = _until(codes, at[braced] + 3, "}", 6, 16)
        size[braced] = digits_ + 4
    return code, size


def _doubled(codes: Ints, at: Ints, code: Ints) -> tuple[Mask, Mask]:
    """Which backslashes stand for one with the next, and which are that next one: in a run of them
    that ends in an escape, two by two from its start."""
    ends = codes[at + 1] != ord("\\")
    last = np.flatnonzero(ends)
    sizes = np.diff(last, prepend=-1)
    odd = (np.arange(len(at)) - np.repeat(last - sizes + 1, sizes)) % 2 == 1
    escaping = np.repeat(code[last] >= 0, sizes)
    return escaping & ~odd & ~ends, escaping & odd


def entities(codes: Ints) -> Found:
    """`&#NN;`, `&#xXX;`, `&name;`, read as HTML does."""
    at = np.flatnonzero(codes == ord("&"))
    sign, numbered = codes[at + 2], codes[at + 1] == ord("#")
    crossed = at[numbered & (sign | 0x20 == ord("x"))]
    number = at[numbered & (sign >= ord("0")) & (sign <= ord("9"))]
    name = at[~numbered]
    parts = (
        _told(number, 2, _until(codes, number + 2, ";", 7, 10), _referred),
        _told(crossed, 3, _until(codes, crossed + 3, ";", 6, 16), _referred),
        _told(name, 1, _until(codes, name + 1, ";", 8, 128, _LETTERS), _named),
    )
    start, end, code = map(np.concatenate, zip(*parts, strict=True))
    order = np.argsort(start)
    return start[order], end[order], code[order]


def _told(start: Ints, skip: int, inside: tuple[Ints, Ints], read: Callable[[Ints], Ints]) -> Found:
    """Those with a number or name `inside`, which begins behind so many characters."""
    value, size = inside
    whole = np.flatnonzero(size)
    return start[whole], start[whole] + skip + size[whole] + 1, read(value[whole])


def _referred(number: Ints) -> Ints:
    """What HTML takes a number for: itself, but for those that nobody should write."""
    plain = (number >= 0x20) & (number < 0x7F) | (number >= 0xA0) & (number < 0xD800)
    plain |= (number >= 0xE000) & (number < 0xFDD0)
    plain |= (number >= 0x10000) & (number <= _LAST) & (number & 0xFFFF < 0xFFFE)
    number = np.where(number > _LAST, _UNKNOWN, number)
    return np.where(plain, number, _each(number, lambda n: html.unescape(f"&#{n};"), ~plain))


def _named(name: Ints) -> Ints:
    """What is one character, by letters as a number to base 128."""
    known, said = _names()
    place = np.minimum(np.searchsorted(known, name), len(known) - 1)
    named: Ints = np.where(known[place] == name, said[place], -1)
    return named


@cache
def _names() -> tuple[Ints, Ints]:
    """Of at most eight letters, in order, and what they say."""
    names = {
        reduce(lambda number, char: number << 7 | ord(char), name[:-1], 0): ord(said)
        for name, said in html5.items()
        if name[-1] == ";" and name[:-1].isalpha() and len(name) <= 9 and len(said) == 1
    }
    return np.array(sorted(names)), np.array([names[number] for number in sorted(names)])


def _each(values: Ints, read: Callable[[int], str], asked: Mask) -> Ints:
    """What each value asked for reads as, where that is one character; few differ."""
    out = np.full(len(values), -1)
    if asked.any():
        known, place = np.unique(values[asked], return_inverse=True)
        texts = [read(n) if n >= 0 else "" for n in known.tolist()]
        out[asked] = np.array([ord(t) if len(t) == 1 else -1 for t in texts], np.int64)[place]
    return out


def _worths(codes: Ints) -> Worths:
    return _DIGITS[np.minimum(codes, 255)]


def _number(codes: Ints, at: Ints, digits: int) -> Ints:
    """Of so many hexadecimal digits; -1 where there are less."""
    value, whole = np.zeros(len(at), np.int64), np.ones(len(at), np.bool_)
    for place in range(digits):
        worth = _worths(codes[at + place])
        value = value << 4 | worth
        whole &= worth < 16
    return np.where(whole, value, -1)


def spelt(source: View, name: str) -> View:
    """`source` with rows of `U+XXXX`, a blank or comma between two, as the characters they say."""
    codes = padded(source.text)
    at = np.flatnonzero((codes[:-1] == ord("U")) & (codes[1:] == ord("+")))
    size, code = _digits(codes, at + 2, 6)
    at, size, code = at[size >= 4], size[size >= 4], code[size >= 4]
    if not len(at):
        return source
    end = at + 2 + size
    parted = (codes[end] == ord(" ")) | (codes[end] == ord(","))
    goes_on = (at[1:] == end[:-1]) | ((at[1:] == end[:-1] + 1) & parted[:-1])
    first = np.flatnonzero(np.append(True, ~goes_on))
    count = np.diff(first, append=len(at))
    real = np.logical_and.reduceat(_real(code), first) & (count >= 3)
    first, count = first[real], count[real]
    said = code[gathered(first, count)].astype(np.uint32)
    return spliced(source, name, at[first], end[first + count - 1], count, said)


def _digits(codes: Ints, at: Ints, most: int) -> tuple[Ints, Ints]:
    """How many hexadecimal digits stand there, of at most so many, and their number."""
    size, code = np.zeros((2, len(at)), np.int64)
    for place in range(most):
        worth = _worths(codes[at + place])
        more = (size == place) & (worth < 16)
        code = np.where(more, code << 4 | worth, code)
        size += more
    return size, code


def _until(
    codes: Ints, at: Ints, end: str, most: int, base: int, worths: Worths = _DIGITS
) -> tuple[Ints, Ints]:
    """Number and count of at most so many digits that `end` ends; -1 and 0: something else."""
    value, size = np.full(len(at), -1), np.zeros(len(at), np.int64)
    live, so_far = np.arange(len(at)), np.zeros(len(at), np.int64)
    for place in range(most + 1):
        code = codes[at[live] + place]
        ended = live[(code == ord(end)) & (place > 0)]
        value[ended], size[ended] = so_far[ended], place
        worth = worths[np.minimum(code, 255)]
        live, worth = live[worth < base], worth[worth < base]
        so_far[live] = so_far[live] * base + worth
    return value, size
