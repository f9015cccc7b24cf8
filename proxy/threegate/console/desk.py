"""What reviewers add to the log: labels on decisions, and tests proposed from records.

A label judges one rule on one request (rule empty: the request as a whole, for what was missed);
each reviewer has one of their own, and the last one counts.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Engine, delete, insert, select

from threegate.console.database import LABEL, PROPOSAL

LABELS = ("correct", "false_positive", "false_negative")


@dataclass(frozen=True, slots=True)
class Label:
    request: str
    rule: str
    author: str
    label: str
    category: str
    at: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """`text` is redacted: it came from what the log kept."""

    id: str
    rule: str
    expect: str
    channel: str
    text: str = field(repr=False)
    request: str
    author: str
    at: str


@dataclass(frozen=True, slots=True)
class Precision:
    """How a rule stood the test. `precision` is None until somebody judged a hit of it."""

    rule: str
    correct: int
    false_positive: int
    missed: int
    disputed: int  # requests that reviewers judge differently

    @property
    def precision(self) -> float | None:
        judged = self.correct + self.false_positive
        return self.correct / judged if judged else None


@dataclass(frozen=True, slots=True)
class Desk:
    """Methods block; async callers use a thread."""

    engine: Engine

    def label(self, label: Label) -> None:
        mine = (
            (LABEL.c.request == label.request)
            & (LABEL.c.rule == label.rule)
            & (LABEL.c.author == label.author)
        )
        with self.engine.begin() as connection:
            connection.execute(delete(LABEL).where(mine))
            connection.execute(insert(LABEL).values(asdict(label)))

    def labels(self, requests: Iterable[str] | None = None) -> tuple[Label, ...]:
        """Labels of some requests, or all of them."""
        query = select(LABEL).order_by(LABEL.c.at)
        if requests is not None:
            query = query.where(LABEL.c.request.in_(list(requests)))
        with self.engine.begin() as connection:
            return tuple(Label(**row._mapping) for row in connection.execute(query))

    def propose(self, proposal: Proposal) -> None:
        with self.engine.begin() as connection:
            connection.execute(insert(PROPOSAL).values(asdict(proposal)))

    def proposals(self, rule: str = "") -> tuple[Proposal, ...]:
        query = select(PROPOSAL).order_by(PROPOSAL.c.at)
        if rule:
            query = query.where(PROPOSAL.c.rule == rule)
        with self.engine.begin() as connection:
            return tuple(Proposal(**row._mapping) for row in connection.execute(query))

    def take(self, id: str) -> Proposal | None:
        """The proposal, which is gone from the desk then."""
        found = next((p for p in self.proposals() if p.id == id), None)
        with self.engine.begin() as connection:
            gone = connection.execute(delete(PROPOSAL).where(PROPOSAL.c.id == id)).rowcount
        return found if gone else None


def new_id() -> str:
    return f"case_{secrets.token_hex(6)}"


def precision(labels: Iterable[Label]) -> tuple[Precision, ...]:
    """Per rule, worst first; where reviewers disagree the request counts as disputed only."""
    by_rule: dict[str, dict[str, set[str]]] = {}
    for label in labels:
        by_rule.setdefault(label.rule, {}).setdefault(label.request, set()).add(label.label)
    made = [_precision(rule, judged) for rule, judged in by_rule.items()]
    return tuple(sorted(made, key=lambda p: (p.precision is None, p.precision or 0.0, p.rule)))


def _precision(rule: str, judged: Mapping[str, set[str]]) -> Precision:
    agreed = [next(iter(found)) for found in judged.values() if len(found) == 1]
    counts: dict[str, Any] = {name: agreed.count(name) for name in LABELS}
    return Precision(
        rule,
        counts["correct"],
        counts["false_positive"],
        counts["false_negative"],
        len(judged) - len(agreed),
    )
