"""A view: the same text as a reader or a model would take it, with an exact way back.

A view is made from its source by edits. Outside the edits every character is its own; an edited
piece stands for the whole piece of the source. So `original` of any span is the smallest span of
the first text that contains everything the span was made of, and never cuts an edited piece.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from threegate.normalize.arrays import Codes, Ints, codes_of, inside, text_of
from threegate.normalize.work import meter
from threegate.types import Span

Edit = tuple[int, int, str]
"""Start and end of what goes, and what comes in its place."""

LONG = 2048
"""Code points from which arrays are cheaper than a match after the other."""


FEW = 32
"""Things of a kind in a text up to which each by itself costs less than arrays of all."""

_NO_PIECES: Ints = np.zeros((4, 0), np.int64)


def _no_pieces() -> Ints:
    return _NO_PIECES


@dataclass(frozen=True, slots=True)
class View:
    """`pieces` are in order and disjoint: their starts and ends in the view, and in its source.
    `backwards`: the source read from its end."""

    name: str
    text: str = field(repr=False)
    source: View | None = field(default=None, repr=False)
    pieces: Ints = field(default_factory=_no_pieces, repr=False, compare=False)
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
        at = int(np.searchsorted(self.pieces[0], index, "right")) - 1
        if at < 0:
            return Span(index, index + 1)
        end, source_start, source_end = self.pieces[1:, at].tolist()
        if index < end:
            return Span(source_start, source_end)
        return Span(source_end + index - end, source_end + index - end + 1)


def raw(text: str) -> View:
    return View("raw", text)


def edited(
    source: View, name: str, pattern: re.Pattern[str], new: Callable[[re.Match[str]], str | None]
) -> View:
    """`source` with every match replaced; where `new` says None the match stays. `source` itself
    when nothing changes. What `new` says hangs on the matched text alone: it is asked once for
    each."""
    starts: list[int] = []
    ends: list[int] = []
    sizes: list[int] = []
    known: dict[str, str | None] = {}
    spend = meter().spend

    def put(match: re.Match[str]) -> str:
        spend()
        old = match.group()
        if old not in known:
            known[old] = new(match) if old else None
        if (said := known[old]) is None:
            return old
        starts.append(match.start())
        ends.append(match.end())
        sizes.append(len(said))
        return said

    text = pattern.sub(put, source.text)
    if not starts:
        return source
    return View(name, text, source, _pieces(*map(np.array, (starts, ends, sizes))))


def edited_at(
    source: View,
    name: str,
    pattern: re.Pattern[str],
    new: Callable[[re.Match[str]], str | None],
    places: Sequence[int],
) -> View:
    """`edited` where a match can say something at these places only, which are in order."""
    starts: list[int] = []
    ends: list[int] = []
    puts: list[str] = []
    known: dict[str, str | None] = {}
    at, spend = 0, meter().spend
    while at < len(places):
        spend()
        place, at = places[at], at + 1
        if match := pattern.match(source.text, place):
            stop, old = match.end(), match.group()
            at = bisect_left(places, stop, at)
            if old not in known:
                known[old] = new(match)
            if (said := known[old]) is not None:
                starts.append(place)
                ends.append(stop)
                puts.append(said)
    return put(source, name, starts, ends, puts)


def replaced(source: View, name: str, edits: Sequence[Edit]) -> View:
    """`source` with `edits` made, which are in order and disjoint; `source` without any."""
    if not edits:
        return source
    starts, ends = [edit[0] for edit in edits], [edit[1] for edit in edits]
    return put(source, name, starts, ends, [edit[2] for edit in edits])


def put(
    source: View, name: str, starts: Sequence[int], ends: Sequence[int], puts: Sequence[str]
) -> View:
    """`replaced`, told by columns: an object for each of thousands of edits costs more than it."""
    if not starts:
        return source
    parts = [""] * (2 * len(puts) + 1)
    parts[::2] = map(source.text.__getitem__, map(slice, [0, *ends], [*starts, None]))
    parts[1::2] = puts
    sizes = np.fromiter(map(len, puts), np.int64, len(puts))
    pieces = _pieces(np.array(starts), np.array(ends), sizes)
    return View(name, "".join(parts), source, pieces)


def removed(source: View, name: str, pattern: re.Pattern[str]) -> View:
    """`source` without the matches, of which none is empty."""
    gone = [match.span() for match in pattern.finditer(source.text)]
    if not gone:
        return source
    start, end = np.array(gone).T
    return View(name, pattern.sub("", source.text), source, _pieces(start, end, 0))


def without(source: View, name: str, gone: Ints) -> View:
    """`source` without these characters, told by their places in order."""
    if not len(gone):
        return source
    first = np.diff(gone, prepend=-2) > 1
    return cut(source, name, gone[first], gone[np.roll(first, -1)] + 1)


def cut(source: View, name: str, start: Ints, end: Ints) -> View:
    """`source` without these stretches, which are in order and disjoint."""
    if not len(start):
        return source
    text = text_of(codes_of(source.text)[~inside(len(source.text), start, end)])
    return View(name, text, source, _pieces(start, end, 0))


def rewritten(source: View, name: str, start: Ints, end: Ints, code: Ints) -> View:
    """`source` with one character in the place of each stretch; they are in order and disjoint."""
    if not len(start):
        return source
    codes = codes_of(source.text).copy()
    codes[start] = code
    text = text_of(codes[~inside(len(codes), start + 1, end)])
    return View(name, text, source, _pieces(start, end, 1))


def spliced(source: View, name: str, start: Ints, end: Ints, size: Ints, codes: Codes) -> View:
    """`source` with so many of these characters in the place of each stretch; they are in order and
    disjoint."""
    if not len(start):
        return source
    pieces = _pieces(start, end, size)
    kept = codes_of(source.text)[~inside(len(source.text), start, end)]
    out = np.empty(len(kept) + len(codes), np.uint32)
    new = inside(len(out), pieces[0], pieces[1])
    out[new], out[~new] = codes, kept
    return View(name, text_of(out), source, pieces)


def _pieces(start: Ints, end: Ints, put: int | Ints) -> Ints:
    """Of edits that put so many characters in the place of each stretch."""
    size = np.broadcast_to(put, start.shape)
    shift = np.cumsum(size - (end - start))
    first = start + np.concatenate(([0], shift[:-1]))
    return np.stack((first, first + size, start, end))


class Letters:
    """One character to one character."""

    def __init__(self, table: Mapping[int, int]) -> None:
        self._table = table

    def read(self, text: str) -> str:
        if len(text) < LONG or text.isascii():
            return text.translate(self._table)
        codes, last = codes_of(text), len(self._known) - 1
        return text_of(np.where(codes < last, self._known[np.minimum(codes, last)], codes))

    @cached_property
    def _known(self) -> Codes:
        known = np.arange(max(self._table) + 2, dtype=np.uint32)
        known[list(self._table)] = list(self._table.values())
        return known


def translated(source: View, name: str, letters: Letters) -> View:
    """Spans stay."""
    text = letters.read(source.text)
    return source if text == source.text else View(name, text, source)


def reversed_(source: View, name: str) -> View:
    return View(name, source.text[::-1], source, backwards=True)
