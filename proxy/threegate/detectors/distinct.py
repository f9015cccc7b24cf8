"""One finding for one thing, where patterns and models have found it twice.

Of findings of one kind that overlap, the surer and then the longer one stays. Of an address a
pattern and a model often see different ends: together they are one. A model's word for "some
number" says nothing where another finding knows which number it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from threegate.types import Finding, Level, Span

VAGUE = frozenset({"pii.id_other", "pii.account"})
ADDRESS = "pii.address"


def distinct(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """In the order of `findings`; those of other families (`hazard`, `claim` …) all stay."""
    findings = _whole_addresses(findings)
    kept = _best_of_each_kind(findings)
    exact = [f for f in kept if _is_exact(f)]
    return tuple(f for f in findings if f in kept and not _is_vague(f, exact))


def _whole_addresses(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Sure addresses that overlap, of different detectors, stand for all of what they cover."""
    sure = [f for f in findings if f.kind == ADDRESS and f.level >= Level.MEDIUM]
    if len({f.detector for f in sure}) < 2:
        return findings
    return [_widened(f, sure) if f in sure else f for f in findings]


def _widened(finding: Finding, others: Sequence[Finding]) -> Finding:
    """Over everything that it is chained to by overlaps."""
    span, wider = finding.span, None
    while wider != span:
        span = wider or span
        reach = [f.span for f in others if f.span.start < span.end and span.start < f.span.end]
        wider = Span(min(s.start for s in reach), max(s.end for s in reach))
    return replace(finding, span=span)


def _best_of_each_kind(findings: Iterable[Finding]) -> list[Finding]:
    kept: list[Finding] = []
    by_kind: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=_strength, reverse=True):
        same = by_kind.setdefault(finding.kind, [])
        if _spans_matter(finding) and any(_overlap(finding, other) for other in same):
            continue
        same.append(finding)
        kept.append(finding)
    return kept


def _strength(finding: Finding) -> tuple[int, int, float]:
    return finding.level, finding.span.end - finding.span.start, finding.score


def _spans_matter(finding: Finding) -> bool:
    return finding.kind.startswith(("pii.", "secret."))


def _is_exact(finding: Finding) -> bool:
    known = _spans_matter(finding) and finding.kind not in VAGUE
    return known and finding.level >= Level.MEDIUM


def _is_vague(finding: Finding, exact: Iterable[Finding]) -> bool:
    return finding.kind in VAGUE and any(_overlap(finding, other) for other in exact)


def _overlap(one: Finding, other: Finding) -> bool:
    return one.span.start < other.span.end and other.span.start < one.span.end
