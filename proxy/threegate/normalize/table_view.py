"""The table view: puts the column's name in front of every value, so that a label in the first line
of a table applies to all values below it. Reads Markdown, boxes of database shells, CSV,
tab-separated lines, columns aligned with blanks as data frames and commands print them, rows after
`COPY t (a, b) FROM stdin`, rows of HTML (`<tr><td>`), and `INSERT INTO t (a, b) VALUES (…), (…)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import re2

from threegate.normalize.re2_spans import found
from threegate.normalize.view import Edit, View, replaced
from threegate.normalize.work import meter

NAME = "table"
_LABEL = r"(?:pass(?:word|wd|phrase|code)?|pwd|密[码碼]|口令)"
TRIGGERS = (
    r"(?m)^[ \t]*\|[^\n]*\|[ \t]*\r?\n[ \t]*\|[ \-:|]{3,}\r?$",
    r"(?m)^[^,;\t\n]+[,;\t][^\n]*\n[^,;\t\n]*[,;\t][^\n]*[0-9]",
    r"-[+|]-",
    r"\S  +\S[^\n]*\n[^\n]*(?:[0-9]{7}[^\n]*  |  [^\n]*[0-9]{7})",
    r"(?i)\binsert\s{1,4}(?:ignore\s{1,4})?into\s",
)
"""RE2; one of them matches in every text with a table of numbers."""
_LETTERED = re2.compile(rf"(?i){_LABEL}[^\n]*\n[^\n]*[,;\t|]")
QUOTES = "\"' \t\r"
"""Characters stripped from a cell."""
_MARKS = QUOTES + "\n`[]"
"""Characters stripped from a column's name."""
_RULE = re.compile(r"(?:[ \t]*\t)?[ \-:|+=]{3,}\r?")
"""A line of rules and spaces, which is not a row."""
_STROKES = " \t\r-:|+="
_COPY = re.compile(r"(?i)\s*copy [\w.\"]{1,80} ?\((?P<names>[^()\n]{1,400})\) from stdin")
_INSERT = re.compile(
    r"(?i)\binsert\s{1,4}(?:ignore\s{1,4})?into\s{1,4}[\w.`\"\[\]]{1,80}\s{0,4}"
    r"\((?P<names>[^()]{1,800})\)\s{0,4}values\s{0,4}\("
)
_INSERTED = re.compile(
    r"\s{0,16}(?:N?'(?P<quoted>(?:[^'\\]|\\.|''){0,400})'|(?P<bare>[^,()']{0,200}))\s{0,16}"
    r"(?P<end>,|\)(?:\s{0,4},\s{0,16}\()?)"
)
"""A cell and what ends it: a comma, the end of the row, or the end of all rows."""
_HEAD = re.compile(r"(?!.*[0-9]{3})[^。；;{}<>=|]{0,40}")
"""The name of a column."""
_VALUE = re.compile(r"[0-9A-Za-z+(（][0-9A-Za-z ()（）._@+\-:!#$%&*^~]*[0-9]")
"""A value that may be a personal number or a password with digits."""
_LETTERS = re.compile(r"[A-Za-z][A-Za-z\-]{5,31}(?<!ed)")
"""A password of only letters."""
_SECRET = re.compile(
    r"(?i)(?:.*(?:pass(?:word|wd|phrase|code)|密[码碼]|口令)|\w*_pass|(?:\w*_)?pwd)(?: ?[(（].*)?"
)
"""The name of a column of passwords."""
_SEPARATORS = "|\t,;"
_PRINTED = re.compile(r"[^\s|,;]+(?: [^\s|,;]+)*")
"""A cell of a printed table; two blanks separate it from the next."""
_MOST = 2000
"""Most cells read of one table; a larger table is data, not a message."""


Span = tuple[int, int]


class _Line(NamedTuple):
    """`start`: its first character in the text."""

    start: int
    text: str


class _Table(NamedTuple):
    separator: str
    names: Sequence[str]
    rows: Sequence[_Line]


def may_occur(data: bytes) -> bool:
    """Whether this text (UTF-8) may contain a table with passwords of letters only."""
    return b"\n" in data and found(_LETTERED, data)


def tabular(source: View) -> View:
    """`source` itself when it has no table."""
    lines = [*_lines(source.text)]
    tables = [*_tables(lines)]
    edits = [edit for table in tables for edit in _edits(table)]
    if not tables:
        edits = [*_printed(lines)]
    if inserted := [*_inserted(source.text)]:
        edits = sorted(inserted)  # such a line as header does not make a table
    return replaced(source, NAME, edits)


def _lines(text: str) -> Iterator[_Line]:
    """All lines except empty ones and rules."""
    start, spend = 0, meter().spend
    for line in text.split("\n"):
        spend()
        if line and not (line[0] in _STROKES and _RULE.fullmatch(line)):
            yield _Line(start, line)
        start += len(line) + 1


def _tables(lines: Sequence[_Line]) -> Iterator[_Table]:
    at = 0
    while at + 1 < len(lines):
        if head := _head(lines[at].text, lines[at + 1].text):
            separator, names = head
            stop = _stop(lines, at + 1, separator, len(names))
            yield _Table(separator, names, lines[at + 1 : stop])
            at = stop - 1  # the last row may be the header of another table
        else:
            at += 1


def _head(line: str, below: str) -> tuple[str, Sequence[str]] | None:
    """Separator and names of columns of a table with this head and first row."""
    if copied := _COPY.match(line):
        names = _names(copied["names"], ",")
        return ("\t", names) if len(names) == below.count("\t") + 1 else None
    for separator in _SEPARATORS:
        if 0 < line.count(separator) == below.count(separator):
            names = _names(line, separator)
            if any(names) and all(map(_HEAD.fullmatch, names)):
                return separator, names
    return None


def _names(head: str, separator: str) -> Sequence[str]:
    return [name.strip(_MARKS) for name in head.split(separator)]


def _stop(lines: Sequence[_Line], first: int, separator: str, columns: int) -> int:
    """Index of the line after the last row; all rows have as many cells as the first."""
    count = lines[first].text.count(separator)
    most = min(len(lines), first - (-_MOST // columns))
    rows = range(first + 1, most)
    return next((at for at in rows if lines[at].text.count(separator) != count), most)


def _edits(table: _Table) -> Iterator[Edit]:
    """For each value, the name of its column on a new line replaces the separator and spaces before
    it; a password of letters only is put in quotes."""
    secret = [_SECRET.fullmatch(name) is not None for name in table.names]
    spend = meter().spend
    for row in table.rows:
        start = row.start
        for column, cell in enumerate(row.text.split(table.separator)):
            spend()
            if column < len(secret) and table.names[column]:
                name = f"{chr(10) if column else ''}{table.names[column]}：{{}}"
                yield from _labelled(start, cell, name, column, secret=secret[column])
            start += len(cell) + 1


def _printed(lines: Sequence[_Line]) -> Iterator[Edit]:
    """The same for columns that are aligned with blanks. The first row is the one below the names;
    a table of data frames has one cell more in each, the number of the row."""
    names, spans, rows, spend = list[str](), list[Span](), 0, meter().spend
    for line in lines:
        spend()
        cells = [m.span() for m in _PRINTED.finditer(line.text)]
        if rows < _MOST and names and _are_aligned(spans, cells[-len(names) :], cells):
            rows += len(names)
            yield from _printed_row(line, names, cells)
            continue
        heads = [line.text[start:end] for start, end in cells]
        is_head = len(cells) > 1 and all(map(_HEAD.fullmatch, heads))
        names, spans, rows = (heads, cells, 0) if is_head else ([], [], 0)


def _are_aligned(names: Sequence[Span], values: Sequence[Span], cells: Sequence[Span]) -> bool:
    """Whether each value begins or ends where its name does."""
    if not 0 <= len(cells) - len(names) <= 1:
        return False
    return all(n[0] == v[0] or n[1] == v[1] for n, v in zip(names, values, strict=True))


def _printed_row(line: _Line, names: Sequence[str], cells: Sequence[Span]) -> Iterator[Edit]:
    ends = [0, *[end for _, end in cells]][-len(names) - 1 :]
    for name, end, (start, stop) in zip(names, ends, cells[-len(names) :], strict=False):
        secret = _SECRET.fullmatch(name) is not None
        label = f"{chr(10) if end else ''}{name}：{{}}"
        value = line.text[start:stop]
        yield from _named(line.start + end, line.start + start, value, label, secret=secret)


def _inserted(text: str) -> Iterator[Edit]:
    """The same for the rows of SQL statements."""
    spend = meter().spend
    for head in _INSERT.finditer(text):
        names, at, column = _names(head["names"], ","), head.end(), 0
        for _ in range(_MOST):
            spend()
            if column == len(names) or not (cell := _INSERTED.match(text, at)):
                break
            name, value = names[column], cell["quoted"] or cell["bare"] or ""
            begin = cell.start("quoted" if cell["quoted"] else "bare")
            secret = _SECRET.fullmatch(name) is not None
            yield from _named(at, begin, value, f"\n{name}：{{}}", secret=secret)
            at, column = cell.end(), column + 1
            if cell["end"] != ",":
                column = 0 if len(cell["end"]) > 1 else len(names)


def _labelled(start: int, cell: str, name: str, column: int, *, secret: bool) -> Iterator[Edit]:
    value = cell.lstrip(QUOTES)
    begin = start + len(cell) - len(value)
    yield from _named(start - bool(column), begin, value, name, secret=secret)


def _named(place: int, begin: int, value: str, name: str, *, secret: bool) -> Iterator[Edit]:
    if _VALUE.match(value):
        yield place, begin, name.format("")
    elif secret and _LETTERS.fullmatch(letters := value.rstrip(QUOTES)):
        yield place, begin, name.format('"')
        yield begin + len(letters), begin + len(letters), '"'
