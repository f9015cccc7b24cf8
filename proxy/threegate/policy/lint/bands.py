"""Lints of bands: a rule that can stop itself must not be stopped by whom it is there for."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.language.problems import Problem, Severity
from threegate.policy.lint.base import Lint, Subject
from threegate.policy.model import matches

HOSTILE = ("injection", "hazard", "secret")
"""Families of kinds that somebody may send on purpose."""


class BandOrder(Lint):
    code = "band-order"

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            if rule.band and rule.band.min >= rule.band.max:
                yield self.at(rule.band.at, rule=rule.id)


class BandForced(Lint):
    code = "band-forced"
    severity = Severity.WARNING

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            hostile = any(matches(f, k) for k in rule.detect.any for f in HOSTILE)
            stops = rule.band is not None and rule.band.max < 100
            if stops and hostile and rule.rollout == 100 and rule.band:
                yield self.at(rule.band.at, rule=rule.id)


class BandIdle(Lint):
    code = "band-idle"
    severity = Severity.WARNING

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            if rule.band and rule.band.max >= 100 and rule.band.min <= 0:
                yield self.at(rule.band.at, rule=rule.id)


BANDS: tuple[Lint, ...] = (BandOrder(), BandForced(), BandIdle())
