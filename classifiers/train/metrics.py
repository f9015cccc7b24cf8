"""Calibration and figures: Platt scaling, thresholds at stated false-positive rates, binary tables."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Platt:
    """score = sigmoid(scale * logit + shift)"""

    scale: float = 1.0
    shift: float = 0.0

    def __call__(self, logits: Floats) -> Floats:
        scores: Floats = 1 / (1 + np.exp(-(self.scale * logits + self.shift)))
        return scores


def fit_platt(logits: Floats, labels: Ints) -> Platt:
    """Both classes weigh the same: a score of 0.5 is then the balanced decision."""
    if min(labels.sum(), len(labels) - labels.sum()) < 12:
        return Platt()
    fitted = LogisticRegression(C=10.0, class_weight="balanced").fit(logits[:, None], labels)
    return Platt(round(float(fitted.coef_[0, 0]), 4), round(float(fitted.intercept_[0]), 4))


@dataclass(frozen=True, slots=True)
class Levels:
    low: float
    medium: float
    high: float


def choose_levels(
    scores: Floats, labels: Ints, hard: Floats, limit: float = 0.04, slack: float = 0.0
) -> Levels:
    """Thresholds from labelled scores and the scores of hard harmless texts.

    low: 8 % of `hard` reach it. medium: best balanced accuracy among thresholds that at most `limit`
    of `hard` reach; with `slack` the middle of all that come so near to it, as the top of a flat
    curve is where chance puts it. high: at most 0.5 % of `hard` reach it.
    """
    pool = np.sort(hard) if len(hard) else np.sort(scores[labels == 0])

    def at_rate(rate: float) -> float:
        allowed = int(np.floor(rate * len(pool)))
        return float(pool[len(pool) - 1 - allowed]) + 1e-4 if allowed < len(pool) else 0.0

    grid = np.unique(np.round(np.concatenate([scores, np.linspace(0.02, 0.99, 98)]), 4))
    fair = [t for t in grid if t >= min(at_rate(limit), 0.985)] or [0.985]
    good = {float(t): balanced(scores >= t, labels) for t in fair}
    best = max(good, key=lambda t: (good[t], -abs(t - 0.5)))
    if slack:
        best = float(np.median([t for t, accuracy in good.items() if accuracy >= good[best] - slack]))
    low = min(max(0.02, at_rate(0.08)), best)
    high = max(min(0.995, at_rate(0.005)), best)
    return Levels(round(low, 4), round(best, 4), round(high, 4))


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of harmless texts that may reach a level: of hard ones, and of ordinary ones."""

    low: tuple[float, float] = (0.15, 0.05)
    medium: tuple[float, float] = (0.05, 0.01)
    high: tuple[float, float] = (0.01, 0.002)

    def __str__(self) -> str:
        levels = {"low": self.low, "medium": self.medium, "high": self.high}
        return "; ".join(
            f"{n} at most {h:.1%} of hard and {o:.1%} of public harmless rows" for n, (h, o) in levels.items()
        )


def stated_levels(hard: Floats, ordinary: Floats, rates: Rates) -> Levels:
    """The lowest threshold of each level that keeps both of its rates."""

    def at(level: tuple[float, float]) -> float:
        reached = [reach(pool, rate) for pool, rate in zip((hard, ordinary), level, strict=True)]
        return round(min(max(0.02, *reached), 0.999), 4)

    return Levels(at(rates.low), at(rates.medium), at(rates.high))


def reach(pool: Floats, rate: float) -> float:
    """The threshold that at most `rate` of `pool` reaches."""
    if not len(pool):
        return 0.0
    return float(np.sort(pool)[len(pool) - 1 - int(rate * len(pool))]) + 1e-4


def curve(scores: Floats, labels: Ints, points: int = 60) -> list[tuple[float, float]]:
    """(recall, precision) at thresholds that find equal shares of the positives."""
    found = np.sort(scores[labels == 1])
    cuts = np.unique(found[np.linspace(0, len(found) - 1, points).astype(int)])
    tables = [table(scores, labels, float(cut)) for cut in cuts]
    return [(round(t.recall or 0, 4), round(t.precision or 0, 4)) for t in tables]


def balanced(predicted: NDArray[np.bool_], labels: Ints) -> float:
    positive, negative = labels == 1, labels == 0
    recall = predicted[positive].mean() if positive.any() else 0.0
    clean = (~predicted[negative]).mean() if negative.any() else 0.0
    return float((recall + clean) / 2)


@dataclass(frozen=True, slots=True)
class Table:
    """One row of a report; `None` where a figure does not exist (no positives, no negatives)."""

    n: int
    positives: int
    precision: float | None
    recall: float | None
    f1: float | None
    false_positive_rate: float | None
    balanced_accuracy: float | None
    auroc: float | None

    def as_dict(self) -> dict[str, Any]:
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}


def table(scores: Floats, labels: Ints, threshold: float) -> Table:
    predicted = scores >= threshold
    hits = int((predicted & (labels == 1)).sum())
    positives, negatives = int((labels == 1).sum()), int((labels == 0).sum())
    fired = int(predicted.sum())
    precision = hits / fired if fired else None
    recall = hits / positives if positives else None
    f1 = 2 * hits / (fired + positives) if positives else None
    wrong = (fired - hits) / negatives if negatives else None
    both = positives and negatives
    return Table(
        len(labels),
        positives,
        precision,
        recall,
        f1,
        wrong,
        balanced(predicted, labels) if both else None,
        float(roc_auc_score(labels, scores)) if both else None,
    )
