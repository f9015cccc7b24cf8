"""The table view: every cell behind the head of its column, so that a label in the first line of a
table speaks for all values below it. Markdown, boxes of database shells, CSV, tab-separated lines,
rows behind `COPY t (a, b) FROM stdin`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import re2
from numpy.typing import NDArray

from threegate.normalize.arrays import Bytes, Codes, Ints, Mask, codes_of, gathered
from threegate.normalize.re2_spans import found
from threegate.normalize.table_cells import (
    BARE,
    DIGIT,
    FIRST,
    ODD,
    OTHER,
    QUOTES,
    Cells,
    Columns,
    Reader,
    cells,
    classes_of,
    filled,
    joined,
    sums,
)
from threegate.normalize.view import View

NAME = "table"
_LABEL = r"(?:pass(?:word|wd|phrase|code)?|pwd|密[码碼]|口令)"
TRIGGERS = (
    r"(?m)^[ \t]*\|[^\n]*\|[ \t]*\r?\n[ \t]*\|[ \-:|]{3,}\r?$",
    r"(?m)^[^,;\t\n]+[,;\t][^\n]*\n[^,;\t\n]*[,;\t][^\n]*[0-9]",
    r"-[+|]-",
)
"""RE2; one of them matches in every text with a table of numbers."""
_LETTERED = re2.compile(rf"(?i){_LABEL}[^\n]*\n[^\n]*[,;\t|]")
_FEWEST = 3
"""Letters and digits of the shortest value, the code of a card."""
_RULE = 3
"""Strokes and blanks of a rule."""
_COPY = re.compile(r"(?i)\s*copy [\w.\"]{1,80} ?\((?P<names>[^()\n]{1,400})\) from stdin")
_HEAD = re.compile(r"(?!.*[0-9]{3})[^。；;{}<>=|]{0,40}")
_VALUE = re.compile(r"[0-9A-Za-z+(（][0-9A-Za-z ()（）._@+\-:!#$%&*^~]*[0-9][0-9A-Za-z)）]*")
_SEPARATORS = "|\t,;"
_TAB, _NONE = 1, -1
_BEHIND = "\n  "
"""Ends the last line; blanks so that looking ahead needs no care."""
_COPIED = re.compile(r"\) (?i:from stdin)")
_MOST = 2000
"""Columns times rows of one table that are read so; a longer one is data, not a message."""

_Counts = NDArray[np.int32]


def may_stand(data: bytes) -> bool:
    """Whether there may be a table with passwords of letters in this text."""
    return b"\n" in data and found(_LETTERED, data)


def tabular(source: View) -> View:
    """`source` itself when nothing stands in a table."""
    lines, columns = _lines(source.text), Columns()
    tables = [*_tables(source.text, lines, columns)]
    if not tables:
        return source
    cells = _cells(lines, np.array(tables))
    return filled(source, NAME, Reader(lines.codes, lines.classes), cells, columns)


@dataclass(frozen=True, slots=True)
class _Lines:
    """What arrays tell of all lines but rules and empty ones. `counts`: how often each of
    `_SEPARATORS` stands in a line. `heads`: by which of them, told by its number, a line may be
    the head of a table to which the next one belongs; no line is one without that. `numbered`:
    those with a digit, and letters and digits enough for a value."""

    codes: Codes
    classes: Bytes
    starts: Ints
    ends: Ints
    counts: list[_Counts]
    heads: Ints
    numbered: Mask


_Table = tuple[int, int, int, int, int, bool]
"""Its first row, the line behind its last one, the number of its separator, its first column, how
many columns it has, whether one is of passwords."""


@dataclass(frozen=True, slots=True)
class _Heads:
    """Lines that may be heads, by columns: their number, start, end, `_Lines.heads`, and by
    separator whether as many stand in the next line, and where the rows end. `tabs`: in the next
    line."""

    lines: memoryview
    starts: memoryview
    ends: memoryview
    least: memoryview
    tabs: memoryview
    same: list[memoryview]
    stops: list[memoryview]


def _tables(text: str, lines: _Lines, columns: Columns) -> Iterator[_Table]:
    heads, known = _heads(lines), dict[tuple[str, ...], tuple[int, int, bool]]()
    at, line = 0, 0
    while (at := bisect_left(heads.lines, line, at)) < len(heads.lines):
        line = heads.lines[at] + 1
        if table := _table(text[heads.starts[at] : heads.ends[at]], heads, at):
            sign, names = table
            if names not in known:
                known[names] = columns.add(names)
            stop = min(heads.stops[sign][at], line - (-_MOST // len(names)))
            yield line, stop, sign, *known[names]
            line = stop - 1


def _heads(lines: _Lines) -> _Heads:
    at = np.flatnonzero(lines.heads != _NONE)
    here, below = zip(*((count[at], count[at + 1]) for count in lines.counts), strict=True)
    return _Heads(
        at.data,
        lines.starts[at].data,
        lines.ends[at].data,
        lines.heads[at].data,
        below[_TAB].data,
        [((a > 0) & (a == b)).data for a, b in zip(here, below, strict=True)],
        [_stops(count, at).data for count in lines.counts],
    )


def _stops(count: _Counts, at: Ints) -> Ints:
    """Where the lines end of which each has as many as the one behind these."""
    if not count.any():
        return np.full(len(at), len(count))
    others = np.append(np.flatnonzero(np.diff(count)) + 1, len(count))
    return others[np.searchsorted(others, at + 2)]


def _table(head: str, heads: _Heads, at: int) -> tuple[int, tuple[str, ...]] | None:
    """The separator and the names of columns of the one with this head."""
    if copied := _COPY.match(head):
        names = _names(copied["names"], ",")
        return (_TAB, names) if len(names) == heads.tabs[at] + 1 else None
    for sign in range(heads.least[at], len(_SEPARATORS)):
        if heads.same[sign][at]:
            names = _names(head, _SEPARATORS[sign])
            if any(names) and all(map(_HEAD.fullmatch, names)):
                return sign, names
    return None


def _names(head: str, sign: str) -> tuple[str, ...]:
    return tuple([name.strip(QUOTES) for name in head.split(sign)])


def _cells(lines: _Lines, tables: Ints) -> Cells:
    """Of all rows that may hold a value."""
    first, stop, sign, column, count, secret = tables.T
    row = gathered(first, stop - first)
    table = np.repeat(np.arange(len(tables)), stop - first)
    likely = lines.numbered[row] | (secret[table] > 0)
    row, table = row[likely], table[likely]
    parts = []
    for number in {*sign.tolist()}:
        here = sign[table] == number
        of, signs = table[here], np.flatnonzero(lines.codes == ord(_SEPARATORS[number]))
        start, end = lines.starts[row[here]], lines.ends[row[here]]
        parts.append(cells(start, end, signs, column[of], count[of]))
    return joined(parts)


def _lines(text: str) -> _Lines:
    codes = codes_of(text + _BEHIND)
    classes = classes_of(codes)
    digit = (classes & DIGIT) != 0
    classes[2:][digit[2:] & digit[1:-1] & digit[:-2]] |= ODD
    ends = np.flatnonzero(codes == ord("\n"))
    starts = np.append(0, ends[:-1] + 1)
    have = np.bitwise_or.reduceat(classes, starts)
    kept = _kept(codes, starts, ends, have)
    counted = partial(_counted, starts, kept)
    counts = [counted(codes == ord(sign), sign in text) for sign in _SEPARATORS]
    starts, ends, have = starts[kept], ends[kept], have[kept]
    named = counted((classes & BARE) == 0) - 1
    least = _least(counts, (have & ODD) != 0, named)
    copies = [match.start() for match in _COPIED.finditer(text)]
    least[np.searchsorted(starts, copies, "right") - 1] = 0
    numbered = ((have & DIGIT) != 0) & (counted((classes & FIRST) != 0) >= _FEWEST)
    return _Lines(codes, classes, starts, ends, counts, least[:-1], numbered)


def _kept(codes: Codes, starts: Ints, ends: Ints, have: Bytes) -> Mask:
    """All lines but rules and empty ones."""
    kept = ends > starts
    plain = np.flatnonzero(kept & (have & OTHER == 0))
    if len(plain):
        kept[plain] = ~_rules(codes, starts[plain], ends[plain])
    return kept


def _rules(codes: Codes, starts: Ints, ends: Ints) -> Mask:
    """Which lines of nothing but blanks and strokes are rules: three in a row at least, behind
    blanks that end with a tab if there is one."""
    ends = ends - (codes[ends - 1] == ord("\r"))
    tabs = np.concatenate(([-1], np.flatnonzero(codes == ord("\t"))))
    begins = np.maximum(starts, tabs[np.searchsorted(tabs, ends) - 1] + 1)
    returns, strokes = sums(codes == ord("\r")), sums((codes != ord("\t")) & (codes != ord(" ")))
    rules: Mask = (ends - begins >= _RULE) & (returns[ends] == returns[starts])
    rules &= strokes[begins] == strokes[starts]
    return rules


def _least(counts: list[_Counts], odd: Mask, named: _Counts) -> Ints:
    """`_Lines.heads`: what `_HEAD` asks for, its length aside, and a name that is not empty."""
    bar, tab, _, semicolon = counts
    heads = np.full(len(bar), _NONE)
    for number in reversed(range(len(counts))):
        count = counts[number]
        if not count.any():
            continue
        same = (count > 0) & ~odd
        same[:-1] &= count[1:] == count[:-1]
        same &= (named > count) | (count is tab) & (named > 0)
        same &= ((bar == 0) | (count is bar)) & ((semicolon == 0) | (count is semicolon))
        heads[same] = number
    return heads


def _counted(starts: Ints, kept: Mask, those: Mask, some: bool = True) -> _Counts:
    """How many there are in each of the lines that are kept, if there are some."""
    if not some:
        return np.zeros(np.count_nonzero(kept), np.int32)
    counted: _Counts = np.add.reduceat(those, starts, dtype=np.int32)[kept]
    return counted
