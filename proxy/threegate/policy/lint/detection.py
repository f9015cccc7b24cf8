# ruff: noqa: E501 - bilingual texts stay in one piece
"""Lints of what an input or output rule looks for, and where."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.kinds import is_known
from threegate.policy.language.problems import Problem, Severity
from threegate.policy.language.recognizers import entity, kind_of
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Lint, Subject
from threegate.policy.schema import Rule
from threegate.policy.strictness.compare import includes
from threegate.types import Bilingual, Channel, Layer

CHANNELS = {
    Layer.INPUT: frozenset(
        {
            Channel.SYSTEM,
            Channel.USER,
            Channel.ASSISTANT,
            Channel.TOOL_RESULT,
            Channel.TOOL_ARGUMENTS,
        }
    ),
    Layer.OUTPUT: frozenset({Channel.CONTENT, Channel.REASONING, Channel.TOOL_ARGUMENTS}),
}
SOURCES = ("system", "user", "tool_result", "context", "knowledge")


def own_kinds(subject: Subject) -> frozenset[str]:
    """Kinds of the lists, detectors and recognizers of the packs themselves."""
    made: set[str] = set()
    for pack in subject.packs:
        made.update(f"list.{name}" for name in pack.lists)
        made.update(kind_of(entity(each)) for each in pack.recognizers)
        for name, spec in pack.detectors.items():
            made.add(f"pattern.{name}" if spec.regex else f"category.{name}")
    return frozenset(made)


def kinds_of(rule: Rule) -> tuple[str, ...]:
    return (*rule.detect.any, *rule.detect.all, *rule.detect.none, *rule.detect.levels)


class UnknownKind(Lint):
    code = "unknown-kind"
    title = Bilingual("没有这个类别", "unknown kind")
    why = Bilingual(
        "没有检测器会报告它，规则永远不命中。",
        "No detector reports it: the rule would never match.",
    )
    fix = Bilingual(
        "用 threegate policy kinds 查看类别；类别之间用半角逗号。",
        "See `threegate policy kinds`; ASCII commas stand between kinds.",
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        known = subject.known | own_kinds(subject)
        for rule in subject.rules:
            for kind in kinds_of(rule):
                if not is_known(kind, known):
                    yield self.at(
                        place(kind, rule.detect.at),
                        f"没有 {kind} 这个类别",
                        f"unknown kind {kind}",
                        rule=rule.id,
                    )


class NothingDetected(Lint):
    code = "nothing-detected"
    title = Bilingual("规则没有写检测什么", "the rule looks for nothing")
    why = Bilingual("它永远不会命中。", "It can never match.")
    fix = Bilingual("写 detect: {any: […]} 或 claims。", "Write detect: {any: […]} or claims.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            if not (rule.detect.any or rule.detect.all or rule.detect.claims):
                yield self.at(rule.mark("detect"), rule=rule.id)


class NoChannels(Lint):
    code = "no-channels"
    title = Bilingual("规则没有写检测位置", "the rule looks nowhere")
    why = Bilingual("它永远不会命中。", "It can never match.")
    fix = Bilingual("在 where 里写位置。", "Name channels in `where`.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            if not rule.where:
                yield self.at(rule.mark("where"), rule=rule.id)


class WrongChannel(Lint):
    code = "wrong-channel"
    title = Bilingual("这一层没有该位置", "the layer has no such channel")
    why = Bilingual("规则在那里永远不命中。", "The rule can never match there.")
    fix = Bilingual(
        "输入层：system、user、assistant、tool_result、tool_arguments；输出层：content、reasoning、tool_arguments。",
        "Input: system, user, assistant, tool_result, tool_arguments. Output: content, reasoning, tool_arguments.",
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            for channel in rule.where:
                if channel not in CHANNELS[rule.layer]:
                    yield self.at(rule.mark("where"), rule=rule.id)


class ClaimsPlace(Lint):
    code = "claims-place"
    title = Bilingual(
        "事实核查只用于输出层的 content 和 reasoning",
        "a fact check belongs to content and reasoning of the output layer",
    )
    why = Bilingual("只有模型的回答里有待核查的陈述。", "Only answers hold claims to check.")
    fix = Bilingual(
        "写 layer: output 和 where: [content]。", "Write layer: output and where: [content]."
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        fit = {Channel.CONTENT, Channel.REASONING}
        for rule in subject.rules:
            if rule.detect.claims and (
                rule.layer is not Layer.OUTPUT or not fit.issuperset(rule.where)
            ):
                yield self.at(rule.mark("where"), rule=rule.id)


class UnknownSource(Lint):
    code = "unknown-source"
    title = Bilingual("没有这个来源", "unknown source")
    why = Bilingual("陈述得不到核查。", "Claims would not be checked against it.")
    fix = Bilingual(
        "可用：system、user、tool_result、context、knowledge、knowledge/名称。",
        "Use system, user, tool_result, context, knowledge or knowledge/name.",
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        named = {f"knowledge/{name}" for pack in subject.packs for name in pack.knowledge}
        for rule in subject.rules:
            for source in rule.detect.claims.sources if rule.detect.claims else ():
                if source not in named and source not in SOURCES:
                    yield self.at(place(source, rule.detect.at), rule=rule.id)


class KindContradiction(Lint):
    code = "kind-contradiction"
    title = Bilingual("同一类别既要命中又要不命中", "a kind is both wanted and excluded")
    why = Bilingual("规则永远不命中。", "The rule can never match.")
    fix = Bilingual("从 any、all 或 none 里去掉它。", "Remove it from any, all or none.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            for kind in (*rule.detect.any, *rule.detect.all):
                if any(includes(none, kind) for none in rule.detect.none):
                    yield self.at(place(kind), rule=rule.id)


class RedundantKind(Lint):
    code = "redundant-kind"
    severity = Severity.INFO
    title = Bilingual("类别已被另一个类别包含", "a kind is already included in another")
    why = Bilingual("多余的写法让人误以为有区别。", "Readers wonder what the difference is.")
    fix = Bilingual("去掉较窄的一个。", "Remove the narrower one.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            kinds = rule.detect.any
            for i, kind in enumerate(kinds):
                if any(includes(other, kind) for j, other in enumerate(kinds) if i != j):
                    yield self.at(place(kind), rule=rule.id)


class UnusedLevel(Lint):
    code = "unused-level"
    severity = Severity.WARNING
    title = Bilingual(
        "为规则不检测的类别写了级别", "a level is given for a kind the rule does not look for"
    )
    why = Bilingual("它没有作用，多半是笔误。", "It has no effect and is probably a slip.")
    fix = Bilingual("去掉它，或把类别加到 any。", "Remove it or add the kind to `any`.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            looked = (*rule.detect.any, *rule.detect.all)
            for kind in rule.detect.levels:
                if not any(includes(k, kind) or includes(kind, k) for k in looked):
                    yield self.at(place(kind, rule.detect.at), rule=rule.id)


DETECTION: tuple[Lint, ...] = (
    UnknownKind(),
    NothingDetected(),
    NoChannels(),
    WrongChannel(),
    ClaimsPlace(),
    UnknownSource(),
    KindContradiction(),
    RedundantKind(),
    UnusedLevel(),
)
