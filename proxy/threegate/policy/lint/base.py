"""What a lint is: one function that yields findings, registered under its code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

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


@dataclass(frozen=True, slots=True)
class Lint:
    """One lint. Its texts are the entry `code` of `i18n/lints.toml`. The text of a finding may
    differ from `title`; the fix is always the lint's."""

    code: str
    severity: Severity
    look: Check = field(repr=False)
    title: Bilingual
    why: Bilingual
    fix: Bilingual

    def check(self, subject: Subject) -> Iterator[Problem]:
        return self.look(self, subject)

    def at(self, mark: Mark, zh: str = "", en: str = "", *, rule: str = "") -> Problem:
        """One finding; without texts it says the title."""
        text = Bilingual(zh, en) if zh else self.title
        return Problem(self.code, self.severity, mark, text, self.fix, rule)


Check = Callable[[Lint, Subject], Iterator[Problem]]
REGISTERED: dict[str, Lint] = {}


def checks(
    code: str, severity: Severity = Severity.ERROR, **texts: Bilingual
) -> Callable[[Check], Check]:
    """Registers a function that yields findings as the lint `code`. `texts` are those that are not
    in the file."""

    def registered(look: Check) -> Check:
        entry = catalog("lints")[code]
        written = {
            name: bilingual(entry[name]) for name in ("title", "why", "fix") if name in entry
        }
        REGISTERED[code] = Lint(code, severity, look, **written | texts)
        return look

    return registered
