"""One finding for one thing, where patterns and models have found it twice.

Of findings of one kind that overlap, the surer and then the longer one stays. A model's word
for "some number" says nothing where another finding knows which number it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from threegate.types import Finding, Level

VAGUE = frozenset({"pii.id_other", "pii.account"})


def distinct(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """In the order of `findings`; those of other families (`hazard`, `claim` …) all stay."""
    kept = _best_of_each_kind(findings)
    exact = [f for f in kept if _is_exact(f)]
    return tuple(f for f in findings if f in kept and not _is_vague(f, exact))


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
