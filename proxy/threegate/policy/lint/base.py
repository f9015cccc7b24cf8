"""What a lint is: one function that yields findings, registered under its code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from threegate.i18n.catalog import bilingual, catalog
from threegate.policy.language.load import Bundle
from threegate.policy.language.problems import Mark, Problem, Severity
from threegate.policy.model import ANYBODY, KnownCallers
from threegate.policy.schema import AnyRule, ConstraintRule, Pack, Rule
from threegate.types import Bilingual


@dataclass(frozen=True)
class Subject:
    """What lints look at. `today` is an ISO date or empty; `known` are the kinds that detectors
    find, `callers` those who have or had an API key."""

    bundle: Bundle
    today: str
    known: frozenset[str] = field(repr=False)
    callers: KnownCallers = ANYBODY

    @property
    def packs(self) -> tuple[Pack, ...]:
        return self.bundle.packs

    @cached_property
    def written(self) -> tuple[AnyRule, ...]:
        """Every rule of every pack, including overlaid ones."""
        return tuple(rule for pack in self.packs for rule in pack.rules)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.written if isinstance(rule, Rule))

    @cached_property
    def constraints(self) -> tuple[ConstraintRule, ...]:
        return tuple(rule for rule in self.written if isinstance(rule, ConstraintRule))


@dataclass(frozen=True, slots=True)
class Found:
    """A finding with more than its place: its own text (by default the lint's title), or the rule
    that it is in."""

    at: Mark
    text: Bilingual | None = None
    rule: str = ""


Findings = Iterator[Mark | Found]


@dataclass(frozen=True, slots=True)
class Lint:
    """One lint. Its texts are the entry `code` of `i18n/lints.toml`. The text of a finding may
    differ from `title`; the fix is always the lint's."""

    code: str
    severity: Severity
    find: Callable[[Subject], Findings] = field(repr=False)
    title: Bilingual
    why: Bilingual
    fix: Bilingual

    def check(self, subject: Subject) -> Iterator[Problem]:
        for found in map(_found, self.find(subject)):
            text = found.text or self.title
            yield Problem(self.code, self.severity, found.at, text, self.fix, found.rule)


REGISTERED: dict[str, Lint] = {}
RuleT = TypeVar("RuleT", Rule, ConstraintRule)


def checks(
    code: str, severity: Severity = Severity.ERROR, **texts: Bilingual
) -> Callable[[Callable[[Subject], Findings]], None]:
    """Registers a function that yields findings as the lint `code`. `texts` replaces the entry in
    the file."""

    def register(find: Callable[[Subject], Findings]) -> None:
        entry = catalog("lints")[code]
        written = {
            name: bilingual(entry[name]) for name in ("title", "why", "fix") if name in entry
        }
        REGISTERED[code] = Lint(code, severity, find, **written | texts)

    return register


def checks_each(
    kind: type[RuleT], code: str, severity: Severity = Severity.ERROR
) -> Callable[[Callable[[RuleT], Findings]], None]:
    """Registers a function that yields the findings in one rule of this kind."""

    def register(find: Callable[[RuleT], Findings]) -> None:
        def in_all(subject: Subject) -> Findings:
            for rule in subject.written:
                if isinstance(rule, kind):
                    yield from (replace(_found(each), rule=rule.id) for each in find(rule))

        checks(code, severity)(in_all)

    return register


def _found(finding: Mark | Found) -> Found:
    return finding if isinstance(finding, Found) else Found(finding)
