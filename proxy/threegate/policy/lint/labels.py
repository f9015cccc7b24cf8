"""Lints of `unlabelled`: no sign in the text without a request, an agreement and a record."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.language.problems import Problem, Severity
from threegate.policy.lint.base import Lint, Subject
from threegate.policy.model import AiLabel
from threegate.policy.schema import OnAuditFailure, Pack, UnlabelledSpec
from threegate.types import Bilingual


def _entries(subject: Subject) -> Iterator[tuple[Pack, UnlabelledSpec]]:
    for pack in subject.packs:
        yield from ((pack, entry) for entry in pack.unlabelled)


class UnlabelledEveryone(Lint):
    code = "unlabelled-everyone"
    title = Bilingual("没有写是谁要求的", "it does not say who asked")
    why = Bilingual(
        "第九条只适用于提出要求的用户，不能适用于所有人。",
        "Article 9 is for users who asked, never for everybody.",
    )
    fix = Bilingual("写 tenants 或 keys。", "Name tenants or keys.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for _, entry in _entries(subject):
            if not (entry.tenants or entry.keys) or "*" in (*entry.tenants, *entry.keys):
                yield self.at(entry.at)


class UnlabelledUnrecorded(Lint):
    code = "unlabelled-unrecorded"
    title = Bilingual("记录可能丢失", "its record may be lost")
    why = Bilingual(
        "第九条要求留存提供对象等信息不少于六个月；不写 audit.on_failure 或写 continue 时，"
        "代理的设置可以让记录丢失。",
        "Article 9 asks for the recipients' record, kept six months and more; without "
        "`audit.on_failure`, or with `continue`, the proxy may be set to lose it.",
    )
    fix = Bilingual(
        "把 audit.on_failure 改为 fail_request 或 spool。",
        "Set audit.on_failure to fail_request or spool.",
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        given = [pack.audit.on_failure for pack in subject.packs if pack.audit is not None]
        if (given or [None])[-1] in (None, OnAuditFailure.CONTINUE):
            yield from (self.at(entry.at) for _, entry in _entries(subject))


class UnlabelledIdle(Lint):
    code = "unlabelled-idle"
    severity = Severity.WARNING
    title = Bilingual("没有可省去的文内标识", "there is no sign to leave out")
    why = Bilingual(
        "只有 label 为 text 时回答中才有标识。", "Only `label: text` puts one into answers."
    )
    fix = Bilingual("删除 unlabelled，或写 label: text。", "Remove it, or write label: text.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        labels = [pack.label for pack in subject.packs if pack.label is not None]
        if not labels or labels[-1] is not AiLabel.TEXT:
            yield from (self.at(entry.at) for _, entry in _entries(subject))


class UnlabelledOver(Lint):
    code = "unlabelled-over"
    severity = Severity.WARNING
    title = Bilingual("约定已失效，标识恢复", "the agreement has ended and the sign is back")
    why = Bilingual("失效的约定只会让人误解。", "Ended agreements mislead readers.")
    fix = Bilingual("删除它，或写新的约定。", "Remove it or write the new agreement.")

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
