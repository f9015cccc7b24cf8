"""Lints of bands: an attacker must not be able to make the rule against the attack stop itself."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.language.problems import Problem, Severity
from threegate.policy.lint.base import Lint, Subject, checks
from threegate.policy.model import matches

HOSTILE = ("injection", "hazard", "secret")
"""Families of kinds that somebody may send on purpose."""


@checks("band-order")
def band_order(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        if rule.band and rule.band.min >= rule.band.max:
            yield lint.at(rule.band.at, rule=rule.id)


@checks("band-forced", Severity.WARNING)
def band_forced(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        hostile = any(matches(f, k) for k in rule.detect.any for f in HOSTILE)
        stops = rule.band is not None and rule.band.max < 100
        if stops and hostile and rule.rollout == 100 and rule.band:
            yield lint.at(rule.band.at, rule=rule.id)


@checks("band-idle", Severity.WARNING)
def band_idle(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        if rule.band and rule.band.max >= 100 and rule.band.min <= 0:
            yield lint.at(rule.band.at, rule=rule.id)
