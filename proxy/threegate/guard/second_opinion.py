"""Second opinions: which findings of a rule a judge must confirm, and what its answer changes.

A rule with a `second_opinion` acts on a finding at one of the uncertain levels only if the judge
confirms it. The gateway asks the judges (`RuleSet.questions`) and gives the answers to
`RuleSet.verdict`. A finding without an answer is treated as if the rule had no second opinion.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from threegate.policy.model import SecondOpinion
from threegate.types import Action, Finding, Opinion, Reason, Ruling, Span

MAX_READ = 8_000
"""Code points of a text that a judge reads. Of a longer text it reads the part around the
finding."""


class Question(NamedTuple):
    """What a judge is asked about one text: its kind, within how many milliseconds, and which part
    of the text it reads (counted from the text's first code point)."""

    ask: str
    deadline_ms: int
    part: Span


Opinions = Mapping[Question, Opinion]
NO_OPINIONS: Opinions = {}


def question_of(
    spec: SecondOpinion | None, finding: Finding, size: int, offset: int
) -> Question | None:
    """The question about a finding in a text of `size` code points that begins at `offset`. None if
    the finding's level needs no confirmation, or if one reading cannot cover all of its
    evidence."""
    if spec is None or finding.level not in spec.levels:
        return None
    part = _part(finding.span.start - offset, finding.span.end - offset, size)
    return None if part is None else Question(spec.ask, spec.deadline_ms, part)


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


def reviewed(ruling: Ruling, spec: SecondOpinion, opinion: Opinion) -> Ruling:
    """The ruling after the judge's answer."""
    if opinion.failed is not None:
        given = spec.on_timeout if opinion.failed is Reason.TIMEOUT else spec.on_error
        return replace(ruling, action=ruling.action if given is None else given, opinion=opinion)
    if opinion.level is not None and opinion.level >= spec.confirm:
        return replace(ruling, opinion=replace(opinion, confirmed=True))
    return replace(ruling, action=Action.ALLOW, opinion=opinion)
