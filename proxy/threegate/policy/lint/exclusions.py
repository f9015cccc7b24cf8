"""Lints of exclusions: each leaves somebody out, and somebody in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from threegate.policy.language.problems import Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import AnyRule, Findings, Found, Subject, checks
from threegate.policy.model import matches
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
