"""What a lint is: one class with one check, which yields findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from threegate.i18n.catalog import bilingual, catalog
from threegate.policy.compile import Layered, layered
from threegate.policy.language.load import Bundle
from threegate.policy.language.problems import Mark, Problem, Severity
from threegate.policy.schema import ConstraintRule, Pack, Rule
from threegate.types import Bilingual


@dataclass(frozen=True)
class Subject:
    """What lints look at. `today` is an ISO date or empty; `known` are the kinds that detectors
    find."""

    bundle: Bundle
    today: str
    known: frozenset[str] = field(repr=False)

    @property
    def packs(self) -> tuple[Pack, ...]:
        return self.bundle.packs

    @cached_property
    def written(self) -> tuple[tuple[Pack, Rule | ConstraintRule], ...]:
        """Every rule of every pack, overlaid ones too."""
        return tuple((pack, rule) for pack in self.packs for rule in pack.rules)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(rule for _, rule in self.written if isinstance(rule, Rule))

    @cached_property
    def constraints(self) -> tuple[ConstraintRule, ...]:
        return tuple(rule for _, rule in self.written if isinstance(rule, ConstraintRule))

    @cached_property
    def active(self) -> Layered:
        """Rules after overlays, with the pack each came from."""
        return layered(self.bundle)


class Lint:
    """Base of the lints. Its texts are the entry `code` of `i18n/lints.toml`; a class may set one
    itself. The text of a finding may differ from `title`; the fix is always the class's."""

    code: ClassVar[str]
    severity: ClassVar[Severity] = Severity.ERROR
    title: ClassVar[Bilingual]
    why: ClassVar[Bilingual]
    fix: ClassVar[Bilingual]

    def __init_subclass__(cls) -> None:
        for name, entry in catalog("lints")[cls.code].items():
            setattr(cls, name, bilingual(entry))

    def check(self, subject: Subject) -> Iterator[Problem]:
        raise NotImplementedError

    def at(self, mark: Mark, zh: str = "", en: str = "", *, rule: str = "") -> Problem:
        """One finding; without texts it says the title."""
        text = Bilingual(zh, en) if zh else self.title
        return Problem(self.code, self.severity, mark, text, self.fix, rule)
