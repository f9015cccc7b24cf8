"""Lints of second opinions: which judge is asked, and about which findings."""

from __future__ import annotations

from threegate.policy.language.problems import Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Findings, checks_each
from threegate.policy.schema import Rule
from threegate.types import Layer

INLINE = ("pii", "secret", "list", "pattern", "leak", "format")
"""Families of kinds that are found in answers while they stream, without waiting for a model."""


@checks_each(Rule, "second-opinion-judge")
def opinion_of_judge(rule: Rule) -> Findings:
    spec = rule.second_opinion
    if spec and not spec.ask.startswith("judge."):
        yield place(spec.ask)


@checks_each(Rule, "second-opinion-idle")
def opinion_idle(rule: Rule) -> Findings:
    least = min((rule.level, *rule.detect.levels.values()))
    spec = rule.second_opinion
    if spec and rule.detect.claims is None and max(spec.levels, default=0) < least:
        yield spec.at


@checks_each(Rule, "second-opinion-inline", Severity.WARNING)
def opinion_inline(rule: Rule) -> Findings:
    inline = any(kind.split(".")[0] in INLINE for kind in rule.detect.any)
    if rule.second_opinion and rule.layer is Layer.OUTPUT and inline:
        yield rule.second_opinion.at
