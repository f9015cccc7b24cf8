"""The linter: what is well formed but wrong, risky or unfinished. One class per lint; `LINTS` is
the one list."""

from __future__ import annotations

from threegate.policy.kinds import KINDS
from threegate.policy.language.load import Bundle
from threegate.policy.language.problems import Problem
from threegate.policy.lint.actions import ACTION_LINTS
from threegate.policy.lint.bands import BANDS
from threegate.policy.lint.base import Lint, Subject
from threegate.policy.lint.constraints import CONSTRAINTS
from threegate.policy.lint.detection import DETECTION
from threegate.policy.lint.exceptions import EXCEPTIONS
from threegate.policy.lint.labels import LABELS
from threegate.policy.lint.meta import META
from threegate.policy.lint.opinions import OPINIONS
from threegate.policy.lint.overlay import OVERLAY
from threegate.policy.lint.recognizers import RECOGNIZERS
from threegate.policy.lint.samples import SAMPLES
from threegate.policy.lint.words import WORDS

LINTS: tuple[Lint, ...] = (
    *META,
    *DETECTION,
    *ACTION_LINTS,
    *SAMPLES,
    *EXCEPTIONS,
    *BANDS,
    *OPINIONS,
    *LABELS,
    *CONSTRAINTS,
    *WORDS,
    *RECOGNIZERS,
    *OVERLAY,
)


def lint(bundle: Bundle, *, today: str = "", known: frozenset[str] = KINDS) -> tuple[Problem, ...]:
    """Findings of every lint on one bundle, in order of place."""
    subject = Subject(bundle, today, known)
    found = (problem for each in LINTS for problem in each.check(subject))
    return tuple(sorted(found, key=lambda p: (p.at, p.code)))
