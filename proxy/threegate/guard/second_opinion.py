"""Second opinions: which findings of a rule a judge must confirm, and what its answer changes.

A rule with a `second_opinion` acts on a finding at one of the uncertain levels only if the judge
confirms it. For a fact check the judge gives the verdict itself, which replaces the first one. The
gateway asks the judges (`RuleSet.questions`) and gives the answers to `RuleSet.verdict`. A finding
without an answer is treated as if the rule had no second opinion. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from threegate.policy.model import SecondOpinion
from threegate.types import (
    CLAIM_KINDS,
    CLAIM_NO_SOURCE,
    Action,
    Finding,
    Opinion,
    Reason,
    Ruling,
    Span,
)

MAX_READ = 8_000
"""Code points of a text that a judge reads. Of a longer text it reads only the part around the
finding."""


class Question(NamedTuple):
    """What a judge is asked about one text: its kind, within how many milliseconds, and which part
    of the text it reads (counted from the text's first code point). `evidence` is the place in the
    sources that a claim was compared with, `source id:start-end`, and `counted` their names; both
    are empty for other findings."""

    ask: str
    deadline_ms: int
    part: Span
    evidence: str = ""
    counted: frozenset[str] = frozenset()


Opinions = Mapping[Question, Opinion]
NO_OPINIONS: Opinions = {}


def question_of(
    spec: SecondOpinion | None, finding: Finding, size: int, offset: int
) -> Question | None:
    """The question about a finding in a text of `size` code points that begins at `offset`. None if
    the finding's level needs no confirmation, if one reading cannot cover all of its evidence, or
    if a claim has no source."""
    if spec is None or finding.level not in spec.levels or finding.kind == CLAIM_NO_SOURCE:
        return None
    part = _part(finding.span.start - offset, finding.span.end - offset, size)
    evidence = finding.note if finding.kind in CLAIM_KINDS else ""
    if part is None:
        return None
    return Question(spec.ask, spec.deadline_ms, part, evidence, finding.counted)


def _part(start: int, end: int, size: int) -> Span | None:
    """The part of the text to read: all of it, or `MAX_READ` code points around the finding."""
    if not 0 <= start <= end <= size:
        return None
    if size <= MAX_READ:
        return Span(0, size)
    if end - start > MAX_READ:
        return None
    first = max(0, min((start + end - MAX_READ) // 2, size - MAX_READ))
    return Span(first, first + MAX_READ)


def reviewed(
    ruling: Ruling, spec: SecondOpinion, opinion: Opinion, act: Callable[[Finding], Action]
) -> Ruling:
    """The ruling after the judge's answer. `act` gives what the rule does about the judge's own
    verdict on a claim."""
    if opinion.failed is not None:
        given = spec.on_timeout if opinion.failed is Reason.TIMEOUT else spec.on_error
        return replace(ruling, action=ruling.action if given is None else given, opinion=opinion)
    sure = opinion.level is not None and opinion.level >= spec.confirm
    if opinion.claim:
        return _reviewed_claim(ruling, opinion, act) if sure else replace(ruling, opinion=opinion)
    if sure:
        return replace(ruling, opinion=replace(opinion, confirmed=True))
    return replace(ruling, action=Action.ALLOW, opinion=opinion)


def _reviewed_claim(ruling: Ruling, opinion: Opinion, act: Callable[[Finding], Action]) -> Ruling:
    first = ruling.finding
    assert isinstance(first, Finding)
    assert opinion.level is not None
    assert opinion.score is not None
    score, level = max(opinion.score, 0.0), opinion.level
    made = replace(first, kind=opinion.claim, score=score, level=level)
    same = opinion.claim == first.kind
    answer = replace(opinion, confirmed=same, replaced=None if same else first)
    return replace(ruling, finding=made, action=act(made), opinion=answer)
