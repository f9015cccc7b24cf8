"""Lints of a rule's metadata: reasons, owners, titles, review, ids, selectors."""

from __future__ import annotations

import re

from threegate.policy.compliance.taxonomy import BY_ID
from threegate.policy.language.problems import Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Findings, Found, Subject, checks, checks_each
from threegate.policy.schema import Rule
from threegate.types import Action, Bilingual

_HAN = re.compile(r"[\u3400-\u9fff]")
LANGUAGES = ("zh", "en")


@checks("no-why")
def no_why(subject: Subject) -> Findings:
    for rule in subject.written:
        if not rule.why:
            yield Found(rule.mark("why"), rule=rule.id)


@checks("unknown-why")
def unknown_why(subject: Subject) -> Findings:
    for rule in subject.written:
        for id in rule.why:
            if id not in BY_ID:
                text = Bilingual(f"依据编号 {id} 不存在", f"unknown reason id {id}")
                yield Found(place(id), text, rule.id)


@checks("no-owner")
def no_owner(subject: Subject) -> Findings:
    for rule in subject.written:
        if not rule.owner.strip():
            yield Found(rule.mark("owner"), rule=rule.id)


@checks("title-language", Severity.WARNING)
def plain_title(subject: Subject) -> Findings:
    for rule in subject.written:
        if not _HAN.search(rule.title.zh) or _HAN.search(rule.title.en):
            yield Found(rule.mark("title"), rule=rule.id)


@checks("no-review-date", Severity.WARNING)
def no_review(subject: Subject) -> Findings:
    for rule in subject.written:
        if not rule.review_by:
            yield Found(rule.at, rule=rule.id)


@checks("review-overdue", Severity.WARNING)
def review_overdue(subject: Subject) -> Findings:
    for rule in subject.written:
        if subject.today and rule.review_by and rule.review_by < subject.today:
            yield Found(rule.mark("review_by"), rule=rule.id)


@checks("duplicate-rule")
def duplicate_rule(subject: Subject) -> Findings:
    for pack in subject.packs:
        seen: set[str] = set()
        for rule in pack.rules:
            if rule.id in seen:
                yield Found(place(rule.id), rule=rule.id)
            seen.add(rule.id)


@checks("no-rules")
def no_rules(subject: Subject) -> Findings:
    """Not if rules could not be read, which is reported already, nor if a pack provides what other
    packs' rules use."""
    unread = {problem.at.file for problem in subject.bundle.problems}
    for pack in subject.packs:
        for_others = pack.lists or pack.detectors or pack.recognizers or pack.knowledge
        acts = pack.rules or pack.extends or pack.bindings
        if not (acts or for_others or pack.at.file in unread):
            yield pack.at


@checks_each(Rule, "no-message", Severity.WARNING)
def no_message(rule: Rule) -> Findings:
    if rule.then.block and not rule.message:
        yield rule.at


@checks("unknown-language")
def bad_language(subject: Subject) -> Findings:
    for rule in subject.written:
        for language in rule.when.language:
            if language not in LANGUAGES:
                yield Found(place(language), rule=rule.id)


@checks("bad-route")
def bad_route(subject: Subject) -> Findings:
    for rule in subject.written:
        for route in rule.when.route:
            if not route.startswith("/"):
                yield Found(place(route), rule=rule.id)
    for pack in subject.packs:
        for binding in pack.bindings:
            if binding.route and not binding.route.startswith("/"):
                yield place(binding.route)


@checks("rollout-zero", Severity.WARNING)
def rollout_zero(subject: Subject) -> Findings:
    for rule in subject.written:
        if rule.rollout == 0:
            yield Found(rule.mark("rollout"), rule=rule.id)


@checks_each(Rule, "weak-on-error", Severity.WARNING)
def weak_on_error(rule: Rule) -> Findings:
    for spec in filter(None, (rule, rule.second_opinion)):
        for key in ("on_error", "on_timeout"):
            if _acts(rule) and getattr(spec, key) is Action.ALLOW:
                yield spec.mark(key)


def _acts(rule: Rule) -> bool:
    then = rule.then
    return any((then.block, then.answer, then.mask, then.redact, then.rewrite))
