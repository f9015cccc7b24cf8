"""Lints of second opinions: which judge is asked, and about which findings."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.language.problems import Problem, Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Lint, Subject
from threegate.types import Bilingual, Layer

INLINE = ("pii", "secret", "list", "pattern", "leak", "format")
"""Families of kinds that are found in answers while they stream, without waiting for a model."""


class OpinionOfJudge(Lint):
    code = "second-opinion-judge"
    title = Bilingual("第二意见只能问评判模型", "only a judge gives second opinions")
    why = Bilingual("没有人回答，规则就照常生效。", "Nobody would answer, and the rule would act.")
    fix = Bilingual("写成 judge.名称。", "Write judge.NAME.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            spec = rule.second_opinion
            if spec and not spec.ask.startswith("judge."):
                yield self.at(place(spec.ask), rule=rule.id)


class OpinionIdle(Lint):
    code = "second-opinion-idle"
    title = Bilingual("第二意见从不会被问", "the second opinion is never asked")
    why = Bilingual(
        "levels 里的级别都低于规则的 level，这样的结果规则本来就不处理。",
        "All of its levels are below the rule's own, where the rule does not act at all.",
    )
    fix = Bilingual("降低规则的 level，或提高 levels。", "Lower the rule's level or raise levels.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            least = min((rule.level, *rule.detect.levels.values()))
            spec = rule.second_opinion
            if spec and rule.detect.claims is None and max(spec.levels, default=0) < least:
                yield self.at(spec.at, rule=rule.id)


class OpinionInline(Lint):
    code = "second-opinion-inline"
    severity = Severity.WARNING
    title = Bilingual(
        "回答里的这类内容不等第二意见", "in answers these kinds do not wait for a second opinion"
    )
    why = Bilingual(
        "它们在流式输出中即时判定，规则会直接生效。",
        "They are decided while the answer streams: the rule acts at once.",
    )
    fix = Bilingual(
        "删除 second_opinion，或改用分类器。", "Remove it, or use a classifier's kinds."
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            inline = any(kind.split(".")[0] in INLINE for kind in rule.detect.any)
            if rule.second_opinion and rule.layer is Layer.OUTPUT and inline:
                yield self.at(rule.second_opinion.at, rule=rule.id)


OPINIONS: tuple[Lint, ...] = (OpinionOfJudge(), OpinionIdle(), OpinionInline())
