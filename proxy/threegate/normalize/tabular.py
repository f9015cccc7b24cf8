"""The table view: every cell behind the head of its column, so that a label in the first line of a
table speaks for all values below it. Markdown, boxes of database shells, CSV, tab-separated lines,
rows behind `COPY t (a, b) FROM stdin`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import re2

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
_LINE = re.compile(r"[^\n]+")
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
_MOST = 2000
"""Columns times rows of one table that are read so; a longer one is data, not a message."""

Cells = list[tuple[int, int]]


def may_stand(text: str) -> bool:
    """Whether there may be a table with passwords of letters."""
    return "\n" in text and _LETTERED.search(text) is not None


def tabular(source: View) -> View:
    """`source` itself when nothing stands in a table."""
    return replaced(source, NAME, list(_edits(source.text)))


def _edits(text: str) -> Iterator[Edit]:
    heads: list[str] = []
    sign, left = "", 0
    lines = [m.span() for m in _LINE.finditer(text) if not _RULE.fullmatch(m.group())]
    for above, line in pairwise(lines):
        row = _cells(text, line, sign) if sign else []
        if len(row) != len(heads) or not row or left <= 0:
            sign, heads = _head(text, above, line)
            left = _MOST
            row = _cells(text, line, sign) if sign else []
        left -= len(row)
        yield from _behind(text, line[0], row, heads)


def _head(text: str, above: tuple[int, int], line: tuple[int, int]) -> tuple[str, list[str]]:
    """The separator and the names of the columns if `above` is a table's first line."""
    if copied := _COPY.match(text, *above):
        names = [name.strip(_QUOTES) for name in copied["names"].split(",")]
        return ("\t", names) if len(names) == len(_cells(text, line, "\t")) else ("", [])
    for sign in _SEPARATORS:
        cells = _cells(text, above, sign)
        names = [text[s:e].strip(_QUOTES) for s, e in cells]
        same = len(cells) > 1 and len(cells) == len(_cells(text, line, sign))
        if same and any(names) and all(map(_HEAD.fullmatch, names)):
            return sign, names
    return "", []


def _cells(text: str, line: tuple[int, int], sign: str) -> Cells:
    cells, at = [], line[0]
    for part in text[line[0] : line[1]].split(sign):
        cells.append((at, at + len(part)))
        at += len(part) + 1
    return cells


def _behind(text: str, at: int, row: Cells, heads: list[str]) -> Iterator[Edit]:
    """The separator and blanks before each value that might be somebody's, replaced; a password of
    letters alone in quotes."""
    for (start, end), head in zip(row, heads, strict=True):
        first = start + len(text[start:end]) - len(text[start:end].lstrip(_QUOTES))
        last = max(first, start + len(text[start:end].rstrip(_QUOTES)))
        put = f"\n{head}：" if start > at else f"{head}："
        if head and _VALUE.match(text, first, end):
            yield max(at, start - 1), first, put
        elif _SECRET.fullmatch(head) and _LETTERS.fullmatch(text, first, last):
            yield max(at, start - 1), first, put + '"'
            yield last, last, '"'
