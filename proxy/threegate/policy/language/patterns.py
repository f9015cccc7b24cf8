"""An author's RE2 pattern, applied with CJK-safe edges by both the linter and the detector.

RE2 has no look-around, so edges are checked on the characters around a match: with `edges`, an
ASCII letter, digit or underscore may not touch a match that begins or ends with one. Han characters
may. Spans count code points.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from threegate.i18n.catalog import texts
from threegate.policy.model import CheckDigits, agree
from threegate.types import Bilingual, Span

MAX_PROGRAM_BYTES = 8 << 20
"""RE2's memory for one pattern: its default, enough for `\\d{1,1000}`."""
MAX_KEPT = 64
"""Patterns that stay compiled besides those of policies in use; each may grow to that size."""


SAYINGS = texts("vocabulary", "re2")
"""RE2's complaint. After a colon its message quotes the offending part of the pattern."""
_OTHER = Bilingual("RE2 不能编译", "RE2 cannot compile it")


class PatternError(ValueError):
    """The pattern is not valid RE2 or is too large."""

    def __init__(self, text: Bilingual) -> None:
        super().__init__(text.en)
        self.text = text


@dataclass(frozen=True, slots=True)
class Pattern:
    compiled: Any
    edges: bool
    check_digits: CheckDigits | None = None

    def find(self, text: str) -> Iterator[Span]:
        """Non-overlapping matches from left to right with valid check digits. Empty matches are
        left out."""
        for span in self._matches(text):
            if agree(self.check_digits, text[span.start : span.end]):
                yield span

    def _matches(self, text: str) -> Iterator[Span]:
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


@lru_cache(maxsize=MAX_KEPT)
def compile_pattern(
    pattern: str, *, edges: bool = True, check_digits: CheckDigits | None = None
) -> Pattern:
    """Raises PatternError."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_PROGRAM_BYTES
    try:
        return Pattern(re2.compile(pattern, options=options), edges, check_digits)
    except re2.error as error:
        raise PatternError(_re2_error(error)) from None


def _re2_error(error: Exception) -> Bilingual:
    detail = error.args[0] if error.args else ""
    detail_text = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
    complaint, _, part = detail_text.partition(": ")
    words = SAYINGS.get(complaint, _OTHER)
    if not part:
        return words
    return Bilingual(f"{words.zh}：{part}", f"{words.en}: {part}")


def _free(text: str, start: int, end: int) -> bool:
    before = start > 0 and _word(text[start - 1]) and _word(text[start])
    after = end < len(text) and _word(text[end]) and _word(text[end - 1])
    return not before and not after


def _word(char: str) -> bool:
    return char == "_" or (char.isascii() and char.isalnum())
