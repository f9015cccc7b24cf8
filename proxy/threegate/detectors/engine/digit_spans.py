"""Where a text has digits enough for a long number: the stretches that number recognizers look at.

Most text has few digits, and every number pattern that searched all of it would look at each of
them again. The stretches are found once, by one pass of RE2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors.engine import byte_patterns

NUMBER = r"[0-9](?:[^0-9]{0,4}[0-9]){5}"
"""RE2: six digits, not far apart, as every long number has: a line break inside one, with its
blanks, takes four characters at most."""

BEFORE, BEYOND = 6, 24
"""Characters before the first digit at which a number may begin (its letters, a bracket or `+`),
and behind the last one to which letters, brackets and edges may reach."""

DigitSpan = tuple[int, int]
"""First and last character at which a number may begin."""

_spans = byte_patterns.finder(NUMBER.replace("{5}", "{5,}"))


def stretches(text: str, data: bytes, most: int) -> list[DigitSpan] | None:
    """In order, apart; `data` is `text` as UTF-8. None where they have more characters than
    `most`: to find all of them costs more than to look at the whole text by arrays."""
    found: list[DigitSpan] = []
    for first, last in _places(text, data):
        most -= last - first
        if most < 0:
            return None
        start = max(0, first - BEFORE)
        if found and start <= found[-1][1]:
            start = found.pop()[0]
        found.append((start, last))
    return found


def _places(text: str, data: bytes) -> Iterator[DigitSpan]:
    """Characters of the first and the last digit."""
    spans = _spans(data)
    if text.isascii():
        yield from ((first, last - 1) for first, last in spans)
        return
    seen = at = 0
    for first, last in spans:
        at += len(data[seen:first].decode())
        start, seen = at, last
        at += len(data[first:last].decode())
        yield start, at - 1


def within(pattern: re.Pattern[str], text: str, stretch: DigitSpan) -> Iterator[re.Match[str]]:
    """Every start in the stretch at which `pattern` matches, also inside earlier matches."""
    position, last = stretch
    while match := pattern.search(text, position, last + BEYOND):
        if match.start() > last:
            return
        yield match
        position = match.start() + 1
