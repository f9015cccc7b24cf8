"""Lints of what surrounds a rule: reasons, owners, titles, review, ids, selectors."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.policy.compliance.taxonomy import BY_ID
from threegate.policy.language.problems import Problem, Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Lint, Subject
from threegate.policy.schema import Rule
from threegate.types import Action

_HAN = re.compile(r"[\u3400-\u9fff]")
LANGUAGES = ("zh", "en")


class NoWhy(Lint):
    code = "no-why"

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, rule in subject.written:
            if not rule.why:
                yield self.at(rule.mark("why"), rule=rule.id)


class UnknownWhy(Lint):
    code = "unknown-why"

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, rule in subject.written:
            for id in rule.why:
                if id not in BY_ID:
                    yield self.at(
                        place(id), f"依据编号 {id} 不存在", f"unknown reason id {id}", rule=rule.id
                    )


class NoOwner(Lint):
    code = "no-owner"

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, rule in subject.written:
            if not rule.owner.strip():
                yield self.at(rule.mark("owner"), rule=rule.id)


class PlainTitle(Lint):
    code = "title-language"
    severity = Severity.WARNING

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, rule in subject.written:
            if not _HAN.search(rule.title.zh) or _HAN.search(rule.title.en):
                yield self.at(rule.mark("title"), rule=rule.id)


class NoReview(Lint):
    code = "no-review-date"
    severity = Severity.WARNING

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, rule in subject.written:
            if not rule.review_by:
                yield self.at(rule.at, rule=rule.id)


class ReviewOverdue(Lint):
    code = "review-overdue"
    severity = Severity.WARNING

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, rule in subject.written:
            if subject.today and rule.review_by and rule.review_by < subject.today:
                yield self.at(rule.mark("review_by"), rule=rule.id)


class DuplicateRule(Lint):
    code = "duplicate-rule"

    def check(self, subject: Subject) -> Iterator[Problem]:
        for pack in subject.packs:
            seen: set[str] = set()
            for rule in pack.rules:
                if rule.id in seen:
                    yield self.at(place(rule.id), rule=rule.id)
                seen.add(rule.id)


class NoRules(Lint):
    code = "no-rules"

    def check(self, subject: Subject) -> Iterator[Problem]:
        """Not where rules could not be read, which is reported already, nor where a pack brings
        what the rules of others use."""
        unread = {problem.at.file for problem in subject.bundle.problems}
        for pack in subject.packs:
            for_others = pack.lists or pack.detectors or pack.recognizers or pack.knowledge
            acts = pack.rules or pack.extends or pack.bindings
            if not (acts or for_others or pack.at.file in unread):
                yield self.at(pack.at)


class NoMessage(Lint):
    code = "no-message"
    severity = Severity.WARNING

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            if rule.then.block and not rule.message:
                yield self.at(rule.at, rule=rule.id)


class BadLanguage(Lint):
    code = "unknown-language"

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, rule in subject.written:
            for language in rule.when.language:
                if language not in LANGUAGES:
                    yield self.at(place(language), rule=rule.id)


class BadRoute(Lint):
    code = "bad-route"

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, rule in subject.written:
            for route in rule.when.route:
                if not route.startswith("/"):
                    yield self.at(place(route), rule=rule.id)
        for pack in subject.packs:
            for binding in pack.bindings:
                if binding.route and not binding.route.startswith("/"):
                    yield self.at(place(binding.route))


class RolloutZero(Lint):
    code = "rollout-zero"
    severity = Severity.WARNING

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, rule in subject.written:
            if rule.rollout == 0:
                yield self.at(rule.mark("rollout"), rule=rule.id)


class WeakOnError(Lint):
    code = "weak-on-error"
    severity = Severity.WARNING

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            for spec in filter(None, (rule, rule.second_opinion)):
                for key in ("on_error", "on_timeout"):
                    if _acts(rule) and getattr(spec, key) is Action.ALLOW:
                        yield self.at(spec.mark(key), rule=rule.id)


def _acts(rule: Rule) -> bool:
    then = rule.then
    return any((then.block, then.answer, then.mask, then.redact, then.rewrite))


META: tuple[Lint, ...] = (
    NoWhy(),
    UnknownWhy(),
    NoOwner(),
    PlainTitle(),
    NoReview(),
    ReviewOverdue(),
    DuplicateRule(),
    NoRules(),
    NoMessage(),
    BadLanguage(),
    BadRoute(),
    RolloutZero(),
    WeakOnError(),
)
