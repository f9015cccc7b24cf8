"""Part of an answer as the client will read it, with masked values restored. Output rules judge
this text. Their findings are mapped back to positions in the model's text, which edits, records and
releases use.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from threegate.guard.masking.restore import Restored
from threegate.types import Finding, Ruling, Span


@dataclass(slots=True)
class ClientView:
    """`text` begins at `offset` in both texts. `values` are the restored values, `starts` and
    `ends` their positions in the client's text."""

    text: str = field(default="", repr=False)
    offset: int = 0
    values: Sequence[Restored] = ()
    starts: Sequence[int] = ()
    ends: Sequence[int] = ()

    @classmethod
    def of(cls, text: str, offset: int, values: Sequence[Restored]) -> ClientView:
        """`text` is the model's text, `values` the values to restore in it, in order."""
        if not values:
            return cls(text, offset)
        out: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        read, length = offset, offset
        for value in values:
            piece = text[read - offset : value.span.start - offset]
            out += [piece, value.text]
            starts.append(length + len(piece))
            length = starts[-1] + len(value.text)
            ends.append(length)
            read = value.span.end
        out.append(text[read - offset :])
        return cls("".join(out), offset, values, starts, ends)

    def shown(self, at: int) -> int:
        """Maps a position of the model's text to the client's text; a position inside a placeholder
        maps to the start of its value."""
        for value, start, end in zip(self.values, self.starts, self.ends, strict=True):
            if at < value.span.end:
                return start - max(0, value.span.start - at)
            shift = end - value.span.end
        return at + shift if self.values else at

    def start_of(self, at: int) -> int:
        """Maps a position to the model's text; inside a value, to the start of its placeholder."""
        after = bisect_right(self.ends, at)
        if after < len(self.values) and self.starts[after] <= at:
            return self.values[after].span.start
        return at + self._shift(after)

    def end_of(self, at: int) -> int:
        """The same for the end of a span: inside a value, the end of its placeholder."""
        after = bisect_left(self.ends, at)
        if after < len(self.values) and self.starts[after] < at:
            return self.values[after].span.end
        return at + self._shift(bisect_right(self.ends, at))

    def _shift(self, after: int) -> int:
        return self.values[after - 1].span.end - self.ends[after - 1] if after else 0

    def ruling(self, ruled: Ruling) -> Ruling | None:
        """A ruling on this text, in positions of the model's text; None if its finding is just a
        restored value, which belongs to the client."""
        if not (self.values and isinstance(ruled.finding, Finding)):
            return ruled
        finding = ruled.finding
        if self._is_own(finding):
            return None
        span = Span(self.start_of(finding.span.start), self.end_of(finding.span.end))
        return replace(ruled, finding=replace(finding, span=span))

    def _is_own(self, finding: Finding) -> bool:
        """Whether a finding lies within one restored value, or is the same kind of value with some
        text around it."""
        span, kind = finding.span, finding.kind.removeprefix("leak.")
        for at in range(bisect_right(self.ends, span.start), len(self.values)):
            if self.starts[at] >= span.end:
                break
            within = self.starts[at] <= span.start and span.end <= self.ends[at]
            if within or kind == self.values[at].kind:
                return True
        return False
