"""Statistics of labels: the verdict of several reviewers, how far they agree, how precise a rule
is. Pure. For one question (a rule on a request) the majority of its reviewers decides; without a
majority it is disputed until another reviewer answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from threegate.console.review.review_store import UNSURE, ReviewLabel

Question = tuple[str, str]  # request, rule


@dataclass(frozen=True, slots=True)
class Precision:
    """How well a rule performs according to the labels. `precision` is None until one of its hits
    is labelled."""

    rule: str
    correct: int
    false_positive: int
    missed: int
    disputed: int  # requests on which its reviewers have no majority

    @property
    def precision(self) -> float | None:
        judged = self.correct + self.false_positive
        return self.correct / judged if judged else None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Over the questions that two reviewers answered. `pi` is Scott's pi, which removes agreement
    by chance; None if it is undefined."""

    twice: int
    agreed: int
    pi: float | None

    @property
    def share(self) -> float | None:
        return self.agreed / self.twice if self.twice else None


def questions(labels: Iterable[ReviewLabel]) -> dict[Question, list[str]]:
    """The verdicts on each question, in the order they were given."""
    found: dict[Question, list[str]] = {}
    for label in sorted((x for x in labels if x.label != UNSURE), key=lambda x: x.at):
        found.setdefault((label.request, label.rule), []).append(label.label)
    return found


def settled(answers: Sequence[str]) -> str | None:
    """The verdict of more than half of them."""
    answer, number = Counter(answers).most_common(1)[0]
    return answer if 2 * number > len(answers) else None


def disputed(labels: Iterable[ReviewLabel]) -> frozenset[str]:
    """Requests that need one more reviewer."""
    return frozenset(q[0] for q, answers in questions(labels).items() if settled(answers) is None)


def agreement(labels: Iterable[ReviewLabel]) -> Agreement:
    """The first two answers of each question count."""
    pairs = [answers[:2] for answers in questions(labels).values() if len(answers) > 1]
    agreed = sum(a == b for a, b in pairs)
    if not pairs:
        return Agreement(0, 0, None)
    shares = [n / (2 * len(pairs)) for n in Counter(x for p in pairs for x in p).values()]
    chance = sum(s * s for s in shares)
    pi = (agreed / len(pairs) - chance) / (1 - chance) if chance < 1 else None
    return Agreement(len(pairs), agreed, None if pi is None else round(pi, 2))


def precision(labels: Iterable[ReviewLabel]) -> tuple[Precision, ...]:
    """Per rule, worst first."""
    by_rule: dict[str, list[str | None]] = {}
    for (_, rule), answers in questions(labels).items():
        by_rule.setdefault(rule, []).append(settled(answers))
    made = [_precision(rule, verdicts) for rule, verdicts in by_rule.items()]
    return tuple(sorted(made, key=lambda p: (p.precision is None, p.precision or 0.0, p.rule)))


def _precision(rule: str, verdicts: Sequence[str | None]) -> Precision:
    named = ("correct", "false_positive", "false_negative", None)
    return Precision(rule, *(verdicts.count(verdict) for verdict in named))


def wrong_by_day(labels: Iterable[ReviewLabel]) -> Mapping[str, tuple[int, int]]:
    """Day of the label → (false positives, judged hits)."""
    days: dict[str, tuple[int, int]] = {}
    for label in sorted(labels, key=lambda x: x.at):
        if label.label in ("correct", "false_positive"):
            wrong, judged = days.get(label.at[:10], (0, 0))
            days[label.at[:10]] = (wrong + (label.label == "false_positive"), judged + 1)
    return days
