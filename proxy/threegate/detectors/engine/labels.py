"""Words near a value that say what it is. All words are searched with one RE2 pattern, because the
search runs at every candidate and dominates its cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import re2

from threegate.normalize import re2_spans
from threegate.normalize.re2_spans import ANYWHERE

MARK = 64
"""Bytes within which one mark stands for all labels."""

_UNSEEN = 4096
"""Most bytes that `marks` assumes to contain labels, after as many that did."""

_SHORT = 4
"""ASCII words up to this length count only as whole words; longer ones also inside identifiers."""


class Labels:
    """A set of labels, matched in upper or lower case. Immutable."""

    def __init__(self, words: list[str]) -> None:
        longest_first = sorted(dict.fromkeys(words), key=len, reverse=True)
        self._any: Any = re2.compile("(?i)" + "|".join(map(_label_pattern, longest_first)))
        self._match = self._any._regexp.Match

    def search(self, text: str) -> bool:
        """Whether a label occurs in `text`."""
        return bool(self.ends(text))

    def ends(self, text: str) -> list[int]:
        """Ends of all labels, in order. It runs at every candidate, and most have none."""
        data: bytes = text.encode()
        found: list[int] = []
        at, size, match = 0, len(data), self._match
        while True:
            start, at = match(ANYWHERE, data, at, size)[0]
            if start < 0:
                return found
            first, end = start, at
            if size > len(text):
                first, end = len(data[:start].decode()), len(data[:at].decode())
            if _is_label(text, first, end):
                found.append(end)

    def marks(self, data: bytes) -> Iterator[int]:
        """Byte offsets such that every label has one within `MARK` bytes: ends of labels, including
        those inside words, and in text full of labels evenly spaced offsets, which saves
        searches."""
        at, unseen = 0, MARK
        while (end := re2_spans.end_of(self._any, data, at)) >= 0:
            unseen = min(2 * unseen, _UNSEEN) if end - at <= MARK else MARK
            yield from range(end, min(end + unseen, len(data) + 1), MARK)
            at = end + unseen


def _label_pattern(word: str) -> str:
    """Field names write a blank as `_`, as `-` or not at all."""
    return str(re2.escape(word)).replace("\\ ", "[ _\\-]?")


def _is_label(text: str, start: int, end: int) -> bool:
    """Short ASCII words count only as whole words."""
    if end - start > _SHORT or not text[start:end].isascii():
        return True
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    return not (before.isascii() and before.isalpha()) and not (after.isascii() and after.isalpha())


def words(*items: str) -> Labels:
    """Labels separated by `|`."""
    return Labels("|".join(items).split("|"))
