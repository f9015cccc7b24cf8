"""The rulings on a stream, reported in text order. Pure."""

from __future__ import annotations

from threegate.guard.stream.events import Command, RecordRulings
from threegate.types import Finding, Ruling, Span


class UnreportedRulings(list[tuple[int, Ruling]]):
    """Rulings with their positions. They wait until the text that they concern is decided, so their
    order depends only on the text."""

    def report(self, to: int) -> list[Command]:
        """Takes out those up to a position."""
        if not self:
            return []
        now = sorted((r for r in self if r[0] <= to), key=_by_place)
        self[:] = [r for r in self if r[0] > to]
        return [RecordRulings(tuple(r for _, r in now))] if now else []


def span_of(ruled: Ruling, fallback: int) -> Span:
    """A failure has no span: it counts from the start of what could not be judged."""
    if isinstance(ruled.finding, Finding):
        return ruled.finding.span
    return Span(fallback, fallback)


def _by_place(item: tuple[int, Ruling]) -> tuple[int, str, str]:
    at, ruled = item
    kind = ruled.finding.kind if isinstance(ruled.finding, Finding) else ""
    return at, ruled.rule_id, kind
