"""RE2 over bytes without match objects, because the binding's match objects count their groups
again for every span."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson
import re2

ANYWHERE, _HERE = re2._Anchor.UNANCHORED, re2._Anchor.ANCHOR_START


def keep_utf8(text: str) -> None:
    """Makes each further `text.encode()` a copy, which takes a tenth of the time for Chinese: where
    C code has asked for the UTF-8 of a text, as orjson does, CPython keeps it with the text."""
    if not text.isascii():
        orjson.dumps(text)


def spans(pattern: Any, data: bytes) -> Iterator[tuple[int, int]]:
    """The spans that RE2's `search` finds, at half its cost. The method is looked up once, because
    a near miss costs little more than the look-up."""
    search, size, at = pattern._regexp.Match, len(data), 0
    while True:
        start, end = found = search(ANYWHERE, data, at, size)[0]
        if start < 0:
            return
        yield found
        at = end if end > start else _next(data, end)


def _next(data: bytes, at: int) -> int:
    """The next character, so that an empty match is not found again."""
    at += 1
    while at < len(data) and data[at] & 0xC0 == 0x80:
        at += 1
    return at


def char_spans(pattern: Any, text: str, data: bytes) -> Iterator[tuple[int, int]]:
    """`spans` in characters of `text`, of which `data` is the UTF-8."""
    if len(data) == len(text):
        yield from spans(pattern, data)
        return
    seen = at = 0
    for first, last in spans(pattern, data):
        start = at + len(data[seen:first].decode())
        at, seen = start + len(data[first:last].decode()), last
        yield start, at


def end_of(pattern: Any, data: bytes) -> int:
    """Where the first match of RE2's `pattern` ends, or -1, at a third of the cost of `search`."""
    end: int = pattern._regexp.Match(ANYWHERE, data, 0, len(data))[0][1]
    return end


def start_of(pattern: Any, data: bytes) -> int:
    """Where the first match of RE2's `pattern` begins, or -1."""
    start: int = pattern._regexp.Match(ANYWHERE, data, 0, len(data))[0][0]
    return start


def groups(pattern: Any, data: bytes, at: int) -> Sequence[tuple[int, int]]:
    """Spans of the match of RE2's `pattern` that begins here and of its groups, at half of what its
    `match` costs; (-1, -1): none."""
    spans: Sequence[tuple[int, int]] = pattern._regexp.Match(_HERE, data, at, len(data))
    return spans


def found(pattern: Any, data: bytes) -> bool:
    """Whether RE2's `pattern` matches anywhere."""
    return end_of(pattern, data) >= 0


Matching = Callable[[bytes], Sequence[int]]
"""The numbers of those patterns of a set that match somewhere."""


def matching(patterns: Any) -> Matching:
    """The match function of an RE2 set, without the wrapper around each call."""
    return patterns._set.Match  # type: ignore[no-any-return]
