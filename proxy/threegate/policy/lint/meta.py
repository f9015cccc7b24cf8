"""Lints of what surrounds a rule: reasons, owners, titles, review, ids, selectors."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.policy.compliance.taxonomy import BY_ID
from threegate.policy.language.problems import Problem, Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Lint, Subject
from threegate.policy.schema import Rule
from threegate.types import Action, Bilingual

_HAN = re.compile(r"[\u3400-\u9fff]")
LANGUAGES = ("zh", "en")


class NoWhy(Lint):
    code = "no-why"
    title = Bilingual("规则没有写依据", "the rule gives no reason")
    why = Bilingual("审阅人要能看到规则为什么存在。", "A reviewer must see why the rule exists.")
    fix = Bilingual("在 why 里写分类编号。", "Name taxonomy ids in `why`.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, rule in subject.written:
            if not rule.why:
                yield self.at(rule.mark("why"), rule=rule.id)


class UnknownWhy(Lint):
    code = "unknown-why"
    title = Bilingual("依据编号不存在", "unknown reason id")
    why = Bilingual(
        "写错的编号在覆盖矩阵里会落空。", "A mistyped id is lost in the coverage matrix."
    )
    fix = Bilingual(
        "用 threegate policy taxonomy 查看编号；编号之间用半角逗号。",
        "See `threegate policy taxonomy` for the ids; ASCII commas stand between them.",
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, rule in subject.written:
            for id in rule.why:
                if id not in BY_ID:
                    yield self.at(
                        place(id), f"依据编号 {id} 不存在", f"unknown reason id {id}", rule=rule.id
                    )


class NoOwner(Lint):
    code = "no-owner"
    title = Bilingual("规则没有负责人", "the rule has no owner")
    why = Bilingual("每条规则要有人负责复审。", "Somebody must answer for every rule.")
    fix = Bilingual("写上部门或邮箱。", "Name an office or an address.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, rule in subject.written:
            if not rule.owner.strip():
                yield self.at(rule.mark("owner"), rule=rule.id)


class PlainTitle(Lint):
    code = "title-language"
    severity = Severity.WARNING
    title = Bilingual("标题没有写成两种语言", "the title is not in both languages")
    why = Bilingual("控制台和审计按语言显示标题。", "Console and audit show titles by language.")
    fix = Bilingual("zh 写中文，en 写英文。", "Write Chinese in zh and English in en.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, rule in subject.written:
            if not _HAN.search(rule.title.zh) or _HAN.search(rule.title.en):
                yield self.at(rule.mark("title"), rule=rule.id)


class NoReview(Lint):
    code = "no-review-date"
    severity = Severity.WARNING
    title = Bilingual("规则没有复审日期", "the rule has no review date")
    why = Bilingual("没有日期的规则没人再看。", "Rules without a date are never looked at again.")
    fix = Bilingual("写上 review_by，例如一年后。", "Add review_by, say in a year.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, rule in subject.written:
            if not rule.review_by:
                yield self.at(rule.at, rule=rule.id)


class ReviewOverdue(Lint):
    code = "review-overdue"
    severity = Severity.WARNING
    title = Bilingual("复审日期已过", "the review is overdue")
    why = Bilingual("规则可能已经过时。", "The rule may be out of date.")
    fix = Bilingual("复审后改 review_by。", "Review it, then move review_by.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, rule in subject.written:
            if subject.today and rule.review_by and rule.review_by < subject.today:
                yield self.at(rule.mark("review_by"), rule=rule.id)


class DuplicateRule(Lint):
    code = "duplicate-rule"
    title = Bilingual("同一个包里规则编号重复", "two rules of a pack share an id")
    why = Bilingual("后一条会无声地替换前一条。", "The later one would silently replace the other.")
    fix = Bilingual("改其中一个编号。", "Rename one of them.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for pack in subject.packs:
            seen: set[str] = set()
            for rule in pack.rules:
                if rule.id in seen:
                    yield self.at(place(rule.id), rule=rule.id)
                seen.add(rule.id)


class NoRules(Lint):
    code = "no-rules"
    title = Bilingual("策略包没有任何规则", "the pack has no rules")
    why = Bilingual("空的策略什么也不保护。", "An empty policy protects nothing.")
    fix = Bilingual("写规则、extends 或 bindings。", "Add rules, extends or bindings.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        """Not where rules could not be read: that is reported already."""
        unread = {problem.at.file for problem in subject.bundle.problems}
        for pack in subject.packs:
            if not (pack.rules or pack.extends or pack.bindings or pack.at.file in unread):
                yield self.at(pack.at)


class NoMessage(Lint):
    code = "no-message"
    severity = Severity.WARNING
    title = Bilingual("拦截规则没有给用户的说明", "a blocking rule tells the user nothing")
    why = Bilingual(
        "用户不知道为什么被拦截，会反复重试。", "Users who are not told why try again and again."
    )
    fix = Bilingual("加上 message: {zh: …, en: …}。", "Add message: {zh: …, en: …}.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            if rule.then.block and not rule.message:
                yield self.at(rule.at, rule=rule.id)


class BadLanguage(Lint):
    code = "unknown-language"
    title = Bilingual("未知的语言", "unknown language")
    why = Bilingual("规则永远不会生效。", "The rule would never apply.")
    fix = Bilingual("可用的语言：zh、en。", "Languages are zh and en.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, rule in subject.written:
            for language in rule.when.language:
                if language not in LANGUAGES:
                    yield self.at(place(language), rule=rule.id)


class BadRoute(Lint):
    code = "bad-route"
    title = Bilingual("路径必须以 / 开头", "a route starts with /")
    why = Bilingual("规则永远不会生效。", "The rule would never apply.")
    fix = Bilingual(
        "写成 /v1/chat/completions 或 /v1/*。", "Write it like /v1/chat/completions or /v1/*."
    )

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
    title = Bilingual("规则对 0% 的会话生效", "the rule applies to 0 % of conversations")
    why = Bilingual("看上去生效，其实没有。", "It looks active but is not.")
    fix = Bilingual("用 mode: shadow，或提高 rollout。", "Use mode: shadow or raise rollout.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, rule in subject.written:
            if rule.rollout == 0:
                yield self.at(rule.mark("rollout"), rule=rule.id)


class WeakOnError(Lint):
    code = "weak-on-error"
    severity = Severity.WARNING
    title = Bilingual("检测器出错或超时时放行", "a failing or late detector lets the text through")
    why = Bilingual(
        "让检测器出错就能绕过规则。", "Whoever makes the detector fail gets around the rule."
    )
    fix = Bilingual(
        "on_error 和 on_timeout 写 block，或说明为什么可以放行。",
        "Use block for on_error and on_timeout.",
    )

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
