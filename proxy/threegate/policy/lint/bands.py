"""Lints of bands: an attacker must not be able to make the rule against the attack stop itself."""

from __future__ import annotations

from threegate.policy.language.problems import Severity
from threegate.policy.lint.base import Findings, checks_each
from threegate.policy.model import matches
from threegate.policy.schema import Rule

HOSTILE = ("injection", "hazard", "secret")
"""Families of kinds that somebody may send on purpose."""


@checks_each(Rule, "band-order")
def band_order(rule: Rule) -> Findings:
    if rule.band and rule.band.min >= rule.band.max:
        yield rule.band.at


@checks_each(Rule, "band-forced", Severity.WARNING)
def band_forced(rule: Rule) -> Findings:
    hostile = any(matches(f, k) for k in rule.detect.any for f in HOSTILE)
    stops = rule.band is not None and rule.band.max < 100
    if stops and hostile and rule.rollout == 100 and rule.band:
        yield rule.band.at


@checks_each(Rule, "band-idle", Severity.WARNING)
def band_idle(rule: Rule) -> Findings:
    if rule.band and rule.band.max >= 100 and rule.band.min <= 0:
        yield rule.band.at
