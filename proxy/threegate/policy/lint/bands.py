"""Lints of bands: a rule that can stop itself must not be stopped by whom it is there for."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.language.problems import Problem, Severity
from threegate.policy.lint.base import Lint, Subject
from threegate.policy.model import matches
from threegate.types import Bilingual

HOSTILE = ("injection", "hazard", "secret")
"""Families of kinds that somebody may send on purpose."""


class BandOrder(Lint):
    code = "band-order"
    title = Bilingual("band 的下限高于上限", "the band ends below its beginning")
    why = Bilingual("规则总在范围之外。", "The rule would always be outside.")
    fix = Bilingual("让 min 小于 max。", "Make min less than max.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            if rule.band and rule.band.min >= rule.band.max:
                yield self.at(rule.band.at, rule=rule.id)


class BandForced(Lint):
    code = "band-forced"
    severity = Severity.WARNING
    title = Bilingual("有人可以故意让这条规则停用", "somebody can make this rule stop itself")
    why = Bilingual(
        "反复发送这类内容，比例就会超出上限，规则随后只记录。",
        "Sending enough of it takes the rule above its band, and then it only records.",
    )
    fix = Bilingual(
        "只在试运行期间使用 band（rollout 小于 100），之后删除。",
        "Use a band for the trial only (rollout below 100) and remove it afterwards.",
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            hostile = any(matches(f, k) for k in rule.detect.any for f in HOSTILE)
            stops = rule.band is not None and rule.band.max < 100
            if stops and hostile and rule.rollout == 100 and rule.band:
                yield self.at(rule.band.at, rule=rule.id)


class BandIdle(Lint):
    code = "band-idle"
    severity = Severity.WARNING
    title = Bilingual("band 什么也不限制", "the band bounds nothing")
    why = Bilingual("规则永远不会停用，也不会告警。", "The rule never stops and nobody is told.")
    fix = Bilingual("写 max 或 min，或删除 band。", "Write max or min, or remove the band.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            if rule.band and rule.band.max >= 100 and rule.band.min <= 0:
                yield self.at(rule.band.at, rule=rule.id)


BANDS: tuple[Lint, ...] = (BandOrder(), BandForced(), BandIdle())
