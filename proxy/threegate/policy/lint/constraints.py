# ruff: noqa: E501 - bilingual texts stay in one piece
"""Lints of the constraint layer."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.kinds import is_known
from threegate.policy.language.problems import Mark, Problem, Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Lint, Subject, checks
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


_FIX = Bilingual("可用：" + "、".join(SAMPLING) + "。", "Use one of " + ", ".join(SAMPLING) + ".")


@checks("unknown-parameter", fix=_FIX)
def unknown_parameter(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.constraints:
        for name, spec in rule.then.clamp.items():
            if name not in SAMPLING:
                zh, en = f"没有 {name} 这个采样参数", f"unknown sampling parameter {name}"
                yield lint.at(place(name, spec.at), zh, en, rule=rule.id)


@checks("clamp-order")
def clamp_order(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.constraints:
        for spec in rule.then.clamp.values():
            if not _ordered(spec):
                yield lint.at(spec.at, rule=rule.id)


def _ordered(spec: ClampSpec) -> bool:
    low = float("-inf") if spec.min is None else spec.min
    high = float("inf") if spec.max is None else spec.max
    inside = all(low <= v <= high for v in (spec.default, spec.force) if v is not None)
    return low <= high and inside


@checks("clamp-empty")
def clamp_empty(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.constraints:
        for spec in rule.then.clamp.values():
            bounds = [spec.min, spec.max, spec.default].count(None) < 3
            if bounds + (spec.force is not None) + spec.drop != 1:
                yield lint.at(spec.at, rule=rule.id)


@checks("nothing-constrained")
def nothing_constrained(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.constraints:
        if not rule.then.marks:
            yield lint.at(rule.mark("then"), rule=rule.id)


@checks("allow-and-deny")
def allow_and_deny(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.constraints:
        for spec in (rule.then.tools, rule.then.fields):
            both = set(spec.allow or ()) & set(spec.deny) if spec else ()
            yield from (lint.at(place(name), rule=rule.id) for name in sorted(both))


@checks("empty-allow", Severity.WARNING)
def empty_allow(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.constraints:
        for spec in (rule.then.models, rule.then.tools, rule.then.fields):
            if spec and spec.allow == ():
                yield lint.at(spec.mark("allow"), rule=rule.id)


@checks("alias-target")
def alias_target(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.constraints:
        models = rule.then.models
        for name, target in models.alias.items() if models else ():
            if models and (target in models.alias or not _allows(models.allow, target)):
                yield lint.at(place(target, place(name)), rule=rule.id)


def _allows(patterns: tuple[str, ...] | None, model: str) -> bool:
    return patterns is None or any(matches(p, model) for p in patterns)


@checks("constitution-text")
def constitution_text(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule, path in _constitutions(subject):
        if path in subject.bundle.files and not subject.bundle.text(path).strip():
            yield lint.at(Mark(path), rule=rule.id)


@checks("constitution-length", Severity.WARNING)
def constitution_length(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule, path in _constitutions(subject):
        if len(subject.bundle.text(path)) > MAX_CONSTITUTION:
            yield lint.at(Mark(path), rule=rule.id)


def _constitutions(subject: Subject) -> Iterator[tuple[ConstraintRule, str]]:
    for rule in subject.constraints:
        if rule.then.constitution:
            yield rule, rule.then.constitution.file


@checks("constitution-languages", Severity.WARNING)
def constitution_languages(lint: Lint, subject: Subject) -> Iterator[Problem]:
    rules = [rule for rule in subject.constraints if rule.then.constitution]
    spoken = {lang for rule in rules for lang in rule.when.language or ("zh", "en")}
    if rules and len(spoken) < 2:
        yield lint.at(rules[0].mark("when"), rule=rules[0].id)


@checks("clause-kind")
def clause_kind(lint: Lint, subject: Subject) -> Iterator[Problem]:
    known = subject.known | own_kinds(subject)
    for rule in subject.constraints:
        for clause in rule.then.clauses:
            for kind in clause.kinds:
                if not is_known(kind, known):
                    yield lint.at(place(kind), rule=rule.id)


@checks("reasoning-unchecked", Severity.WARNING)
def hidden_unchecked(lint: Lint, subject: Subject) -> Iterator[Problem]:
    covered = any("reasoning" in rule.where for rule in subject.rules)
    for rule in subject.constraints:
        spec = rule.then.reasoning
        if spec and spec.check == "separate" and spec.show == "shown" and not covered:
            yield lint.at(spec.mark("check"), rule=rule.id)
