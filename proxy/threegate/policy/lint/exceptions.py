"""Lints of exceptions: each must be narrow, limited in time and approved by somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from threegate.policy.language.problems import Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Findings, Found, Subject, checks, checks_each
from threegate.policy.schema import Exceptional, Rule

MAX_DAYS = 90
SOON_DAYS = 14


def _exceptions(subject: Subject) -> Iterator[tuple[Rule, Exceptional]]:
    for rule in subject.rules:
        yield from ((rule, exception) for exception in rule.exceptions)


def days_left(today: str, expires: str) -> int | None:
    """Days until a date; None if either is not a real date (31 February has its own lint)."""
    try:
        return (date.fromisoformat(expires) - date.fromisoformat(today)) // timedelta(days=1)
    except ValueError:
        return None


def last_day(today: str) -> str:
    """The last day on which an exception made today may end."""
    return str(date.fromisoformat(today) + timedelta(days=MAX_DAYS))


@checks("exception-expired", Severity.WARNING)
def exception_expired(subject: Subject) -> Findings:
    for rule, exception in _exceptions(subject):
        left = days_left(subject.today, exception.expires)
        if left is not None and left < 0:
            yield Found(exception.mark("expires"), rule=rule.id)


@checks("exception-expires-soon", Severity.WARNING)
def exception_soon(subject: Subject) -> Findings:
    for rule, exception in _exceptions(subject):
        left = days_left(subject.today, exception.expires)
        if left is not None and 0 <= left <= SOON_DAYS:
            yield Found(exception.mark("expires"), rule=rule.id)


@checks("exception-too-long")
def exception_too_long(subject: Subject) -> Findings:
    for rule, exception in _exceptions(subject):
        left = days_left(subject.today, exception.expires)
        if left is not None and left > MAX_DAYS:
            yield Found(exception.mark("expires"), rule=rule.id)


@checks("exception-date")
def exception_date(subject: Subject) -> Findings:
    for rule, exception in _exceptions(subject):
        if days_left("2026-01-01", exception.expires) is None:
            yield Found(exception.mark("expires"), rule=rule.id)


@checks("exception-unlimited")
def exception_unlimited(subject: Subject) -> Findings:
    for rule, exception in _exceptions(subject):
        match = exception.match
        if not any((match.tenant, match.key, match.route, match.model, match.value_sha256)):
            yield Found(exception.mark("match"), rule=rule.id)


@checks("exception-wildcard", Severity.WARNING)
def exception_wildcard(subject: Subject) -> Findings:
    for rule, exception in _exceptions(subject):
        match = exception.match
        for value in (*match.tenant, *match.key, *match.route, *match.model):
            if value in ("*", "/*"):
                yield Found(place(value, exception.at), rule=rule.id)


@checks("exception-self-approved")
def exception_self_approved(subject: Subject) -> Findings:
    for rule, exception in _exceptions(subject):
        if exception.approver.strip().casefold() == rule.owner.strip().casefold():
            yield Found(exception.mark("approver"), rule=rule.id)


@checks("exception-unsalted", Severity.WARNING)
def exception_unsalted(subject: Subject) -> Findings:
    for rule, exception in _exceptions(subject):
        if exception.match.value_sha256 and not exception.match.value_salt:
            yield Found(exception.mark("match"), rule=rule.id)


@checks_each(Rule, "duplicate-exception")
def exception_duplicate(rule: Rule) -> Findings:
    seen: set[str] = set()
    for exception in rule.exceptions:
        if exception.id in seen:
            yield place(exception.id)
        seen.add(exception.id)
