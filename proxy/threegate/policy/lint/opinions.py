"""Lints of second opinions: which judge is asked, and about which findings."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.language.problems import Problem, Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Lint, Subject, checks
from threegate.types import Layer

INLINE = ("pii", "secret", "list", "pattern", "leak", "format")
"""Families of kinds that are found in answers while they stream, without waiting for a model."""


@checks("second-opinion-judge")
def opinion_of_judge(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        spec = rule.second_opinion
        if spec and not spec.ask.startswith("judge."):
            yield lint.at(place(spec.ask), rule=rule.id)


@checks("second-opinion-idle")
def opinion_idle(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        least = min((rule.level, *rule.detect.levels.values()))
        spec = rule.second_opinion
        if spec and rule.detect.claims is None and max(spec.levels, default=0) < least:
            yield lint.at(spec.at, rule=rule.id)


@checks("second-opinion-inline", Severity.WARNING)
def opinion_inline(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        inline = any(kind.split(".")[0] in INLINE for kind in rule.detect.any)
        if rule.second_opinion and rule.layer is Layer.OUTPUT and inline:
            yield lint.at(rule.second_opinion.at, rule=rule.id)
