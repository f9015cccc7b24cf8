"""The table view: every cell behind the head of its column, so that a label in the first line of a
table speaks for all values below it. Markdown, boxes of database shells, CSV, tab-separated lines,
rows behind `COPY t (a, b) FROM stdin`.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import re2
from numpy.typing import NDArray

from threegate.normalize.arrays import Codes, Ints, Mask, codes_of
from threegate.normalize.view import Edit, View, replaced

NAME = "table"
_LABEL = r"(?:pass(?:word|wd|phrase|code)?|pwd|密[码碼]|口令)"
TRIGGERS = (
    r"(?m)^[ \t]*\|[^\n]*\|[ \t]*\r?\n[ \t]*\|[ \-:|]{3,}\r?$",
    r"(?m)^[^,;\t\n]+[,;\t][^\n]*\n[^,;\t\n]*[,;\t][^\n]*[0-9]",
    r"-[+|]-",
)
"""RE2; one of them matches in every text with a table of numbers."""
_LETTERED = re2.compile(rf"(?i){_LABEL}[^\n]*\n[^\n]*[,;\t|]")
_RULE = re.compile(r"(?:[ \t]*\t)?[ \-:|+=]{3,}+\r?")
"""Blanks in two ways would take the square of their number."""
_COPY = re.compile(r"(?i)\s*copy [\w.\"]{1,80} ?\((?P<names>[^()\n]{1,400})\) from stdin")
_HEAD = re.compile(r"(?!.*[0-9]{3})[^。；;{}<>=|]{0,40}")
_VALUE = re.compile(r"[0-9A-Za-z+(（][0-9A-Za-z ()（）._@+\-:!#$%&*^~]*[0-9][0-9A-Za-z)）]*")
_SECRET = re.compile(
    r"(?i)(?:.*(?:pass(?:word|wd|phrase|code)|密[码碼]|口令)|\w*_pass|(?:\w*_)?pwd)(?: ?[(（].*)?"
)
_LETTERS = re.compile(r"[A-Za-z][A-Za-z\-]{5,31}(?<!ed)")
_QUOTES = "\"' \t\r"
_SEPARATORS = "|\t,;"
_TAB, _NONE = 1, -1
_ODD, _BARE, _RULED, _DIGIT, _FIRST, _INSIDE, _BEFORE = (1 << bit for bit in range(7))
_CLASSES = np.zeros(1 << 16, np.uint8)
"""By code point: in no head, whatever separates it; stripped off a cell; in a rule; a digit; first
in a value; inside one; before one, blanks aside."""
for _bit, _chars in (
    (_ODD, "。；{}<>="),
    (_BARE, _QUOTES),
    (_RULED, " \t\r\n-:|+="),
    (_DIGIT, string.digits),
    (_FIRST, string.digits + string.ascii_letters + "+(（"),
    (_INSIDE, string.digits + string.ascii_letters + " ()（）._@+-:!#$%&*^~"),
    (_BEFORE, _QUOTES + _SEPARATORS + "\n"),
):
    _CLASSES[[*map(ord, _chars)]] |= _bit
_COPIED = re.compile(r"\) (?i:from stdin)")
_MOST = 2000
"""Columns times rows of one table that are read so; a longer one is data, not a message."""

_Counts = NDArray[np.int32]


def may_stand(text: str) -> bool:
    """Whether there may be a table with passwords of letters."""
    return "\n" in text and _LETTERED.search(text) is not None


def tabular(source: View) -> View:
    """`source` itself when nothing stands in a table."""
    return replaced(source, NAME, list(_edits(source.text)))


@dataclass(frozen=True, slots=True)
class _Lines:
    """What arrays tell of all lines but rules and empty ones. `signs`: how often each of
    `_SEPARATORS` stands in a line. `others`: the lines in which it does so more or less often than
    in the one before, and their end. `heads`: by which of them, told by its number, a line may be
    the head of a table to which the next one belongs; no line is one without that. `numbered`:
    those of which a cell may hold a value with digits."""

    starts: Ints
    ends: Ints
    signs: list[_Counts]
    others: list[Ints]
    heads: Ints
    numbered: Ints

    def text(self, text: str, line: int) -> str:
        return text[self.starts[line] : self.ends[line]]

    def rows(self, table: _Table, above: int) -> range:
        """Those of the table whose head is `above`."""
        other = self.others[table.sign]
        last = int(other[np.searchsorted(other, above + 2)])
        return range(above + 1, min(last, above + 1 + -(-_MOST // len(table.columns))))

    def told(self, table: _Table, rows: range) -> Iterator[tuple[int, bool]]:
        """The rows that may hold a value, and whether one with digits."""
        low, high = np.searchsorted(self.numbered, (rows.start, rows.stop))
        numbered = self.numbered[low:high].tolist()
        if not table.secret:
            return ((line, True) for line in numbered)
        known = frozenset(numbered)
        return ((line, line in known) for line in rows)


@dataclass(frozen=True, slots=True)
class _Table:
    """`sign`: number of its separator. `columns`: names, and whether they are of passwords.
    `secret`: whether one is."""

    sign: int
    columns: list[tuple[str, bool]]
    secret: bool


_NO_TABLE = _Table(_NONE, [], False)


def _edits(text: str) -> Iterator[Edit]:
    lines, above = _lines(text), 0
    heads = np.flatnonzero(lines.heads != _NONE)
    while (at := np.searchsorted(heads, above)) < len(heads):
        above = int(heads[at])
        table = _table(text, lines, above)
        if table is _NO_TABLE:
            above += 1
            continue
        rows = lines.rows(table, above)
        for line, numbered in lines.told(table, rows):
            start = int(lines.starts[line])
            yield from _row(start, lines.text(text, line), table, numbered=numbered)
        above = rows.stop - 1


def _table(text: str, lines: _Lines, above: int) -> _Table:
    """The one of which `above` is the first line."""
    head, signs = lines.text(text, above), lines.signs
    if copied := _COPY.match(head):
        names = [name.strip(_QUOTES) for name in copied["names"].split(",")]
        same = len(names) == signs[_TAB][above + 1] + 1
        return _named(_TAB, names) if same else _NO_TABLE
    for sign in range(int(lines.heads[above]), len(_SEPARATORS)):
        if 0 < signs[sign][above] == signs[sign][above + 1]:
            names = [name.strip(_QUOTES) for name in head.split(_SEPARATORS[sign])]
            if any(names) and all(map(_HEAD.fullmatch, names)):
                return _named(sign, names)
    return _NO_TABLE


def _named(sign: int, names: list[str]) -> _Table:
    columns = [(name, _SECRET.fullmatch(name) is not None) for name in names]
    return _Table(sign, columns, any(secret for _, secret in columns))


def _row(start: int, line: str, table: _Table, *, numbered: bool) -> Iterator[Edit]:
    """The separator and blanks before each value that might be somebody's, replaced; a password of
    letters alone in quotes."""
    at, parts = start, line.split(_SEPARATORS[table.sign])
    for part, (name, secret) in zip(parts, table.columns, strict=True):
        if part and name and (secret or numbered):
            value = part.lstrip(_QUOTES)
            quote = _quote(value, secret=secret)
            if quote is not None:
                first, behind = at + len(part) - len(value), "\n" if at > start else ""
                yield max(start, at - 1), first, f"{behind}{name}：{quote}"
                if quote:
                    last = first + len(value.rstrip(_QUOTES))
                    yield last, last, quote
        at += len(part) + 1


def _quote(value: str, *, secret: bool) -> str | None:
    """What stands around a value; None: it is none."""
    if _VALUE.match(value):
        return ""
    return '"' if secret and _LETTERS.fullmatch(value.rstrip(_QUOTES)) else None


def _lines(text: str) -> _Lines:
    codes = codes_of(text)
    classes = _CLASSES[np.minimum(codes, len(_CLASSES) - 1)]
    starts, ends = _spans(text, codes, (classes & _RULED) == 0)
    counted = partial(_counted, starts, ends)
    signs = [counted(codes == ord(sign)) for sign in _SEPARATORS]
    digit = (classes & _DIGIT) != 0
    odd = (classes & _ODD) != 0
    odd[2:] |= digit[2:] & digit[1:-1] & digit[:-2]
    heads = _heads(signs, counted(odd) > 0, counted((classes & _BARE) == 0))
    copies = [match.start() for match in _COPIED.finditer(text)]
    heads[np.searchsorted(starts, copies, "right") - 1] = 0
    numbered = np.flatnonzero(counted(_numbers(codes, classes)))
    others = [np.append(np.flatnonzero(np.diff(n)) + 1, len(n)) for n in signs]
    return _Lines(starts, ends, signs, others, heads[:-1], numbered)


def _numbers(codes: Codes, classes: NDArray[np.uint8]) -> Mask:
    """Digits in what `_VALUE` may match, of all that stands in a cell first."""
    solid = np.flatnonzero(codes != ord(" "))
    kinds = classes[solid]
    edges = np.where(kinds & _INSIDE, -1, np.arange(len(kinds)))
    digits = np.flatnonzero(kinds & _DIGIT)
    before = np.maximum.accumulate(edges)[digits]
    begins = (before < 0) | ((kinds[before] & _BEFORE) != 0)
    fits = begins & ((kinds[before + 1] & _FIRST) != 0) & (before + 1 < digits)
    numbers = np.zeros(len(codes), np.bool_)
    numbers[solid[digits[fits]]] = True
    return numbers


def _spans(text: str, codes: Codes, other: Mask) -> tuple[Ints, Ints]:
    """Of all lines but rules and empty ones; `other`: what stands in no rule."""
    breaks = np.flatnonzero(codes == ord("\n"))
    bounds = np.concatenate(([-1], breaks, [len(codes)]))
    starts, ends = bounds[:-1] + 1, bounds[1:]
    kept = ends > starts
    plain = _counted(starts, ends, other) == 0
    for line in np.flatnonzero(plain & kept).tolist():
        kept[line] = not _RULE.fullmatch(text, starts[line], ends[line])
    return starts[kept], ends[kept]


def _heads(signs: list[_Counts], odd: Mask, named: _Counts) -> Ints:
    """`_Lines.heads`: what `_HEAD` asks for, its length aside, and a name that is not empty."""
    bar, tab, _, semicolon = signs
    heads = np.full(len(bar), _NONE)
    for number in reversed(range(len(signs))):
        count = signs[number]
        same = (count > 0) & ~odd
        same[:-1] &= count[1:] == count[:-1]
        same &= (named > count) | (count is tab) & (named > 0)
        same &= ((bar == 0) | (count is bar)) & ((semicolon == 0) | (count is semicolon))
        heads[same] = number
    return heads


def _counted(starts: Ints, ends: Ints, mask: Mask) -> _Counts:
    """How many there are in each stretch."""
    sums = np.zeros(len(mask) + 1, np.int32)
    np.cumsum(mask, dtype=np.int32, out=sums[1:])
    counted: _Counts = sums[ends] - sums[starts]
    return counted
