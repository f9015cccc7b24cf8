"""A view: the text as a reader or a model would understand it, with an exact mapping back.

A view is made from its source by edits. Characters outside the edits map one to one; an edited
piece maps to the whole piece of the source that it replaced. So `original` of a span is the
smallest span of the first text that contains everything the span was made of, and never cuts an
edited piece.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import NamedTuple

from threegate.normalize.work import meter
from threegate.types import Span, frozen

Edit = tuple[int, int, str]
"""Start and end of the replaced text, and its replacement."""
Ints = Sequence[int]


class Pieces(NamedTuple):
    """Edited pieces as columns, in order and disjoint: start and end in the view, and start and end
    in its source."""

    starts: Ints
    ends: Ints
    source_starts: Ints
    source_ends: Ints


LONG, NEAR = 4096, 256
"""Length from which a view may be reduced to the context of its edits, and how many characters of
context are kept: labels and the longest signatures fit into it."""
_NO_PIECES = Pieces((), (), (), ())


@frozen
class View:
    """`pieces`: the edited pieces. `backwards`: the text is the source reversed."""

    name: str
    text: str = field(repr=False)
    source: View | None = field(default=None, repr=False)
    pieces: Pieces = field(default=_NO_PIECES, repr=False, compare=False)
    backwards: bool = False

    def original(self, span: Span) -> Span:
        """The span of the first text that `span` was made of (`span` is not empty and within the
        view)."""
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
        at = bisect_right(self.pieces.starts, index) - 1
        if at < 0:
            return Span(index, index + 1)
        end, source_end = self.pieces.ends[at], self.pieces.source_ends[at]
        if index < end:
            return Span(self.pieces.source_starts[at], source_end)
        return Span(source_end + index - end, source_end + index - end + 1)


def raw(text: str) -> View:
    return View("raw", text)


New = Callable[[re.Match[str]], str | None]
"""The replacement of a match, which depends only on its text; None keeps it."""


def edited(source: View, name: str, pattern: re.Pattern[str], new: New) -> View:
    """`source` with every match replaced by what `new` returns, which is called once for a text;
    `source` itself when nothing changes."""
    return _edited(source, name, pattern.finditer(source.text), new)


def edited_at(
    source: View, name: str, pattern: re.Pattern[str], new: New, places: Sequence[int]
) -> View:
    """`edited`, but tries `pattern` only at these positions, which are in ascending order."""
    return _edited(source, name, _matches_at(pattern, source.text, places), new)


def _matches_at(
    pattern: re.Pattern[str], text: str, places: Sequence[int]
) -> Iterator[re.Match[str]]:
    at, spend = 0, meter().spend
    while at < len(places):
        spend()
        match = pattern.match(text, places[at])
        at += 1
        if match:
            yield match
            at = bisect_left(places, match.end(), at)


_COUNTED = 16
"""Matches counted as one batch of work."""


def _edited(source: View, name: str, matches: Iterable[re.Match[str]], new: New) -> View:
    starts, ends, puts = list[int](), list[int](), list[str]()
    known: dict[str, str | None] = {}
    spend = meter().spend
    for n, match in enumerate(matches):
        if not n % _COUNTED:
            spend(_COUNTED)
        old = match.group()
        if old in known:
            replacement = known[old]
        else:
            replacement = known[old] = new(match) if old else None
        if replacement is not None:
            start, end = match.span()
            starts.append(start)
            ends.append(end)
            puts.append(replacement)
    return _put(source, name, starts, ends, puts)


def replaced(source: View, name: str, edits: Sequence[Edit]) -> View:
    """`source` with `edits` applied, which are in order and disjoint; `source` itself without
    edits."""
    return _put(source, name, *zip(*edits, strict=True)) if edits else source


def _put(source: View, name: str, starts: Ints, ends: Ints, puts: Sequence[str]) -> View:
    if not starts:
        return source
    parts = [""] * (2 * len(puts) + 1)
    parts[::2] = map(source.text.__getitem__, map(slice, [0, *ends], [*starts, None]))
    parts[1::2] = puts
    return View(name, "".join(parts), source, _pieces(starts, ends, [*map(len, puts)]))


def removed(source: View, name: str, pattern: re.Pattern[str]) -> View:
    """`source` without the matches of `pattern`, which never matches empty text."""
    gone = [match.span() for match in pattern.finditer(source.text)]
    if not gone:
        return source
    meter().spend(len(gone))
    starts, ends = zip(*gone, strict=True)
    return View(name, pattern.sub("", source.text), source, _pieces(starts, ends, [0] * len(gone)))


def _pieces(starts: Ints, ends: Ints, sizes: Ints) -> Pieces:
    """The pieces of edits whose replacements have these `sizes`."""
    firsts, lasts, shift = array("q"), array("q"), 0
    for start, end, size in zip(starts, ends, sizes, strict=True):
        firsts.append(start + shift)
        lasts.append(start + shift + size)
        shift += size - (end - start)
    return Pieces(firsts, lasts, array("q", starts), array("q", ends))


Letters = Mapping[int, int]
"""Maps one character to one character, by code points."""


def translated(source: View, name: str, letters: Letters) -> View:
    """`source` with characters replaced one by one; spans do not change."""
    text = source.text.translate(letters)
    return source if text == source.text else View(name, text, source)


def focused(view: View, base: View) -> View:
    """`view` without the text that is far from all edits since `base`, a line break in its place.
    There the view equals `base`, which is scanned anyway. Returns `view` unchanged if it is short,
    reversed, or has edits all over."""
    if len(view.text) < LONG or view is base or view.backwards:
        return view
    gaps = [(start, end, "\n") for start, end in _far(view, _touched(view, base)) if end > start]
    left_out = sum(end - start for start, end, _ in gaps)
    return replaced(view, view.name, gaps) if left_out > len(view.text) // 2 else view


def _touched(view: View, base: View) -> list[tuple[int, int]]:
    """The spans of `view` that edits since `base` have changed, in order."""
    if view is base or view.source is None:
        return []
    pieces = view.pieces
    before = [(_forward(pieces, a), _forward(pieces, b)) for a, b in _touched(view.source, base)]
    own = zip(pieces.starts, pieces.ends, strict=True) if pieces.starts else _differing(view)
    return sorted([*before, *own])


def _differing(view: View) -> Iterator[tuple[int, int]]:
    """The blocks of a view, as long as its source, in which characters differ from the source."""
    text, source = view.text, "" if view.source is None else view.source.text
    for at in range(0, len(text), NEAR):
        if text[at : at + NEAR] != source[at : at + NEAR]:
            yield at, min(at + NEAR, len(text))


def _forward(pieces: Pieces, at: int) -> int:
    """The position in the view that corresponds to a position of the source."""
    i = bisect_right(pieces.source_starts, at) - 1
    if i < 0:
        return at
    return pieces.ends[i] + max(0, at - pieces.source_ends[i])


def _far(view: View, touched: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The spans outside the context of all edits. Boundaries are looked for only where edits lie
    apart: a text may have an edit at every character."""
    reached = 0
    for first, last in touched:
        if first - NEAR > reached and first - NEAR > (end := _boundary(view.text, reached, 1)):
            yield end, _boundary(view.text, first - NEAR, -1)
        reached = max(reached, last + NEAR)
    yield _boundary(view.text, reached, 1), len(view.text)


def _boundary(text: str, at: int, step: int) -> int:
    """The next position in this direction that does not split a word or number."""
    for place in range(at, at + step * NEAR, step):
        if not 0 < place < len(text):
            break
        if not (text[place - 1].isascii() and text[place].isascii()) or text[place].isspace():
            return place
    return max(0, min(at, len(text)))


def first_source(view: View) -> View:
    """The text from which a view was derived, through all its sources."""
    while view.source is not None:
        view = view.source
    return view


def reversed_(source: View, name: str) -> View:
    return View(name, source.text[::-1], source, backwards=True)
