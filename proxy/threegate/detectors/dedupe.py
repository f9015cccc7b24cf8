"""One finding for one thing, where patterns and models have found it twice.

Of findings of one kind that overlap, the surer and then the longer one stays. A pattern and a model
often see different ends of one address; the two are merged. A model's "some number" is dropped
where another finding says which number it is. Takes n log n, because a text may be full of
findings.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from threegate.types import Finding, Level, Span

VAGUE = frozenset({"pii.id_other", "pii.account"})
ADDRESS = "pii.address"


def distinct(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """In the order of `findings`; those of other families (`hazard`, `claim` …) all stay."""
    if _are_apart(findings):
        return tuple(findings)
    findings = _whole_addresses(findings)
    kept = _best_of_each_kind(findings)
    exact = _Spans(f.span for f in kept if _is_exact(f))
    stays = {id(f) for f in kept if not (f.kind in VAGUE and exact.meet(f.span))}
    return tuple(f for f in findings if id(f) in stays)


def _are_apart(findings: Sequence[Finding]) -> bool:
    """Whether no two of them overlap, as in nearly every text."""
    if len(findings) < 2:
        return True
    spans = sorted([(f.span.start, f.span.end) for f in findings])
    return all(end <= start for (_, end), (start, _) in pairwise(spans))


class _Spans:
    """The union of some spans, as disjoint spans."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for span in sorted(spans):
            if self._ends and span.start < self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], span.end)
            else:
                self._starts.append(span.start)
                self._ends.append(span.end)

    def around(self, span: Span) -> Span:
        """The covering span in which `span` lies."""
        at = bisect_right(self._starts, span.start) - 1
        return Span(self._starts[at], self._ends[at])

    def meet(self, span: Span) -> bool:
        at = bisect_right(self._ends, span.start)
        return at < len(self._starts) and self._starts[at] < span.end

    def add(self, span: Span) -> None:
        """A span that overlaps no other."""
        at = bisect_left(self._starts, span.start)
        self._starts.insert(at, span.start)
        self._ends.insert(at, span.end)


def _whole_addresses(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Overlapping high-level addresses of different detectors become one that covers all of
    them."""
    sure = [f for f in findings if _is_address(f)]
    if len({f.detector for f in sure}) < 2:
        return findings
    whole = _Spans(f.span for f in sure)
    return [replace(f, span=whole.around(f.span)) if _is_address(f) else f for f in findings]


def _is_address(finding: Finding) -> bool:
    return finding.kind == ADDRESS and finding.level >= Level.MEDIUM


def _best_of_each_kind(findings: Iterable[Finding]) -> list[Finding]:
    kept: list[Finding] = []
    by_kind: dict[str, _Spans] = {}
    for finding in sorted(findings, key=_strength, reverse=True):
        same = by_kind.setdefault(finding.kind, _Spans(()))
        if _spans_matter(finding):
            if same.meet(finding.span):
                continue
            same.add(finding.span)
        kept.append(finding)
    return kept


def _strength(finding: Finding) -> tuple[int, int, float]:
    return finding.level, finding.span.end - finding.span.start, finding.score


def _spans_matter(finding: Finding) -> bool:
    return finding.kind.startswith(("pii.", "secret."))


def _is_exact(finding: Finding) -> bool:
    known = _spans_matter(finding) and finding.kind not in VAGUE
    return known and finding.level >= Level.MEDIUM
