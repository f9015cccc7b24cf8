"""Lints of what an input or output rule does when it matches."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.actions import BY_ACTION, written_actions
from threegate.policy.language.problems import Problem, Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Lint, Subject
from threegate.policy.model import Mode, StreamMode
from threegate.policy.strictness.compare import includes
from threegate.types import Action, Bilingual, Layer, Level

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
            if rule.layer is Layer.OUTPUT and rule.then.mask and rule.then.mask.restore != "never":
                yield self.at(rule.mark("then"), rule=rule.id)


class LowBlock(Lint):
    code = "low-block"
    severity = Severity.WARNING
    title = Bilingual("在最宽的级别上拦截", "blocking at the broadest level")
    why = Bilingual(
        "low 级别在难分辨的正常文字上约有 5% 误报。",
        "Level low has about 5 % false positives on hard harmless text.",
    )
    fix = Bilingual(
        "用 level: medium 或 high、second_opinion，或者先 mode: shadow。",
        "Use level medium or high, a second_opinion, or mode: shadow first.",
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            opinion = rule.second_opinion
            confirmed = opinion is not None and Level.LOW in opinion.levels
            blocks = rule.then.block and rule.mode is Mode.ENFORCE
            if rule.level is Level.LOW and blocks and not confirmed:
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


ACTION_LINTS: tuple[Lint, ...] = (
    OneAction(),
    ClaimsAlone(),
    ActionLayer(),
    MaskNeedsSpan(),
    RestoreOutput(),
    LowBlock(),
    CutTooLate(),
)
