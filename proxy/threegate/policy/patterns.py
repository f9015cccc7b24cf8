"""An author's RE2 pattern, applied with CJK-safe edges: the linter and the detector use this one
way.

RE2 has no look-around, so edges are checked on the characters beside a match: with `edges`, an
ASCII letter, digit or underscore may not touch a match that begins or ends with one. Han characters
always may. Spans count code points.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from threegate.types import Span

MAX_PROGRAM_BYTES = 8 << 20
"""RE2's memory for one pattern: its default, enough for `\\d{1,1000}`."""


class PatternError(ValueError):
    """The pattern is not RE2 syntax or too large. The message is RE2's own."""


@dataclass(frozen=True, slots=True)
class Pattern:
    compiled: Any
    edges: bool

    def find(self, text: str) -> Iterator[Span]:
        """Non-overlapping matches from left to right. Empty matches are left out."""
        at = 0
        while (match := self.compiled.search(text, at)) is not None:
            start, end = match.span()
            if start < end and (not self.edges or _free(text, start, end)):
                yield Span(start, end)
                at = end
            else:
                at = start + 1
            if at > len(text):
                return


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str, *, edges: bool = True) -> Pattern:
    """Raises PatternError."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_PROGRAM_BYTES
    try:
        return Pattern(re2.compile(pattern, options=options), edges)
    except re2.error as error:
        raise PatternError(_reason(error)) from None


def _reason(error: Exception) -> str:
    detail = error.args[0] if error.args else "?"
    return detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)


def _free(text: str, start: int, end: int) -> bool:
    before = start > 0 and _word(text[start - 1]) and _word(text[start])
    after = end < len(text) and _word(text[end]) and _word(text[end - 1])
    return not before and not after


def _word(char: str) -> bool:
    return char == "_" or (char.isascii() and char.isalnum())
