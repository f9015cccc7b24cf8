"""A view: the same text as a reader or a model would take it, with an exact way back.

A view is made from its source by edits. Outside the edits every character is its own; an edited
piece stands for the whole piece of the source. So `original` of any span is the smallest span of
the first text that contains everything the span was made of, and never cuts an edited piece.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from threegate.types import Span

Piece = tuple[int, int, int, int]
"""Start and end in the view, start and end in its source."""

Edit = tuple[int, int, str]
"""Start and end of what goes, and what comes in its place."""

_START = itemgetter(0)


@dataclass(frozen=True, slots=True)
class View:
    """`pieces` are in order and disjoint. `backwards`: the source read from its end."""

    name: str
    text: str = field(repr=False)
    source: View | None = field(default=None, repr=False)
    pieces: tuple[Piece, ...] = field(default=(), repr=False)
    backwards: bool = False

    def original(self, span: Span) -> Span:
        """The characters of the first text behind `span` (not empty, within the view)."""
        if self.source is None:
            return span
        return self.source.original(self._in_source(span))

    def named(self, name: str) -> View:
        return View(name, self.text, self.source, self.pieces, self.backwards)

    def _in_source(self, span: Span) -> Span:
        if self.backwards:
            return Span(len(self.text) - span.end, len(self.text) - span.start)
        return Span(self._char(span.start).start, self._char(span.end - 1).end)

    def _char(self, index: int) -> Span:
        at = bisect_right(self.pieces, index, key=_START) - 1
        if at < 0:
            return Span(index, index + 1)
        _, end, source_start, source_end = self.pieces[at]
        if index < end:
            return Span(source_start, source_end)
        return Span(source_end + index - end, source_end + index - end + 1)


def raw(text: str) -> View:
    return View("raw", text)


def edited(
    source: View, name: str, pattern: re.Pattern[str], new: Callable[[re.Match[str]], str | None]
) -> View:
    """`source` with every match replaced; where `new` says None the match stays. `source` itself
    when nothing changes."""
    edits = ((*match.span(), new(match)) for match in pattern.finditer(source.text))
    return replaced(source, name, [(s, e, p) for s, e, p in edits if p is not None and s < e])


def replaced(source: View, name: str, edits: Sequence[Edit]) -> View:
    """`source` with `edits` made, which are in order and disjoint; `source` without any."""
    if not edits:
        return source
    text = source.text
    out: list[str] = []
    pieces: list[Piece] = []
    at = length = 0
    for start, end, put in edits:
        out += (text[at:start], put)
        length += start - at
        pieces.append((length, length + len(put), start, end))
        length += len(put)
        at = end
    out.append(text[at:])
    return View(name, "".join(out), source, tuple(pieces))


def removed(source: View, name: str, pattern: re.Pattern[str]) -> View:
    """`source` without the matches, of which none is empty."""
    gone = [match.span() for match in pattern.finditer(source.text)]
    if not gone:
        return source
    lost, pieces = 0, []
    for start, end in gone:
        pieces.append((start - lost, start - lost, start, end))
        lost += end - start
    return View(name, pattern.sub("", source.text), source, tuple(pieces))


def translated(source: View, name: str, table: dict[int, int]) -> View:
    """One character to one character: spans stay."""
    text = source.text.translate(table)
    return source if text == source.text else View(name, text, source)


def reversed_(source: View, name: str) -> View:
    return View(name, source.text[::-1], source, backwards=True)
