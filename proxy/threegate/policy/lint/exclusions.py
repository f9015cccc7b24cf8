"""Lints of exclusions: each leaves somebody out, and somebody in. And of `unlabelled`: a text may
go without the visible AI label only if the user requested it, under an agreement and with a
record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from threegate.policy.language.problems import Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Findings, Found, Subject, checks
from threegate.policy.model import AiLabel, matches
from threegate.policy.schema import AnyRule, OnAuditFailure, Pack, UnlabelledSpec
from threegate.types import Bilingual

PARTS = ("tenant", "key")
_NOBODY = {
    "tenant": Bilingual("没有排除到任何人：{name}", "the exclusion names nobody: {name}"),
    "key": Bilingual("没有排除到任何密钥：{name}", "the exclusion names no key: {name}"),
}


@checks("excludes-everybody")
def excludes_everybody(subject: Subject) -> Findings:
    bound = _bound(subject)
    for rule, part, out in _exclusions(subject):
        only = getattr(rule.when, part) or (bound if part == "tenant" else ())
        if "*" in out or (only and all(_names(out, name) for name in only)):
            yield Found(rule.when.mark(f"not_{part}"), rule=rule.id)


@checks("excludes-all-tenants", Severity.WARNING)
def excludes_all_tenants(subject: Subject) -> Findings:
    known = subject.callers.tenant
    for rule, part, out in _exclusions(subject):
        if part == "tenant" and known and all(_names(out, name) for name in known):
            yield Found(rule.when.mark("not_tenant"), rule=rule.id)


@checks("excludes-nobody", Severity.WARNING)
def excludes_nobody(subject: Subject) -> Findings:
    bound = _bound(subject)
    for rule, part, out in _exclusions(subject):
        known = getattr(subject.callers, part)
        only = getattr(rule.when, part) or (bound if part == "tenant" else ())
        for name in out:
            if any(there and not _meets(name, there) for there in (only, known)):
                text = _NOBODY[part].filled({"name": name})
                yield Found(place(name, rule.when.at), text, rule.id)


def _exclusions(subject: Subject) -> Iterator[tuple[AnyRule, str, tuple[str, ...]]]:
    for rule in subject.written:
        for part in PARTS:
            if out := getattr(rule.when, f"not_{part}"):
                yield rule, part, out


def _bound(subject: Subject) -> tuple[str, ...]:
    """The tenants that these packs are for; empty where some binding, or none, leaves it open."""
    named = [pack for pack in subject.packs if pack.pack in subject.bundle.names]
    bindings = [pack.bindings for pack in named]
    if not all(bindings) or not all(each.tenants for of in bindings for each in of):
        return ()
    return tuple(tenant for of in bindings for each in of for tenant in each.tenants)


def _names(patterns: Iterable[str], name: str) -> bool:
    """Whether they leave out everybody whom `name`, itself a name or a pattern, stands for."""
    return any(matches(pattern, name) for pattern in patterns)


def _meets(pattern: str, names: Iterable[str]) -> bool:
    return any(matches(pattern, name) or matches(name, pattern) for name in names)


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
