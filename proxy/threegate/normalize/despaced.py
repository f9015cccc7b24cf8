"""The joined view: characters that somebody pulled apart, together again.

身*份*证, `1 3 8 - 1 2 …`, i.g.n.o.r.e, one character a line. Ordinary lists (红、黄、蓝), dates and
decimals stay: natural Chinese marks join only characters that stand alone in a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

import numpy as np
import re2

from threegate.normalize.arrays import Codes, Ints, Mask, codes_of, runs
from threegate.normalize.confusables import MOST, members
from threegate.normalize.re2_spans import found
from threegate.normalize.view import LONG, View, cut, edited, edited_at, removed, rewritten

NAME = "joined"

HAN = "\u3400-\u4dbf\u4e00-\u9fff"
SOFT = " \t\u3000*_\\-.·•・|/\\\\~+^#=&'`\"\u2600-\u27bf\U0001f300-\U0001faff"
_ODD = "*_|~^#·•・"
_SIGN = r"[^\w\n]"

_HAN_GAP = re.compile(rf"(?<=[{HAN}])[{SOFT}]{{1,3}}(?=[{HAN}])")
_WIDE = "\u00a0\u3000"
_WIDE_GAP = re.compile(f"[ \t{_WIDE}]{{2,}}|[{_WIDE}]")
_ODD_GAP = re.compile(rf"(?<=[0-9])[{_ODD}]{{1,2}}(?=[0-9])")
_SEPARATOR = rf"(?P<s>{_SIGN}{{1,2}}|_)"
_HALT = "，。：；、！？"
_BEFORE = rf"(?:^|(?<=[ :,{_HALT}])|(?<=[{HAN}])(?=[!-~]))"


def _many(part: str, least: int) -> str:
    """`part` so often or more, in the order in which `re` tries it: a turn of a loop costs six
    times what the part does, so one turn is sixteen parts."""
    return part * least + rf"(?:{part * 16})*(?:{part}){{0,15}}"


_RUNS = (
    re.compile(rf"(?<![{HAN}])[{HAN}]{_SEPARATOR}{_many(rf'[{HAN}](?P=s)', 2)}[{HAN}](?![{HAN}])"),
    re.compile(rf"(?<![0-9A-Za-z])[!-~]{_SEPARATOR}{_many('[ -~](?P=s)', 1)}[!-~](?![0-9A-Za-z])"),
    re.compile(
        rf"(?m){_BEFORE}[!-~{HAN}](?P<s>\r?\n){_many(rf'[ -~{HAN}{_HALT}](?P=s)', 1)}[!-~{HAN}]$"
    ),
)
_DIGITS = re.compile(rf"(?<![0-9A-Za-z])[0-9]{_many(rf'{_SIGN}{{1,2}}[0-9](?![0-9A-Za-z])', 6)}")

_NO_DIGIT = re.compile("[^0-9]+")
_MARK = r"[^\pL\pN_\n]"
_PARTED = rf"(?:{_MARK}{{1,2}}|_)"
_GATES = {
    _RUNS[0]: rf"[{HAN}]{_PARTED}(?:[{HAN}]{_PARTED}){{2}}[{HAN}]",
    _RUNS[1]: rf"(?:\A|[^0-9A-Za-z])[!-~]{_PARTED}(?:[ -~]{_PARTED})+?[!-~](?:\z|[^0-9A-Za-z])",
    _RUNS[2]: rf"(?m)(?:^|[ :,{_HALT}{HAN}])[!-~{HAN}]\r?\n(?:[ -~{HAN}{_HALT}]\r?\n)+?[!-~{HAN}]$",
    _DIGITS: rf"[0-9](?:{_MARK}{{1,2}}[0-9]){{6}}",
    _HAN_GAP: rf"[{HAN}][{SOFT}]{{1,3}}[{HAN}]",
    _ODD_GAP: rf"[0-9][{_ODD}]{{1,2}}[0-9]",
    _WIDE_GAP: f"[ \t{_WIDE}]{{2}}|[{_WIDE}]",
}
"""RE2 that matches in every text in which the pattern does, and says at little cost that it does
not."""
_CHINESE = (_RUNS[0], _HAN_GAP)
TRIGGERS = (
    rf"\p{{Han}}[{SOFT}]{{1,3}}\p{{Han}}",
    rf"[0-9][{_ODD}]{{1,2}}[0-9]",
    rf"(?:\p{{Han}}{_MARK}{{1,2}}){{3}}\p{{Han}}",
    rf"(?:\b[0-9]{_MARK}{{1,2}}){{6}}[0-9]\b",
    rf"(?:\b[0-9A-Za-z](?:{_MARK}{{1,2}}|_)){{3}}[0-9A-Za-z]\b|(?:[A-Za-z0-9]_){{4}}[A-Za-z0-9]",
    r"(?m)^(?:[0-9A-Za-z\p{Han}]\r?\n){2}[0-9A-Za-z\p{Han}]\r?$",
)
"""RE2; one of them matches in every text that is worth joining."""


_FIRST = {_RUNS[0]: HAN, _RUNS[1]: "!-~", _RUNS[2]: f"!-~{HAN}"}
"""What a run begins with."""
_SPARSE = 64
"""A pattern that is tried at one character in so many costs what it does at every one."""
_SAMPLE = 1 << 12
"""Characters that tell of the others."""
_AHEAD = 5
"""Characters behind the first one of a run that tell of two separators."""


class _Read:
    """A view and what is made once for all patterns that look at it: its text as UTF-8 and as
    codes."""

    def __init__(self, view: View) -> None:
        self.view = view

    @cached_property
    def data(self) -> bytes:
        return self.view.text.encode()

    @cached_property
    def codes(self) -> Codes:
        return codes_of(self.view.text)


def joined(source: View) -> View:
    """`source` itself when nothing stands apart."""
    read = _Read(source)
    for run in _RUNS:
        read = _run(read, run)
    read = _edited(read, _DIGITS, _digits)
    read = _closed(read, _HAN_GAP, HAN, SOFT, 3)
    read = _closed(read, _ODD_GAP, "0-9", _ODD, 2)
    return read.view if read.view is source else _narrowed(read).view


def _run(read: _Read, run: re.Pattern[str]) -> _Read:
    """In a long text arrays say where one may begin, if that is at few places."""
    if not _occurs(run, read):
        return read
    if len(read.view.text) >= LONG and _are_few(_places(read.codes[:_SAMPLE], run), _SAMPLE):
        places = _places(read.codes, run)
        if _are_few(places, len(read.codes)):
            view = edited_at(read.view, NAME, run, _without_separator, places.tolist())
            return _made(read, view)
    return _made(read, edited(read.view, NAME, run, _without_separator))


def _are_few(places: Ints, length: int) -> bool:
    return len(places) * _SPARSE <= length


def _places(codes: Codes, run: re.Pattern[str]) -> Ints:
    """Where a character stands before two separators that are the same, of one sign or of two,
    with another character between."""
    ahead = np.append(codes, np.zeros(_AHEAD, np.uint32))
    first, second, third, fourth, fifth = (ahead[i : i + len(codes)] for i in range(1, _AHEAD + 1))
    twice = (first == fourth) & (second == fifth) & ~_of("0-9A-Za-z", second)
    at = np.flatnonzero(((first == third) | twice)[:-1])
    places: Ints = at[~_of("0-9A-Za-z", codes[at + 1]) & _of(_FIRST[run], codes[at])]
    return places


def _made(read: _Read, view: View) -> _Read:
    return read if view is read.view else _Read(view)


def _edited(read: _Read, pattern: re.Pattern[str], new: Callable[[re.Match[str]], str]) -> _Read:
    if not _occurs(pattern, read):
        return read
    return _made(read, edited(read.view, NAME, pattern, new))


def _occurs(pattern: re.Pattern[str], read: _Read) -> bool:
    if pattern in _CHINESE and read.view.text.isascii():
        return False
    return found(_gates()[pattern], read.data)


@cache
def _gates() -> dict[re.Pattern[str], Any]:
    return {pattern: re2.compile(gate) for pattern, gate in _GATES.items()}


def _closed(read: _Read, gap: re.Pattern[str], beside: str, inside: str, most: int) -> _Read:
    """Without gaps of at most so many characters of the class `inside` between two of `beside`."""
    view = read.view
    if not _occurs(gap, read):
        return read
    if len(view.text) < LONG:
        return _Read(removed(view, NAME, gap))
    codes = read.codes
    start, end = runs(_of(inside, codes))
    inner = (start > 0) & (end < len(codes)) & (end - start <= most)
    start, end = start[inner], end[inner]
    own = _of(beside, codes[start - 1]) & _of(beside, codes[end])
    return _Read(cut(view, NAME, start[own], end[own]))


def _narrowed(read: _Read) -> _Read:
    """With one blank for many, or for a wide one."""
    if len(read.view.text) < LONG:
        return _edited(read, _WIDE_GAP, lambda match: " ")
    start, end = runs(_of(" \t" + _WIDE, read.codes))
    wide = (end - start > 1) | _of(_WIDE, read.codes[start])
    blank = np.full(np.count_nonzero(wide), ord(" "))
    return _Read(rewritten(read.view, NAME, start[wide], end[wide], blank))


def _of(inside: str, codes: Codes) -> Mask:
    return members(inside)[np.minimum(codes, MOST)]


def _without_separator(match: re.Match[str]) -> str:
    """A separator that stands in a character's place parts two words."""
    return match.group()[:: 1 + len(match["s"])].replace(match["s"], " ")


def _digits(match: re.Match[str]) -> str:
    return _NO_DIGIT.sub("", match.group())
