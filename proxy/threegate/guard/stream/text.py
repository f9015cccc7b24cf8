"""The text of a stream: as the model sent it, and as the client will read it. Pure.

Positions count from the start of the stream. What no scan can reach again is forgotten; without
that a long stream would cost its length squared.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Protocol

from threegate.guard.masking.restore import Restored
from threegate.guard.stream.client_view import ClientView
from threegate.guard.stream.edits import Edit
from threegate.types import Span
from threegate.wire.jsonstrings import JsonStrings

LOOKBEHIND = 64
"""What a pattern may look at before its start: `detectors.base.LOOKBEHIND`, asserted equal in a
test."""

CONTEXT = 400
"""Code points before a sentence that classifiers may see, so that harm spread over sentences is
detected."""

KEPT = 5 * CONTEXT
"""Code points that have been released and are kept, at most while the other frontiers keep up."""

_NEUTRAL = re.compile("[\n。，！？；：、\u4e00-\u9fff]")


class Replacer(Protocol):
    """Replaces parts of a text whatever the rules say: masked values, and the proxy's own keys."""

    def find(self, text: str, base: int, start: int, *, final: bool) -> tuple[list[Restored], int]:
        """Replacements from `start` on, and the position before which no further one can begin.
        `text` begins at `base`; positions count from the start of the whole text."""
        ...


@dataclass(slots=True)
class StreamText:
    """`text` begins at position `base` and ends at `end`; before `replaced` no value can change.
    `strings`: the text is JSON and must remain so."""

    replacers: Sequence[Replacer] = ()
    strings: JsonStrings | None = field(default=None, repr=False)
    text: str = field(default="", init=False, repr=False)
    base: int = field(default=0, init=False)
    end: int = field(default=0, init=False)
    replaced: int = field(default=0, init=False)
    _replaced_by: list[int] = field(init=False)  # the same for each of the replacers
    values: list[Restored] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        self._replaced_by = [0] * len(self.replacers)

    def append(self, text: str) -> None:
        self.text += text
        self.end += len(text)
        if self.strings is not None:
            self.strings.feed(text)

    def replace_values(self, *, final: bool) -> list[Edit]:
        """Applies the replacers to the text that has arrived since the last call."""
        edits: list[Edit] = []
        for at, replacer in enumerate(self.replacers):
            found, self._replaced_by[at] = replacer.find(
                self.text, self.base, self._replaced_by[at], final=final
            )
            for value in found:
                text = self.fitted(value.text, value.span)
                insort(self.values, replace(value, text=text), key=_start_of)
                edits.append(Edit(value.span, text))
        self.replaced = min(self._replaced_by, default=self.end)
        return edits

    def stable(self) -> str:
        """The text up to where a placeholder may still grow."""
        open_ = self.end - self.replaced
        return self.text[:-open_] if open_ else self.text

    def between(self, start: int, end: int) -> str:
        """As the model sent it."""
        return self.text[start - self.base : end - self.base]

    def before(self, at: int, length: int) -> str:
        """The code points before a position as the model sent them, at most `length` and no more
        than are kept."""
        return self.text[max(0, at - length - self.base) : max(0, at - self.base)]

    def view(self, start: int, end: int) -> ClientView:
        """A part as the client will read it."""
        text = self.between(start, end)
        if not self.values:
            return ClientView(text, start)
        first = bisect_left(self.values, start, key=_start_of)
        last = bisect_right(self.values, end, first, key=_end_of)
        return ClientView.of(text, start, self.values[first:last])

    def context(self, at: int) -> str:
        """What classifiers see before a position, as the client will read it."""
        return self.view(max(self.base, at - CONTEXT), at).text

    def fitted(self, text: str, span: Span) -> str:
        """A replacement; in JSON text so that it stays JSON."""
        return text if self.strings is None else self.strings.fitted(text, span.start, span.end)

    def before_number(self, at: int) -> int:
        """A position at which no number of JSON text is cut or continues."""
        return at if self.strings is None else self.strings.before_number(self.text, at, self.base)

    def whole_number(self, span: Span) -> Span:
        """A span, extended to the whole of any number of JSON text that it cuts."""
        if self.strings is None:
            return span
        return Span(*self.strings.whole_number(self.text, span.start, span.end, self.base))

    def scan_start(self, settled: int) -> int:
        """Where a pattern scan begins that must see what lies before `settled`."""
        start = self._neutral_start(settled - LOOKBEHIND - self._shortened(settled))
        at = bisect_right(self.values, start, key=_end_of)
        within = at < len(self.values) and self.values[at].span.start < start
        return self.values[at].span.start if within else start

    def _shortened(self, settled: int) -> int:
        """By how much values are shorter than their placeholders, so that enough of the client's
        text is kept for looking back."""
        near = takewhile(lambda v: v.span.end > settled - CONTEXT, reversed(self.values))
        less = sum(max(0, v.span.end - v.span.start - len(v.text)) for v in near)
        return min(CONTEXT // 2, less)

    def _neutral_start(self, at: int) -> int:
        """A neutral place to begin a scan: after a line break or a Han character, never inside a
        word."""
        at = max(at, self.base) - self.base
        before = self.text[max(0, at - LOOKBEHIND) : at][::-1]
        neutral = _NEUTRAL.search(before)
        return self.base + at - (neutral.start() if neutral else len(before))

    def forget(self, to: int) -> None:
        """Drops what lies before `to`, except what scans and classifiers look back at."""
        keep = to - max(CONTEXT, 2 * LOOKBEHIND)
        if keep - self.base > 4 * CONTEXT:
            self.text = self.text[keep - self.base :]
            self.base = keep
            self.values = [v for v in self.values if v.span.start >= keep]
            if self.strings is not None:
                self.strings.forget(keep)


def _start_of(value: Restored) -> int:
    return value.span.start


def _end_of(value: Restored) -> int:
    return value.span.end
