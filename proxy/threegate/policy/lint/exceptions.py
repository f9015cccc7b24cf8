"""Lints of exceptions: each is narrow, timed and approved by somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from threegate.policy.language.problems import Problem, Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Lint, Subject
from threegate.policy.schema import Exceptional, Rule
from threegate.types import Bilingual

MAX_DAYS = 90
SOON_DAYS = 14


def _exceptions(subject: Subject) -> Iterator[tuple[Rule, Exceptional]]:
    for rule in subject.rules:
        yield from ((rule, exception) for exception in rule.exceptions)


def days_left(today: str, expires: str) -> int | None:
    """Days until a date; None where either is no real date (31 February is caught by its own
    lint)."""
    try:
        return (date.fromisoformat(expires) - date.fromisoformat(today)) // timedelta(days=1)
    except ValueError:
        return None


class ExceptionExpired(Lint):
    code = "exception-expired"
    severity = Severity.WARNING
    title = Bilingual("例外已过期，不再生效", "the exception has expired and no longer applies")
    why = Bilingual("过期的例外只会让人误解。", "Expired exceptions mislead readers.")
    fix = Bilingual("删除它，或重新批准。", "Remove it or have it approved again.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule, exception in _exceptions(subject):
            left = days_left(subject.today, exception.expires)
            if left is not None and left < 0:
                yield self.at(exception.mark("expires"), rule=rule.id)


class ExceptionSoon(Lint):
    code = "exception-expires-soon"
    severity = Severity.WARNING
    title = Bilingual("例外将在 14 天内过期", "the exception expires within 14 days")
    why = Bilingual(
        "过期后规则对这些调用重新生效。", "After that the rule applies to these callers again."
    )
    fix = Bilingual("续期或通知使用者。", "Renew it or tell those who rely on it.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule, exception in _exceptions(subject):
            left = days_left(subject.today, exception.expires)
            if left is not None and 0 <= left <= SOON_DAYS:
                yield self.at(exception.mark("expires"), rule=rule.id)


class ExceptionTooLong(Lint):
    code = "exception-too-long"
    title = Bilingual("例外的有效期超过 90 天", "the exception lasts longer than 90 days")
    why = Bilingual("长期的例外其实是另一条规则。", "A lasting exception is really another rule.")
    fix = Bilingual(
        "把 expires 改到 90 天以内，或改规则本身。",
        "Let it expire within 90 days or change the rule itself.",
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule, exception in _exceptions(subject):
            left = days_left(subject.today, exception.expires)
            if left is not None and left > MAX_DAYS:
                yield self.at(exception.mark("expires"), rule=rule.id)


class ExceptionDate(Lint):
    code = "exception-date"
    title = Bilingual("例外的失效日期不存在", "the expiry is not a real date")
    why = Bilingual("没有日期的例外不会失效。", "An exception without a real date would never end.")
    fix = Bilingual("写一个真实的日期。", "Write a real date.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule, exception in _exceptions(subject):
            if days_left("2026-01-01", exception.expires) is None:
                yield self.at(exception.mark("expires"), rule=rule.id)


class ExceptionUnlimited(Lint):
    code = "exception-unlimited"
    title = Bilingual("例外没有限定范围", "the exception covers everybody")
    why = Bilingual("它等于停用规则。", "It switches the rule off.")
    fix = Bilingual(
        "在 match 里写租户、密钥、路径、模型或值。",
        "Name tenants, keys, routes, models or values in match.",
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule, exception in _exceptions(subject):
            match = exception.match
            if not any((match.tenant, match.key, match.route, match.model, match.value_sha256)):
                yield self.at(exception.mark("match"), rule=rule.id)


class ExceptionWildcard(Lint):
    code = "exception-wildcard"
    severity = Severity.WARNING
    title = Bilingual("例外使用了只有 * 的条件", "the exception has a bare * condition")
    why = Bilingual("* 匹配全部，等于没有条件。", "* matches everything, which is no condition.")
    fix = Bilingual("写出具体的名称。", "Name who is meant.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule, exception in _exceptions(subject):
            match = exception.match
            for value in (*match.tenant, *match.key, *match.route, *match.model):
                if value in ("*", "/*"):
                    yield self.at(place(value, exception.at), rule=rule.id)


class ExceptionSelfApproved(Lint):
    code = "exception-self-approved"
    title = Bilingual(
        "规则负责人批准了自己规则的例外", "the rule's owner approved an exception to it"
    )
    why = Bilingual("例外须由他人批准。", "Somebody else has to approve an exception.")
    fix = Bilingual(
        "请另一个人批准并写上他的名字。", "Let another person approve it and name them."
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule, exception in _exceptions(subject):
            if exception.approver.strip().casefold() == rule.owner.strip().casefold():
                yield self.at(exception.mark("approver"), rule=rule.id)


class ExceptionUnsalted(Lint):
    code = "exception-unsalted"
    severity = Severity.WARNING
    title = Bilingual("值的 SHA-256 没有加盐", "the SHA-256 of a value has no salt")
    why = Bilingual(
        "号码不多，逐个试就能从没有加盐的 SHA-256 找回原值。",
        "There are few numbers: trying them all finds the value again from a plain SHA-256.",
    )
    fix = Bilingual(
        "用 `threegate policy hash` 得到 value_salt 和 value_sha256。",
        "Let `threegate policy hash` make value_salt and value_sha256.",
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule, exception in _exceptions(subject):
            if exception.match.value_sha256 and not exception.match.value_salt:
                yield self.at(exception.mark("match"), rule=rule.id)


class ExceptionDuplicate(Lint):
    code = "duplicate-exception"
    title = Bilingual("例外编号重复", "two exceptions share an id")
    why = Bilingual("审计记录用编号指明例外。", "Audit records name exceptions by id.")
    fix = Bilingual("改其中一个编号。", "Rename one of them.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            seen: set[str] = set()
            for exception in rule.exceptions:
                if exception.id in seen:
                    yield self.at(place(exception.id), rule=rule.id)
                seen.add(exception.id)


EXCEPTIONS: tuple[Lint, ...] = (
    ExceptionExpired(),
    ExceptionSoon(),
    ExceptionTooLong(),
    ExceptionDate(),
    ExceptionUnlimited(),
    ExceptionWildcard(),
    ExceptionSelfApproved(),
    ExceptionUnsalted(),
    ExceptionDuplicate(),
)
