"""Where an author's pattern stands in a text: search after search, each match decided by the
`MAX_SPAN` characters from its start. Empty matches are none.

A match costs some microseconds, and hostile text is nothing but matches. So behind the first `MANY`
of a text those that begin near each other are told as one stretch, which one search for every
`_NEAR` characters finds. It covers whatever matches may lie there (docs/decisions/0013).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice

import numpy as np
import re2

from threegate.detectors.custom import pattern_edges, pattern_prefix, pattern_width
from threegate.detectors.engine import byte_patterns
from threegate.detectors.engine.character_arrays import Ints
from threegate.types import Span

MAX_SPAN = 256
MANY = 4096
"""Matches of a text that are told one by one."""

_NEAR = 256
"""Characters from the start of a match in which another one makes them a stretch."""
_REACH = 16 * 1024
"""Bytes behind its start within which a pattern must match; what needs more is no match."""
_STRIDE = 4096
"""Bytes that one search looks at for a start, so that none reads the whole text."""
_WORD = re.compile(rb"[0-9A-Za-z_]*")
_IS_WORD = [_WORD.fullmatch(bytes((code,))) is not None for code in range(256)]

Bytes = tuple[int, int]
"""A span, counted in bytes of UTF-8."""


class PatternMatcher:
    """Of one pattern."""

    def __init__(self, pattern: str, *, edges: bool) -> None:
        self.widest = pattern_width.greatest(pattern, MAX_SPAN)
        self._edges = edges
        self._begin = pattern_prefix.beginnings(pattern)
        self._decisive = byte_patterns.compiled(pattern)
        self._search = re2.compile(pattern_edges.alone(pattern) if edges else pattern)

    def all(self, text: str) -> list[Span]:
        """Every match lies inside one of them."""
        source = _Source(text)
        spans, at = self._first(source)
        if at < len(source.data):
            spans += source.spans(_joined(self._pieces(source, at)))
        return spans

    def first(self, text: str) -> tuple[list[Span], int]:
        """No more than the first `MANY`, and up to where these are all."""
        spans, _ = self._first(_Source(text))
        return spans, spans[-1].end if len(spans) == MANY else len(text)

    def open_from(self, text: str) -> int:
        """Where the earliest match may begin that depends on what follows `text`."""
        low = max(0, len(text) - self.widest - 1)
        if self._begin is None:
            return low
        end = text[low:].encode()
        begin = self._begin(end)
        return len(text) if begin == len(end) else low + len(end[:begin].decode())

    def _first(self, source: _Source) -> tuple[list[Span], int]:
        found = list(islice(self._matches(source), MANY))
        return source.spans(found), found[-1][1] if len(found) == MANY else len(source.data)

    def _matches(self, source: _Source) -> Iterator[Bytes]:
        at = 0
        while (start := self._next(source.data, at)) >= 0:
            end = self._end(source, start)
            if end > start:
                yield start, end
            elif start == len(source.data):
                return
            at = end if end > start else self._behind(source, start)

    def _pieces(self, source: _Source, at: int) -> Iterator[Bytes]:
        """Matches that stand far from others, and stretches. Behind `_NEAR` characters of one the
        search goes on, maybe in the middle of a match: as no match is wider than the pattern, all
        that begin before are covered, and where one may be cut in two the stretch goes on."""
        covered = -1
        while (start := self._next(source.data, at)) >= 0:
            end = start if start <= covered else self._end(source, start)
            if start <= covered or (end > start and self._is_near(source, start, end)):
                at, covered = (source.ahead(start, n) for n in (_NEAR, _NEAR + self.widest))
                yield start, covered
            elif end > start:
                yield start, end
                at = end
            else:
                at = self._behind(source, start)
            if at >= len(source.data):
                return

    def _is_near(self, source: _Source, start: int, end: int) -> bool:
        """Whether another one may begin near the match."""
        return 0 <= self._next(source.data, end) < source.ahead(start, _NEAR)

    def _next(self, data: bytes, at: int) -> int:
        """The first place from `at` on where a match may begin, or -1."""
        for begin in range(at, len(data) + 1, _STRIDE):
            found = self._search.search(data, begin, begin + _STRIDE + _REACH)
            if found and (start := found.start()) < begin + _STRIDE:
                return _character(data, start)
        return -1

    def _end(self, source: _Source, start: int) -> int:
        """Where the match at `start` ends; there itself if none stands alone."""
        data = source.data
        here = self._decisive.match(data[start : source.ahead(start, MAX_SPAN)])
        end = start + (here.end() if here else 0)
        return start if self._edges and (_in_word(data, start) or _in_word(data, end)) else end

    def _behind(self, source: _Source, start: int) -> int:
        """The next place where a match may begin: with edges none does inside a word."""
        word = _WORD.match(source.data, start) if self._edges else None
        return max(word.end() if word else 0, source.ahead(start, 1))


class _Source:
    """A text and its bytes."""

    def __init__(self, text: str) -> None:
        self.data = text.encode()
        self._ascii = len(self.data) == len(text)

    def spans(self, found: Iterable[Bytes]) -> list[Span]:
        rows = list(found)
        if not self._ascii and rows:
            rows = self._places[rows].tolist()
        return [Span(start, end) for start, end in rows]

    def ahead(self, at: int, count: int) -> int:
        """The byte at which the character so many behind the one at `at` begins, or the end."""
        if self._ascii:
            return min(at + count, len(self.data))
        return int(self._begins[min(int(self._places[at]) + count, len(self._begins) - 1)])

    @cached_property
    def _begins(self) -> Ints:
        """The byte at which each character begins, and the end."""
        codes = np.frombuffer(self.data + b".", np.uint8)
        return np.flatnonzero((codes & 0xC0) != 0x80)

    @cached_property
    def _places(self) -> Ints:
        """For every byte the characters that begin before it."""
        places = np.zeros(len(self.data) + 1, np.int64)
        places[self._begins[:-1] + 1] = 1
        return np.cumsum(places)


def _joined(pieces: Iterable[Bytes]) -> Iterator[Bytes]:
    """Those that meet as one."""
    begin = end = -1
    for start, stop in pieces:
        if start > end >= 0:
            yield begin, end
        if start > end:
            begin = start
        end = stop
    if end >= 0:
        yield begin, end


def _character(data: bytes, at: int) -> int:
    """The first character that does not begin before `at`."""
    while at < len(data) and data[at] & 0xC0 == 0x80:
        at += 1
    return at


def _in_word(data: bytes, at: int) -> bool:
    """Whether an ASCII word goes on from before `at` to behind it."""
    return 0 < at < len(data) and _IS_WORD[data[at - 1]] and _IS_WORD[data[at]]
