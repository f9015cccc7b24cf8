"""Where an author's pattern occurs in a text: search after search, each match decided by the
`MAX_SPAN` characters from its start. Empty matches do not count."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from operator import attrgetter

import re2

from threegate.detectors.custom import pattern_prefix
from threegate.detectors.custom.pattern_parts import edged, greatest_width
from threegate.detectors.engine.budget import own_patterns
from threegate.detectors.engine.context import ScanText
from threegate.normalize.work import meter
from threegate.types import Span

MAX_SPAN = 256

_REACH = 16 * 1024
"""Bytes from its start within which a match must end; longer ones do not count."""
_STRIDE = 4096
"""Bytes that one search examines for a start, so that no search reads the whole text."""
_SEARCH = 256
"""Units of work of one search. A large pattern may take half a second, so the budget checks its
clock after each search."""
_ESCAPED = re.compile(r"(?<=\\)[nrt]")
"""In JSON, logs and code the letter of an escape would join the word that follows."""
_WORD = re.compile(rb"[0-9A-Za-z_]*")
_IS_WORD = [_WORD.fullmatch(bytes((code,))) is not None for code in range(256)]


class PatternMatcher:
    """Finds the matches of one pattern. `edges`: no match begins or ends inside an ASCII word."""

    def __init__(self, pattern: str, *, edges: bool) -> None:
        self.widest = greatest_width(pattern, MAX_SPAN)
        self._edges = edges
        self._begin = pattern_prefix.beginnings(pattern)
        self._pattern = re2.compile(pattern)
        self._search = re2.compile(edged(pattern) if edges else pattern)

    def all(self, text: str) -> list[Span]:
        """Every match, in order, without overlaps. Raises BudgetSpentError."""
        with own_patterns(len(text)):
            return self._each(text)

    def _each(self, text: str) -> list[Span]:
        spans = self._all(text)
        if not self._edges or not _ESCAPED.search(text):
            return spans
        apart = self._all(_ESCAPED.sub(r"\\", text))
        return sorted((*spans, *(s for s in apart if not _meets(spans, s))))

    def _all(self, text: str) -> list[Span]:
        view, budget = ScanText(text), meter()
        spans = []
        for start, end in self._matches(view.data):
            budget.found()
            spans.append(Span(view.place(start), view.place(end)))
        return spans

    def open_from(self, text: str) -> int:
        """Where the earliest match may begin that depends on what follows `text`."""
        low = max(0, len(text) - self.widest - 1)
        if self._begin is None:
            return low
        end = text[low:].encode()
        begin = self._begin(end)
        return len(text) if begin == len(end) else low + len(end[:begin].decode())

    def _matches(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Spans in bytes."""
        at, spend = 0, meter().spend
        while (start := self._next(data, at)) >= 0:
            spend(4)
            end = self._end(data, start)
            if end > start:
                yield start, end
            elif start == len(data):
                return
            at = end if end > start else self._next_character(data, start)

    def _next(self, data: bytes, at: int) -> int:
        """The first place from `at` on where a match may begin, or -1."""
        spend = meter().spend
        for begin in range(at, len(data) + 1, _STRIDE):
            spend(_SEARCH)
            found = self._search.search(data, begin, begin + _STRIDE + _REACH)
            if found and (start := found.start()) < begin + _STRIDE:
                return _character(data, start)
        return -1

    def _end(self, data: bytes, start: int) -> int:
        """Where the match at `start` ends; `start` itself if every match is part of a longer
        word."""
        here = self._pattern.match(data[start : _ahead(data, start, MAX_SPAN)])
        end = start + (here.end() if here else 0)
        return start if self._edges and (_in_word(data, start) or _in_word(data, end)) else end

    def _next_character(self, data: bytes, start: int) -> int:
        """The next place where a match may begin; with `edges`, never inside a word."""
        word = _WORD.match(data, start) if self._edges else None
        return max(word.end() if word else 0, _ahead(data, start, 1))


def _meets(spans: list[Span], span: Span) -> bool:
    """Whether the span overlaps one of these spans, which are sorted."""
    at = bisect_left(spans, span.end, key=attrgetter("start"))
    return at > 0 and spans[at - 1].end > span.start


def _ahead(data: bytes, at: int, count: int) -> int:
    """The byte offset `count` characters after `at`, or the end."""
    text = data[at : at + 4 * count].decode(errors="ignore")[:count]
    return min(at + len(text.encode()), len(data)) if text else len(data)


def _character(data: bytes, at: int) -> int:
    """The first character that does not begin before `at`."""
    while at < len(data) and data[at] & 0xC0 == 0x80:
        at += 1
    return at


def _in_word(data: bytes, at: int) -> bool:
    """Whether an ASCII word continues across `at`."""
    return 0 < at < len(data) and _IS_WORD[data[at - 1]] and _IS_WORD[data[at]]
