# ruff: noqa: E501 - bilingual texts stay in one piece
"""Lints of what an input or output rule looks for, where, and what it does."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.actions import BY_ACTION, written_actions
from threegate.policy.kinds import is_known
from threegate.policy.lint.base import Lint, Subject
from threegate.policy.model import Mode, StreamMode
from threegate.policy.problems import Problem, Severity
from threegate.policy.schema import Rule
from threegate.policy.shapes import place
from threegate.policy.strength import includes
from threegate.types import Action, Bilingual, Channel, Layer, Level

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
SENTENCE_KINDS = (
    "hazard",
    "offensive",
    "compliance",
    "claim",
    "injection.direct",
    "injection.indirect",
    "category",
    "judge",
)
"""Kinds that judge a whole sentence or passage: nothing smaller can be cut out."""


def own_kinds(subject: Subject) -> frozenset[str]:
    """Kinds of the lists and detectors of the packs themselves."""
    made: set[str] = set()
    for pack in subject.packs:
        made.update(f"list.{name}" for name in pack.lists)
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
    fix = Bilingual("用 threegate policy kinds 查看类别。", "See `threegate policy kinds`.")

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


class OneAction(Lint):
    code = "one-action"
    title = Bilingual("then 里必须恰好写一个动作", "`then` needs exactly one action")
    why = Bilingual("两个动作不知道执行哪个。", "With two actions it is not clear which is meant.")
    fix = Bilingual(
        "保留一个：block、answer、rewrite、redact、mask、annotate、flag。",
        "Keep one of block, answer, rewrite, redact, mask, annotate, flag.",
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            wanted = 0 if rule.detect.claims else 1
            if len(written_actions(rule.then)) != wanted:
                yield self.at(rule.mark("then"), rule=rule.id)


class ClaimsAlone(Lint):
    code = "claims-alone"
    title = Bilingual(
        "事实核查规则只用 claims 和三个 on_ 动作",
        "a fact check has claims and the three on_ actions only",
    )
    why = Bilingual(
        "事实核查有三种结果，每种都要有动作。",
        "A fact check has three outcomes, each with its action.",
    )
    fix = Bilingual(
        "then 写 on_contradicted、on_unsupported、on_no_source；其他类别另写一条规则。",
        "Write on_contradicted, on_unsupported, on_no_source; put other kinds into another rule.",
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            outcomes = [
                getattr(rule.then, f"on_{o}") for o in ("contradicted", "unsupported", "no_source")
            ]
            mixed = bool(rule.detect.any or rule.detect.all or rule.detect.none)
            incomplete = mixed or None in outcomes if rule.detect.claims else outcomes != [None] * 3
            if incomplete:
                yield self.at(rule.mark("then"), rule=rule.id)


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


class ActionLayer(Lint):
    code = "action-layer"
    title = Bilingual("这个动作不能用在这一层", "the action does not belong to this layer")
    why = Bilingual(
        "输入层不能注明或改写回答。", "The input layer has no answer to annotate or rewrite."
    )
    fix = Bilingual("换一个动作，或改 layer。", "Take another action or another layer.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            for action in written_actions(rule.then):
                if rule.layer not in BY_ACTION[action].layers:
                    yield self.at(rule.mark("then"), rule=rule.id)


class MaskNeedsSpan(Lint):
    code = "mask-needs-value"
    title = Bilingual(
        "脱敏和删除只适用于有确切位置的值",
        "only values with an exact place can be masked or redacted",
    )
    why = Bilingual(
        "对整句的判断没有可以替换的值。", "A verdict on a whole sentence has no value to replace."
    )
    fix = Bilingual("用 block、answer、annotate 或 flag。", "Use block, answer, annotate or flag.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            if not any(BY_ACTION[a].needs_span for a in written_actions(rule.then)):
                continue
            for kind in (*rule.detect.any, *rule.detect.all):
                if any(includes(family, kind) for family in SENTENCE_KINDS):
                    yield self.at(place(kind), rule=rule.id)


class RestoreOutput(Lint):
    code = "restore-in-output"
    severity = Severity.WARNING
    title = Bilingual(
        "输出层的脱敏会立刻还原", "a mask of the output layer would be restored at once"
    )
    why = Bilingual("还原就是把值交给客户端。", "Restoring hands the value to the client.")
    fix = Bilingual(
        "用 redact，或 mask: {restore: never}。", "Use redact, or mask: {restore: never}."
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            if rule.layer is Layer.OUTPUT and rule.then.mask and rule.then.mask.restore == "client":
                yield self.at(rule.mark("then"), rule=rule.id)


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


class LowBlock(Lint):
    code = "low-block"
    severity = Severity.WARNING
    title = Bilingual("在最宽的级别上拦截", "blocking at the broadest level")
    why = Bilingual(
        "low 级别在难分辨的正常文字上约有 5% 误报。",
        "Level low has about 5 % false positives on hard harmless text.",
    )
    fix = Bilingual(
        "用 level: medium 或 high，或者先 mode: shadow。",
        "Use level medium or high, or mode: shadow first.",
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            if rule.level is Level.LOW and rule.then.block and rule.mode is Mode.ENFORCE:
                yield self.at(rule.mark("level"), rule=rule.id)


class CutTooLate(Lint):
    code = "cut-too-late"
    title = Bilingual(
        "stream: cut 只能配合 block、answer 或 flag，且不能 cite",
        "stream: cut goes with block, answer or flag only, and not with cite",
    )
    why = Bilingual("已经放行的文字不能再改。", "Text that has left cannot be changed any more.")
    fix = Bilingual("用 stream: hold。", "Use stream: hold.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        fit = {Action.BLOCK, Action.ANSWER, Action.FLAG, Action.ALLOW}
        for rule in subject.rules:
            cites = rule.detect.claims is not None and rule.detect.claims.cite
            changes = cites or not fit.issuperset(written_actions(rule.then))
            if rule.stream is StreamMode.CUT and changes:
                yield self.at(rule.mark("stream"), rule=rule.id)


DETECTION: tuple[Lint, ...] = (
    UnknownKind(),
    NothingDetected(),
    NoChannels(),
    WrongChannel(),
    OneAction(),
    ClaimsAlone(),
    ClaimsPlace(),
    UnknownSource(),
    ActionLayer(),
    MaskNeedsSpan(),
    RestoreOutput(),
    KindContradiction(),
    RedundantKind(),
    UnusedLevel(),
    LowBlock(),
    CutTooLate(),
)
