"""Words near a value that say what it is. All words are searched with one RE2 pattern, because the
search runs at every candidate and dominates the cost."""

from __future__ import annotations

from typing import Any

import re2

from threegate.normalize.re2_spans import ANYWHERE

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
        return self.last(text) >= 0

    def last(self, text: str) -> int:
        """Where the last label ends, or -1. It runs at every candidate, and most have none."""
        data: bytes = text.encode()
        last, at, size, match = -1, 0, len(data), self._match
        while True:
            start, at = match(ANYWHERE, data, at, size)[0]
            if start < 0:
                return last if size == len(text) or last < 0 else len(data[:last].decode())
            if _is_label(data, start, at):
                last = at


def _label_pattern(word: str) -> str:
    """Field names write a space as `_`, as `-` or leave it out."""
    return str(re2.escape(word)).replace("\\ ", "[ _\\-]?")


def _is_label(data: bytes, start: int, end: int) -> bool:
    """Short ASCII words count only as whole words."""
    if end - start > _SHORT or not data[start:end].isascii():
        return True
    return not (data[max(0, start - 1) : start].isalpha() or data[end : end + 1].isalpha())


def words(*items: str) -> Labels:
    """Labels separated by `|`."""
    return Labels("|".join(items).split("|"))
