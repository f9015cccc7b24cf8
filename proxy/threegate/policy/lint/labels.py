"""Lints of `unlabelled`: a text may go without the visible AI label only if the user requested it,
under an agreement and with a record."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.language.problems import Severity
from threegate.policy.lint.base import Findings, Subject, checks
from threegate.policy.model import AiLabel
from threegate.policy.schema import OnAuditFailure, Pack, UnlabelledSpec


def _entries(subject: Subject) -> Iterator[tuple[Pack, UnlabelledSpec]]:
    for pack in subject.packs:
        yield from ((pack, entry) for entry in pack.unlabelled)


@checks("unlabelled-everyone")
def unlabelled_everyone(subject: Subject) -> Findings:
    for _, entry in _entries(subject):
        if not (entry.tenants or entry.keys) or "*" in (*entry.tenants, *entry.keys):
            yield entry.at


@checks("unlabelled-unrecorded")
def unlabelled_unrecorded(subject: Subject) -> Findings:
    given = [pack.audit.on_failure for pack in subject.packs if pack.audit is not None]
    if (given or [None])[-1] in (None, OnAuditFailure.CONTINUE):
        yield from (entry.at for _, entry in _entries(subject))


@checks("unlabelled-idle", Severity.WARNING)
def unlabelled_idle(subject: Subject) -> Findings:
    labels = [pack.label for pack in subject.packs if pack.label is not None]
    if not labels or labels[-1] is not AiLabel.TEXT:
        yield from (entry.at for _, entry in _entries(subject))


@checks("unlabelled-over", Severity.WARNING)
def unlabelled_over(subject: Subject) -> Findings:
    for _, entry in _entries(subject):
        if subject.today and entry.expires and entry.expires < subject.today:
            yield entry.mark("expires")
