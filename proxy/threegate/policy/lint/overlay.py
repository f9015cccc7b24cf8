"""Lints across rules and packs: overlays never weaken, nothing is unreachable, the top of a pack is
safe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from threegate.policy.compile import build
from threegate.policy.language.load import answer_paths
from threegate.policy.language.problems import Mark, Problem, Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Lint, Subject
from threegate.policy.model import Mode
from threegate.policy.model import Rule as Compiled
from threegate.policy.schema import AuditLevel, OnAuditFailure, Pack
from threegate.policy.strictness.compare import Direction, includes, selector_covers
from threegate.policy.strictness.diff import PolicyChange, diff
from threegate.policy.strictness.diff import Subject as Of


class WeakerOverlay(Lint):
    code = "weaker-overlay"

    def check(self, subject: Subject) -> Iterator[Problem]:
        before: list[Pack] = []
        for pack in subject.packs:
            if pack.extends:
                yield from self._weaker(subject, tuple(before), pack)
            before.append(pack)

    def _weaker(self, subject: Subject, before: tuple[Pack, ...], pack: Pack) -> Iterator[Problem]:
        bundle = subject.bundle
        base = build(replace(bundle, packs=before))
        over = build(replace(bundle, packs=(*before, pack)))
        for change in diff(base, over).weaker:
            yield self._problem(pack, change)

    def _problem(self, pack: Pack, change: PolicyChange) -> Problem:
        worse = [a.text for a in change.aspects if a.direction >= Direction.UNCLEAR]
        zh = f"{change.id} 比基础包更松：" + "；".join(t.zh for t in worse)
        en = f"{change.id} is weaker than in the base pack: " + "; ".join(t.en for t in worse)
        rule = change.id if change.subject is Of.RULE else ""
        return self.at(_where(pack, change), zh, en, rule=rule)


def _where(pack: Pack, change: PolicyChange) -> Mark:
    named: Mapping[str, Any] = {
        **{rule.id: rule for rule in pack.rules},
        **{f"list.{n}": s for n, s in pack.lists.items()},
        **{f"pattern.{n}": s for n, s in pack.detectors.items()},
        **{f"category.{n}": s for n, s in pack.detectors.items()},
    }
    return place(named.get(change.id), pack.at)


class OvershadowedRule(Lint):
    code = "overshadowed-rule"
    severity = Severity.INFO

    def check(self, subject: Subject) -> Iterator[Problem]:
        marks = {rule.id: rule.at for rule in subject.rules}
        rules = build(subject.bundle).rules
        for rule in rules:
            if any(_overshadows(other, rule) for other in rules if other.id != rule.id):
                yield self.at(marks[rule.id], rule=rule.id)


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


class WidePassThrough(Lint):
    code = "wide-pass-through"

    def check(self, subject: Subject) -> Iterator[Problem]:
        for pack in subject.packs:
            for path in pack.pass_through:
                if "*" in path or not path.startswith("/") or any(d in path for d in _DOORS):
                    yield self.at(place(path))


_DOORS = ("chat", "completions", "messages", "responses", "embeddings")


class AuditTooLittle(Lint):
    code = "audit-too-little"
    severity = Severity.WARNING

    def check(self, subject: Subject) -> Iterator[Problem]:
        for pack in subject.packs:
            spec = pack.audit
            if spec and (
                spec.level is AuditLevel.NONE or spec.on_failure is OnAuditFailure.CONTINUE
            ):
                yield self.at(spec.at)


class UnreachableBinding(Lint):
    code = "unreachable-binding"
    severity = Severity.WARNING

    def check(self, subject: Subject) -> Iterator[Problem]:
        for pack in subject.packs:
            for i, binding in enumerate(pack.bindings):
                if any(_takes(earlier, binding) for earlier in pack.bindings[:i]):
                    yield self.at(binding.at)


def _takes(wide: Any, narrow: Any) -> bool:
    parts = ("tenants", "keys", "models")
    route = not wide.route or _prefix(wide.route, narrow.route)
    return route and all(
        not getattr(wide, p) or set(getattr(narrow, p) or ("",)) <= set(getattr(wide, p))
        for p in parts
    )


def _prefix(wide: str, narrow: str) -> bool:
    return wide == narrow or (wide.endswith("*") and narrow.startswith(wide[:-1]))


class EmptyAnswer(Lint):
    code = "empty-answer"

    def check(self, subject: Subject) -> Iterator[Problem]:
        files = subject.bundle.files
        for rule in subject.rules:
            for path in answer_paths(rule.then.answer.use) if rule.then.answer else ():
                if path in files and not subject.bundle.text(path).strip():
                    yield self.at(Mark(path), rule=rule.id)


class StaleShadow(Lint):
    code = "stale-shadow"
    severity = Severity.INFO

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, rule in subject.written:
            if rule.mode is Mode.SHADOW and not rule.review_by:
                yield self.at(rule.mark("mode"), rule=rule.id)


OVERLAY: tuple[Lint, ...] = (
    WeakerOverlay(),
    OvershadowedRule(),
    WidePassThrough(),
    AuditTooLittle(),
    UnreachableBinding(),
    EmptyAnswer(),
    StaleShadow(),
)
