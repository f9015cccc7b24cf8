"""The linter: what is well formed but wrong, risky or unfinished. One class per lint; `LINTS` is
the one list."""

from __future__ import annotations

from threegate.policy.kinds import KINDS
from threegate.policy.lint.base import Lint, Subject
from threegate.policy.load import Bundle
from threegate.policy.problems import Problem

LINTS: tuple[Lint, ...] = ()


def lint(bundle: Bundle, *, today: str = "", known: frozenset[str] = KINDS) -> tuple[Problem, ...]:
    """Findings of every lint on one bundle, in order of place."""
    subject = Subject(bundle, today, known)
    found = (problem for each in LINTS for problem in each.check(subject))
    return tuple(sorted(found, key=lambda p: (p.at, p.code)))
