"""The edits of a streamed text: the spans to replace, disjoint and in order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from threegate.types import Span, frozen


@frozen
class Edit:
    """Positions count from the start of the stream."""

    span: Span
    text: str = field(repr=False)


@dataclass(slots=True)
class Edits:
    """An answer may consist entirely of values, so edits are found by binary search."""

    _edits: list[Edit] = field(default_factory=list, repr=False)

    def __bool__(self) -> bool:
        return bool(self._edits)

    def add(self, edit: Edit) -> None:
        """Adds an edit. Of two that overlap, the one that starts first is kept and extended."""
        start = bisect_right(self._edits, edit.span.start, key=_end)
        stop = bisect_left(self._edits, edit.span.end, start, key=_start)
        for other in self._edits[start:stop]:
            first = min(edit, other, key=lambda e: (e.span.start, -e.span.end, e.text))
            span = Span(first.span.start, max(edit.span.end, other.span.end))
            edit = Edit(span, first.text)
        self._edits[start:stop] = [edit]

    def widen(self, start: int, end: int, wide: Callable[[Span], Span]) -> None:
        """Extends the edits from `start` to `end` to replace more."""
        first = bisect_right(self._edits, start, key=_end)
        for edit in self._edits[first : bisect_left(self._edits, end, first, key=_start)]:
            if (span := wide(edit.span)) != edit.span:
                self.add(Edit(span, edit.text))

    def complete_before(self, at: int) -> int:
        """`at`, or the start of the edit that contains it."""
        here = bisect_right(self._edits, at, key=_end)
        edit = self._edits[here] if here < len(self._edits) else None
        return edit.span.start if edit is not None and edit.span.start < at else at

    def render(self, text: str, base: int, start: int, end: int) -> str:
        """The edited text from `start` to `end`; `text` begins at `base`."""
        if not self._edits:
            return text[start - base : end - base]
        out, at = [], start
        for edit in self._edits[bisect_right(self._edits, start, key=_end) :]:
            if edit.span.start >= end:
                break
            out += [text[at - base : edit.span.start - base], edit.text]
            at = edit.span.end
        out.append(text[at - base : end - base])
        return "".join(out)

    def forget(self, to: int) -> None:
        """Forgets edits that end at or before this position; their text has been released."""
        del self._edits[: bisect_right(self._edits, to, key=_end)]


def _start(edit: Edit) -> int:
    return edit.span.start


def _end(edit: Edit) -> int:
    return edit.span.end
