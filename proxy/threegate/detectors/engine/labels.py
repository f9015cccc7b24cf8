"""Words near a value that say what it is. Many words, one RE2 search: they are looked for at every
candidate, so this is what a candidate costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import re2

from threegate.normalize import re2_spans

MARK = 64
"""Bytes of a text in which one mark is enough for all labels."""

_UNSEEN = 4096
"""Most bytes that are assumed to have labels, after as many that had."""

_SHORT = 4
"""ASCII words up to this length need edges; longer ones are found inside identifiers too."""


class Labels:
    """In any case. Immutable."""

    def __init__(self, words: list[str]) -> None:
        longest_first = sorted(dict.fromkeys(words), key=len, reverse=True)
        self._any: Any = re2.compile("(?i)" + "|".join(map(_written, longest_first)))

    def search(self, text: str) -> bool:
        """Whether one occurs."""
        return next(self.ends(text), -1) >= 0

    def last(self, text: str) -> int:
        """End of the last one, or -1."""
        last = -1
        for last in self.ends(text):  # noqa: B007
            pass
        return last

    def ends(self, text: str) -> Iterator[int]:
        """Ends of all, in order."""
        data = text.encode()
        for start, end in re2_spans.spans(self._any, data):
            if len(data) > len(text):
                start, end = len(data[:start].decode()), len(data[:end].decode())
            if _counts(text, start, end):
                yield end

    def marks(self, data: bytes) -> Iterator[int]:
        """Offsets in UTF-8 such that one lies within `MARK` bytes of every label: ends of labels,
        also of those inside words, and in text full of labels evenly spaced offsets, so that it
        takes few searches."""
        at, unseen = 0, MARK
        while (end := re2_spans.end_of(self._any, data, at)) >= 0:
            unseen = min(2 * unseen, _UNSEEN) if end - at <= MARK else MARK
            yield from range(end, min(end + unseen, len(data) + 1), MARK)
            at = end + unseen


def _written(word: str) -> str:
    """A blank is written `_`, `-` or not at all in the names that data has."""
    return str(re2.escape(word)).replace("\\ ", "[ _\\-]?")


def _counts(text: str, start: int, end: int) -> bool:
    """Short ASCII words only as whole words."""
    if end - start > _SHORT or not text[start:end].isascii():
        return True
    beside = text[max(0, start - 1) : start] + text[end : end + 1]
    return not any(c.isascii() and c.isalpha() for c in beside)


def words(*items: str) -> Labels:
    """Labels separated by `|`."""
    return Labels("|".join(items).split("|"))
