"""Lints across rules and packs: overlays never weaken, nothing is unreachable, the top of a pack is
safe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from threegate.policy.compile import build
from threegate.policy.language.load import answer_paths
from threegate.policy.language.problems import Mark, Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Findings, Found, Subject, checks
from threegate.policy.model import Mode
from threegate.policy.model import Rule as Compiled
from threegate.policy.schema import AuditLevel, OnAuditFailure, Pack
from threegate.policy.strictness.compare import Direction, includes, selector_covers, within
from threegate.policy.strictness.diff import PolicyChange, diff
from threegate.policy.strictness.diff import Subject as Of
from threegate.types import Bilingual


@checks("weaker-overlay")
def weaker_overlay(subject: Subject) -> Findings:
    bundle = subject.bundle
    for number, pack in enumerate(subject.packs):
        if pack.extends:
            base = build(replace(bundle, packs=subject.packs[:number]))
            over = build(replace(bundle, packs=subject.packs[: number + 1]))
            yield from (_weaker(pack, change) for change in diff(base, over).weaker)


def _weaker(pack: Pack, change: PolicyChange) -> Found:
    worse = [a.text for a in change.aspects if a.direction >= Direction.UNCLEAR]
    zh = f"{change.id} 比基础包更松：" + "；".join(t.zh for t in worse)
    en = f"{change.id} is weaker than in the base pack: " + "; ".join(t.en for t in worse)
    rule = change.id if change.subject is Of.RULE else ""
    return Found(_where(pack, change), Bilingual(zh, en), rule)


def _where(pack: Pack, change: PolicyChange) -> Mark:
    named: Mapping[str, Any] = {
        **{rule.id: rule for rule in pack.rules},
        **{f"list.{n}": s for n, s in pack.lists.items()},
        **{f"pattern.{n}": s for n, s in pack.detectors.items()},
        **{f"category.{n}": s for n, s in pack.detectors.items()},
    }
    return place(named.get(change.id), pack.at)


@checks("overshadowed-rule", Severity.INFO)
def overshadowed_rule(subject: Subject) -> Findings:
    marks = {rule.id: rule.at for rule in subject.rules}
    rules = build(subject.bundle).rules
    for rule in rules:
        if any(_overshadows(other, rule) for other in rules if other.id != rule.id):
            yield Found(marks[rule.id], rule=rule.id)


def _overshadows(strong: Compiled, weak: Compiled) -> bool:
    return (
        strong.mode is Mode.ENFORCE
        and weak.mode is Mode.ENFORCE
        and strong.rollout == 100
        and not strong.exceptions
        and not (strong.claims or weak.claims)
        and not (strong.detect.all or strong.detect.none)
        and strong.layer is weak.layer
        and strong.action > weak.action
        and strong.channels >= weak.channels
        and selector_covers(strong.when, weak.when)
        and _finds_all(strong, weak)
    )


def _finds_all(strong: Compiled, weak: Compiled) -> bool:
    def found(kind: str) -> bool:
        by = [k for k in strong.detect.any if includes(k, kind)]
        return bool(by) and strong.detect.level_for(kind) <= weak.detect.level_for(kind)

    return bool(weak.detect.any) and all(found(kind) for kind in weak.detect.any)


@checks("wide-pass-through")
def wide_pass_through(subject: Subject) -> Findings:
    for pack in subject.packs:
        for path in pack.pass_through:
            if "*" in path or not path.startswith("/") or any(d in path for d in _GUARDED_PATHS):
                yield place(path)


_GUARDED_PATHS = ("chat", "completions", "messages", "responses", "embeddings")


@checks("audit-too-little", Severity.WARNING)
def audit_too_little(subject: Subject) -> Findings:
    for pack in subject.packs:
        spec = pack.audit
        if spec and (spec.level is AuditLevel.NONE or spec.on_failure is OnAuditFailure.CONTINUE):
            yield spec.at


@checks("unreachable-binding", Severity.WARNING)
def unreachable_binding(subject: Subject) -> Findings:
    for pack in subject.packs:
        for i, binding in enumerate(pack.bindings):
            if any(within(each.selector, binding.selector) for each in pack.bindings[:i]):
                yield binding.at


@checks("empty-answer")
def empty_answer(subject: Subject) -> Findings:
    files = subject.bundle.files
    for rule in subject.rules:
        for path in answer_paths(rule.then.answer.use) if rule.then.answer else ():
            if path in files and not subject.bundle.text(path).strip():
                yield Found(Mark(path), rule=rule.id)


@checks("stale-shadow", Severity.INFO)
def stale_shadow(subject: Subject) -> Findings:
    for rule in subject.written:
        if rule.mode is Mode.SHADOW and not rule.review_by:
            yield Found(rule.mark("mode"), rule=rule.id)
