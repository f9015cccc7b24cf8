"""The linter: what is well formed but wrong, risky or unfinished. One function per lint, in the
order of `i18n/lints.toml`."""

from __future__ import annotations

from threegate.i18n.catalog import catalog
from threegate.policy.kinds import KINDS
from threegate.policy.language.load import Bundle
from threegate.policy.language.problems import Problem
from threegate.policy.lint import (  # each module registers its lints
    actions,
    constraints,
    detection,
    exceptions,
    exclusions,
    meta,
    overlay,
    samples,
    words,
)
from threegate.policy.lint.base import REGISTERED, Lint, Subject
from threegate.policy.model import ANYBODY, KnownCallers

LINTS: tuple[Lint, ...] = tuple(REGISTERED[code] for code in catalog("lints"))


def lint(
    bundle: Bundle,
    *,
    today: str = "",
    known: frozenset[str] = KINDS,
    callers: KnownCallers = ANYBODY,
) -> tuple[Problem, ...]:
    """Findings of every lint on one bundle, in order of place."""
    subject = Subject(bundle, today, known, callers)
    found = (problem for each in LINTS for problem in each.check(subject))
    return tuple(sorted(found, key=lambda p: (p.at, p.code)))
