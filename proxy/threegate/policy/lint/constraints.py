# ruff: noqa: E501 - bilingual texts stay in one piece
"""Lints of the constraint layer."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.kinds import is_known
from threegate.policy.language.problems import Mark, Problem, Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Lint, Subject
from threegate.policy.lint.detection import own_kinds
from threegate.policy.model import matches
from threegate.policy.schema import ClampSpec, ConstraintRule
from threegate.types import Bilingual

SAMPLING = (
    "temperature", "top_p", "top_k", "min_p", "n", "best_of", "max_tokens", "max_completion_tokens",
    "max_output_tokens", "presence_penalty", "frequency_penalty", "repetition_penalty", "seed", "top_logprobs",
    "logprobs", "length_penalty",
)  # fmt: skip
MAX_CONSTITUTION = 8000
"""Characters. Beyond that the text costs more of the context than it is worth, in every call."""


class UnknownParameter(Lint):
    code = "unknown-parameter"
    title = Bilingual("没有这个采样参数", "unknown sampling parameter")
    why = Bilingual("写错名字的约束不起作用。", "A mistyped bound has no effect.")
    fix = Bilingual(
        "可用：" + "、".join(SAMPLING) + "。", "Use one of " + ", ".join(SAMPLING) + "."
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.constraints:
            for name, spec in rule.then.clamp.items():
                if name not in SAMPLING:
                    yield self.at(
                        place(name, spec.at),
                        f"没有 {name} 这个采样参数",
                        f"unknown sampling parameter {name}",
                        rule=rule.id,
                    )


class ClampOrder(Lint):
    code = "clamp-order"
    title = Bilingual("参数范围自相矛盾", "the bounds contradict each other")
    why = Bilingual(
        "min 不得大于 max，default 和 force 必须在范围内。",
        "min may not exceed max; default and force must lie between them.",
    )
    fix = Bilingual("改正数值。", "Correct the values.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.constraints:
            for spec in rule.then.clamp.values():
                if not _ordered(spec):
                    yield self.at(spec.at, rule=rule.id)


def _ordered(spec: ClampSpec) -> bool:
    low = float("-inf") if spec.min is None else spec.min
    high = float("inf") if spec.max is None else spec.max
    inside = all(low <= v <= high for v in (spec.default, spec.force) if v is not None)
    return low <= high and inside


class ClampEmpty(Lint):
    code = "clamp-empty"
    title = Bilingual("参数范围是空的，或互相排斥", "the bound says nothing, or too much")
    why = Bilingual("drop 和 force 不能与其他写法同用。", "drop and force stand alone.")
    fix = Bilingual(
        "写 min、max、default，或只写 force，或只写 drop: true。",
        "Write min, max, default; or force alone; or drop: true alone.",
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.constraints:
            for spec in rule.then.clamp.values():
                bounds = [spec.min, spec.max, spec.default].count(None) < 3
                if bounds + (spec.force is not None) + spec.drop != 1:
                    yield self.at(spec.at, rule=rule.id)


class NothingConstrained(Lint):
    code = "nothing-constrained"
    title = Bilingual("约束规则没有约束任何东西", "the constraint rule constrains nothing")
    why = Bilingual("它没有作用。", "It has no effect.")
    fix = Bilingual(
        "在 then 里写约束，或删除规则。", "Write constraints in `then` or remove the rule."
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.constraints:
            if not rule.then.marks:
                yield self.at(rule.mark("then"), rule=rule.id)


class AllowAndDeny(Lint):
    code = "allow-and-deny"
    title = Bilingual("同一名称既允许又禁止", "a name is both allowed and refused")
    why = Bilingual("读者不知道哪个算数。", "Readers cannot tell which counts.")
    fix = Bilingual("只留一处。", "Keep it in one place.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.constraints:
            for spec in (rule.then.tools, rule.then.fields):
                both = set(spec.allow or ()) & set(spec.deny) if spec else ()
                yield from (self.at(place(name), rule=rule.id) for name in sorted(both))


class EmptyAllow(Lint):
    code = "empty-allow"
    severity = Severity.WARNING
    title = Bilingual("白名单是空的，什么都不允许", "the allow-list is empty: nothing is allowed")
    why = Bilingual("多半是忘了填写。", "Probably it was forgotten.")
    fix = Bilingual("写上名称，或删除 allow。", "Name what is allowed or remove `allow`.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.constraints:
            for spec in (rule.then.models, rule.then.tools, rule.then.fields):
                if spec and spec.allow == ():
                    yield self.at(spec.mark("allow"), rule=rule.id)


class AliasTarget(Lint):
    code = "alias-target"
    title = Bilingual(
        "别名指向另一个别名，或指向不允许的模型",
        "an alias leads to another alias or to a model that is not allowed",
    )
    why = Bilingual(
        "别名只解析一次，之后才看白名单。", "Aliases are resolved once, before the allow-list."
    )
    fix = Bilingual("让别名直接指向允许的模型。", "Point the alias at an allowed model.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.constraints:
            models = rule.then.models
            for name, target in models.alias.items() if models else ():
                if models and (target in models.alias or not _allows(models.allow, target)):
                    yield self.at(place(target, place(name)), rule=rule.id)


def _allows(patterns: tuple[str, ...] | None, model: str) -> bool:
    return patterns is None or any(matches(p, model) for p in patterns)


class ConstitutionText(Lint):
    code = "constitution-text"
    title = Bilingual("约束文本是空的", "the constitution is empty")
    why = Bilingual("空文本没有作用。", "An empty text has no effect.")
    fix = Bilingual("写上内容。", "Write it.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule, path in _constitutions(subject):
            if path in subject.bundle.files and not subject.bundle.text(path).strip():
                yield self.at(Mark(path), rule=rule.id)


class ConstitutionLength(Lint):
    code = "constitution-length"
    severity = Severity.WARNING
    title = Bilingual("约束文本超过 8000 个字符", "the constitution is longer than 8000 characters")
    why = Bilingual("它占用每一次调用的上下文。", "It takes context in every call.")
    fix = Bilingual("缩短文本。", "Shorten it.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule, path in _constitutions(subject):
            if len(subject.bundle.text(path)) > MAX_CONSTITUTION:
                yield self.at(Mark(path), rule=rule.id)


def _constitutions(subject: Subject) -> Iterator[tuple[ConstraintRule, str]]:
    for rule in subject.constraints:
        if rule.then.constitution:
            yield rule, rule.then.constitution.file


class ConstitutionLanguages(Lint):
    code = "constitution-languages"
    severity = Severity.WARNING
    title = Bilingual(
        "只有一种语言的对话有约束文本", "only conversations in one language get a constitution"
    )
    why = Bilingual("换一种语言就绕过了它。", "Switching the language gets around it.")
    fix = Bilingual("为另一种语言再写一条规则。", "Add a rule for the other language.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        rules = [rule for rule in subject.constraints if rule.then.constitution]
        spoken = {lang for rule in rules for lang in rule.when.language or ("zh", "en")}
        if rules and len(spoken) < 2:
            yield self.at(rules[0].mark("when"), rule=rules[0].id)


class ClauseKind(Lint):
    code = "clause-kind"
    title = Bilingual("附加条款的类别不存在", "a clause names an unknown kind")
    why = Bilingual("条款永远不会加上。", "The clause would never be added.")
    fix = Bilingual("用 threegate policy kinds 查看类别。", "See `threegate policy kinds`.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        known = subject.known | own_kinds(subject)
        for rule in subject.constraints:
            for clause in rule.then.clauses:
                for kind in clause.kinds:
                    if not is_known(kind, known):
                        yield self.at(place(kind), rule=rule.id)


class HiddenUnchecked(Lint):
    code = "reasoning-unchecked"
    severity = Severity.WARNING
    title = Bilingual(
        "思考过程给客户端看，却可能没有规则检查",
        "reasoning is shown, yet only rules naming it check it",
    )
    why = Bilingual(
        "check: separate 时，只写 content 的规则不看思考过程。",
        "With check: separate, rules for content skip the reasoning.",
    )
    fix = Bilingual(
        "用 check: same，或写检查 reasoning 的规则。",
        "Use check: same or write rules that name reasoning.",
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        covered = any("reasoning" in rule.where for rule in subject.rules)
        for rule in subject.constraints:
            spec = rule.then.reasoning
            if spec and spec.check == "separate" and spec.show == "shown" and not covered:
                yield self.at(spec.mark("check"), rule=rule.id)


CONSTRAINTS: tuple[Lint, ...] = (
    UnknownParameter(),
    ClampOrder(),
    ClampEmpty(),
    NothingConstrained(),
    AllowAndDeny(),
    EmptyAllow(),
    AliasTarget(),
    ConstitutionText(),
    ConstitutionLength(),
    ConstitutionLanguages(),
    ClauseKind(),
    HiddenUnchecked(),
)
