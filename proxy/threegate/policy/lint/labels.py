"""Lints of `unlabelled`: no sign in the text without a request, an agreement and a record."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.language.problems import Problem, Severity
from threegate.policy.lint.base import Lint, Subject
from threegate.policy.model import AiLabel
from threegate.policy.schema import OnAuditFailure, Pack, UnlabelledSpec


def _entries(subject: Subject) -> Iterator[tuple[Pack, UnlabelledSpec]]:
    for pack in subject.packs:
        yield from ((pack, entry) for entry in pack.unlabelled)


class UnlabelledEveryone(Lint):
    code = "unlabelled-everyone"

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, entry in _entries(subject):
            if not (entry.tenants or entry.keys) or "*" in (*entry.tenants, *entry.keys):
                yield self.at(entry.at)


class UnlabelledUnrecorded(Lint):
    code = "unlabelled-unrecorded"

    def check(self, subject: Subject) -> Iterator[Problem]:
        given = [pack.audit.on_failure for pack in subject.packs if pack.audit is not None]
        if (given or [None])[-1] in (None, OnAuditFailure.CONTINUE):
            yield from (self.at(entry.at) for _, entry in _entries(subject))


class UnlabelledIdle(Lint):
    code = "unlabelled-idle"
    severity = Severity.WARNING

    def check(self, subject: Subject) -> Iterator[Problem]:
        labels = [pack.label for pack in subject.packs if pack.label is not None]
        if not labels or labels[-1] is not AiLabel.TEXT:
            yield from (self.at(entry.at) for _, entry in _entries(subject))


class UnlabelledOver(Lint):
    code = "unlabelled-over"
    severity = Severity.WARNING

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, entry in _entries(subject):
            if subject.today and entry.expires and entry.expires < subject.today:
                yield self.at(entry.mark("expires"))


LABELS: tuple[Lint, ...] = (
    UnlabelledEveryone(),
    UnlabelledUnrecorded(),
    UnlabelledIdle(),
    UnlabelledOver(),
)
