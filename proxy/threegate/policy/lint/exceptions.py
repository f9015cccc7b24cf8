"""Lints of exceptions: each is narrow, timed and approved by somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from threegate.policy.language.problems import Problem, Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Lint, Subject
from threegate.policy.schema import Exceptional, Rule

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

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule, exception in _exceptions(subject):
            left = days_left(subject.today, exception.expires)
            if left is not None and left < 0:
                yield self.at(exception.mark("expires"), rule=rule.id)


class ExceptionSoon(Lint):
    code = "exception-expires-soon"
    severity = Severity.WARNING

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule, exception in _exceptions(subject):
            left = days_left(subject.today, exception.expires)
            if left is not None and 0 <= left <= SOON_DAYS:
                yield self.at(exception.mark("expires"), rule=rule.id)


class ExceptionTooLong(Lint):
    code = "exception-too-long"

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule, exception in _exceptions(subject):
            left = days_left(subject.today, exception.expires)
            if left is not None and left > MAX_DAYS:
                yield self.at(exception.mark("expires"), rule=rule.id)


class ExceptionDate(Lint):
    code = "exception-date"

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule, exception in _exceptions(subject):
            if days_left("2026-01-01", exception.expires) is None:
                yield self.at(exception.mark("expires"), rule=rule.id)


class ExceptionUnlimited(Lint):
    code = "exception-unlimited"

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule, exception in _exceptions(subject):
            match = exception.match
            if not any((match.tenant, match.key, match.route, match.model, match.value_sha256)):
                yield self.at(exception.mark("match"), rule=rule.id)


class ExceptionWildcard(Lint):
    code = "exception-wildcard"
    severity = Severity.WARNING

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule, exception in _exceptions(subject):
            match = exception.match
            for value in (*match.tenant, *match.key, *match.route, *match.model):
                if value in ("*", "/*"):
                    yield self.at(place(value, exception.at), rule=rule.id)


class ExceptionSelfApproved(Lint):
    code = "exception-self-approved"

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule, exception in _exceptions(subject):
            if exception.approver.strip().casefold() == rule.owner.strip().casefold():
                yield self.at(exception.mark("approver"), rule=rule.id)


class ExceptionUnsalted(Lint):
    code = "exception-unsalted"
    severity = Severity.WARNING

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule, exception in _exceptions(subject):
            if exception.match.value_sha256 and not exception.match.value_salt:
                yield self.at(exception.mark("match"), rule=rule.id)


class ExceptionDuplicate(Lint):
    code = "duplicate-exception"

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
