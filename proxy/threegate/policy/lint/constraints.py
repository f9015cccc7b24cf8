# ruff: noqa: E501 - bilingual texts stay in one piece
"""Lints of the constraint layer."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.i18n.catalog import listed
from threegate.policy.kinds import is_known
from threegate.policy.language.problems import Mark, Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Findings, Found, Subject, checks, checks_each
from threegate.policy.lint.detection import own_kinds
from threegate.policy.model import Clamp, is_named
from threegate.policy.schema import ConstraintRule
from threegate.types import Bilingual

SAMPLING = (
    "temperature", "top_p", "top_k", "min_p", "n", "best_of", "max_tokens", "max_completion_tokens",
    "max_output_tokens", "presence_penalty", "frequency_penalty", "repetition_penalty", "seed", "top_logprobs",
    "logprobs", "length_penalty",
)  # fmt: skip
MAX_CONSTITUTION = 8000
"""Characters; beyond that the text costs more of the context of every call than it is worth."""


_FIX = Bilingual("可用：{names}。", "Use one of {names}.").filled({"names": listed(SAMPLING)})


@checks("unknown-parameter", fix=_FIX)
def unknown_parameter(subject: Subject) -> Findings:
    for rule in subject.constraints:
        for name, spec in rule.then.clamp.items():
            if name not in SAMPLING:
                text = Bilingual(f"没有 {name} 这个采样参数", f"unknown sampling parameter {name}")
                yield Found(place(name, spec.at), text, rule.id)


@checks_each(ConstraintRule, "clamp-order")
def clamp_order(rule: ConstraintRule) -> Findings:
    return (spec.at for spec in rule.then.clamp.values() if not _ordered(spec))


def _ordered(spec: Clamp) -> bool:
    low = float("-inf") if spec.min is None else spec.min
    high = float("inf") if spec.max is None else spec.max
    inside = all(low <= v <= high for v in (spec.default, spec.force) if v is not None)
    return low <= high and inside


@checks_each(ConstraintRule, "clamp-empty")
def clamp_empty(rule: ConstraintRule) -> Findings:
    for spec in rule.then.clamp.values():
        bounds = [spec.min, spec.max, spec.default].count(None) < 3
        if bounds + (spec.force is not None) + spec.drop != 1:
            yield spec.at


@checks_each(ConstraintRule, "nothing-constrained")
def nothing_constrained(rule: ConstraintRule) -> Findings:
    if not rule.then.marks:
        yield rule.mark("then")


@checks_each(ConstraintRule, "allow-and-deny")
def allow_and_deny(rule: ConstraintRule) -> Findings:
    for spec in (rule.then.tools, rule.then.fields):
        both = set(spec.allow or ()) & set(spec.deny) if spec else ()
        yield from (place(name) for name in sorted(both))


@checks_each(ConstraintRule, "empty-allow", Severity.WARNING)
def empty_allow(rule: ConstraintRule) -> Findings:
    for spec in (rule.then.models, rule.then.tools, rule.then.fields):
        if spec and spec.allow == ():
            yield spec.mark("allow")


@checks_each(ConstraintRule, "alias-target")
def alias_target(rule: ConstraintRule) -> Findings:
    models = rule.then.models
    for name, target in models.alias.items() if models else ():
        if models and (target in models.alias or not _allows(models.allow, target)):
            yield place(target, place(name))


def _allows(patterns: tuple[str, ...] | None, model: str) -> bool:
    return patterns is None or any(is_named(p, model) for p in patterns)


@checks("constitution-text")
def constitution_text(subject: Subject) -> Findings:
    for rule, path in _constitutions(subject):
        if path in subject.bundle.files and not subject.bundle.text(path).strip():
            yield Found(Mark(path), rule=rule.id)


@checks("constitution-length", Severity.WARNING)
def constitution_length(subject: Subject) -> Findings:
    for rule, path in _constitutions(subject):
        if len(subject.bundle.text(path)) > MAX_CONSTITUTION:
            yield Found(Mark(path), rule=rule.id)


def _constitutions(subject: Subject) -> Iterator[tuple[ConstraintRule, str]]:
    for rule in subject.constraints:
        if rule.then.constitution:
            yield rule, rule.then.constitution.file


@checks("constitution-languages", Severity.WARNING)
def constitution_languages(subject: Subject) -> Findings:
    rules = [rule for rule in subject.constraints if rule.then.constitution]
    spoken = {lang for rule in rules for lang in rule.when.language or ("zh", "en")}
    if rules and len(spoken) < 2:
        yield Found(rules[0].mark("when"), rule=rules[0].id)


@checks("clause-kind")
def clause_kind(subject: Subject) -> Findings:
    known = subject.known | own_kinds(subject)
    for rule in subject.constraints:
        kinds = (kind for clause in rule.then.clauses for kind in clause.kinds)
        yield from (Found(place(k), rule=rule.id) for k in kinds if not is_known(k, known))


@checks("reasoning-unchecked", Severity.WARNING)
def hidden_unchecked(subject: Subject) -> Findings:
    covered = any("reasoning" in rule.where for rule in subject.rules)
    for rule in subject.constraints:
        spec = rule.then.reasoning
        if spec and spec.check == "separate" and spec.show == "shown" and not covered:
            yield Found(spec.mark("check"), rule=rule.id)
