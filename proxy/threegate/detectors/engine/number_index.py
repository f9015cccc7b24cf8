"""Where a number may begin, computed once per text and shared by all recognizers of numbers.

Runs of digits with only separators between them form a row: a telephone number in groups, a card
number, a column. Every run that is followed by enough digits of its row is a start, and so are the
letters, signs and brackets directly before it. A recognizer gives the `Shape` of its numbers and
gets the matching starts; its pattern decides at each. Ordinary text has few starts, tables and logs
one or two per number.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_letters

import re2

from threegate.normalize.re2_spans import spans
from threegate.normalize.work import meter

DIGITS = "0123456789"
NUMBER = r"[0-9](?:[^0-9]{0,4}[0-9]){5}"
"""RE2; matches in every text that has a start."""
_FEWEST = 6
_SEPARATORS = " \u00a0\u2007\u2009\u202f\u3000-\u2010\u2011\u2012\u2013\u2014./()（）\r\n"
"""Separators that may stand between two digits of one number."""
_WIDEST = 4
"""The most separators in a row: a line break with spaces on both sides."""
_DENSE = re2.compile(NUMBER.replace("{5}", "{5,}"))
"""Finds the parts of a text with enough digits, in one pass of RE2."""
_RUN = re.compile("[0-9]+")
_ROW = re.compile(rf"[0-9]+(?:[{re.escape(_SEPARATORS)}]{{1,{_WIDEST}}}[0-9]+)*+")
"""A row that begins at a run of digits."""
_OPENING = "+(（"
_LETTERS = "letter"
_MOST_LETTERS = 3
_MOST_DIGITS = 20
"""No shape requires more digits, or fewer digits together than this and not any number."""
_JOINTS = frozenset(".-")
_REACH_BEFORE, _SHORT = _MOST_LETTERS + 1, 40
"""Characters before a dense part that matter, and the most of a part whose layout is kept."""
_KEPT_CODES = 0x10000
"""No more than these characters are kept in the table."""


class _Forms(dict[int, str]):
    """What a character becomes in a form: separators and signs stay, all digits are equal, all
    ASCII letters are, and everything else is."""

    def __missing__(self, code: int) -> str:
        if code < _KEPT_CODES:
            self[code] = "?"
        return "?"


_FORM = _Forms(
    {ord(char): char for char in _SEPARATORS + _OPENING}
    | {ord(digit): "0" for digit in DIGITS}
    | {ord(letter): "a" for letter in ascii_letters}
)
Look = tuple[str, int, int]
"""What shapes need to know of a start: its first character, the digits in the rest of its row and
those up to the first separator, both as far as shapes ask."""


@dataclass(frozen=True, eq=False)
class Shape:
    """Numbers of at least `digits` digits, the first `run` to `most` of them without separators,
    that begin with a digit or sign (`+(（`) of `heads`; with `letters` also with one to three ASCII
    letters, possibly followed by a space."""

    digits: int
    heads: str = ""
    run: int = 1
    letters: bool = False
    most: int = sys.maxsize

    def __post_init__(self) -> None:
        assert self.digits <= _MOST_DIGITS
        assert self.most < _MOST_DIGITS or self.most == sys.maxsize
        _SHAPES.append(self)
        _FITTING.clear()

    def fits(self, look: Look) -> bool:
        head, digits, together = look
        heads = self.letters if head == _LETTERS else head in self.heads
        return heads and digits >= self.digits and self.run <= together <= self.most


class _Fitting(dict[Look, Sequence[Shape]]):
    """The shapes that a start fits, by its look; there are some thousand looks."""

    def __missing__(self, look: Look) -> Sequence[Shape]:
        self[look] = fitting = tuple(shape for shape in _SHAPES if shape.fits(look))
        return fitting


_SHAPES: list[Shape] = []
_FITTING = _Fitting()


class NumberIndex:
    """The index of one text. `dense`: `NUMBER` matches in it. `starts`: by shape, the positions at
    which a number of it may begin. The text is read as ASCII with a placeholder for every other
    character, so that byte offsets equal character positions."""

    def __init__(self, text: str) -> None:
        by_look = defaultdict[Look, list[int]](list)
        self.dense = False
        for first, last in spans(_DENSE, text.encode("ascii", "replace")):
            self.dense = True
            begin = first - _REACH_BEFORE if first > _REACH_BEFORE else 0
            layout = _short_layout if last - first <= _SHORT else _layout
            for at, is_letter, following, together in layout(text[begin:last], first - begin):
                head = _LETTERS if is_letter else text[begin + at]
                by_look[head, following, together].append(begin + at)
        self.starts: Mapping[Shape, Sequence[int]] = _by_shape(by_look)


Start = tuple[int, bool, int, int]
"""Its position in a part, whether a letter is there, and the digits of a `Look`."""


def _layout(form: str, first: int) -> tuple[Start, ...]:
    """The starts in a dense part, or in its form, that begins at `first`: they do not depend on
    its digits."""
    found, spend = list[Start](), meter().spend
    for match in _ROW.finditer(form, first):
        if match.end() - match.start() < _FEWEST:
            continue
        row = [run.span() for run in _RUN.finditer(form, *match.span())]
        count = sum([end - start for start, end in row])
        if count >= _FEWEST:
            _add_row(found, form, row, count)
            spend(len(row))
    return tuple(found)


_known_layout = lru_cache(4096)(_layout)
"""Numbers are written in few ways. A form holds no digit and no letter of the text."""


def _short_layout(part: str, first: int) -> tuple[Start, ...]:
    return _known_layout(part.translate(_FORM), first)


def _add_row(found: list[Start], form: str, row: list[tuple[int, int]], count: int) -> None:
    """Adds the starts of a row, except runs that a dot or dash joins to the run before."""
    previous_end = -2
    for start, end in row:
        if count < _FEWEST:
            return
        size = end - start
        if start - previous_end != 1 or form[previous_end] not in _JOINTS:
            following = count if count < _MOST_DIGITS else _MOST_DIGITS
            together = size if size < _MOST_DIGITS else _MOST_DIGITS
            found.append((start, False, following, together))
            for at in _before(form, start):
                found.append((at, form[at] in ascii_letters, following, together))
        count -= size
        previous_end = end


def _before(form: str, start: int) -> Iterable[int]:
    """The letters or signs before a run."""
    before = form[start - 1] if start else ""
    if before and before in _OPENING:
        return range(start - 1, start - 2 - (start > 1 and form[start - 2] in _OPENING), -1)
    end = start - (before == " ")
    if not end or form[end - 1] not in ascii_letters:
        return ()
    window = form[max(0, end - _MOST_LETTERS) : end]
    return range(end - 1, end - 1 - len(window) + len(window.rstrip(ascii_letters)), -1)


def _by_shape(by_look: Mapping[Look, list[int]]) -> Mapping[Shape, Sequence[int]]:
    found = defaultdict[Shape, list[int]](list)
    for look, starts in by_look.items():
        for shape in _FITTING[look]:
            found[shape] += starts
    return found
