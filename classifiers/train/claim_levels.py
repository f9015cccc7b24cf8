"""Levels of the fact check from mixed sources, and its figures source by source.

Balanced accuracy is that of "supported" against the rest. Every source counts the same, our own rows of a language as much
as all others of it together: levels from our own rows alone put those of other people on one side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from as_judged import Case, Score
from grounding_rows import LABELS

Array = NDArray[Any]
LANGUAGES = ("zh", "en")
FEWEST = 12
"""Claims of either kind that a source must have to be measured."""
SLACK = 0.004
PASS = 0.3
"""Of our own false claims so many may pass as supported at medium."""
HIGH, LOW = 0.01, 0.08
"""Shares of what is not so that may reach a level."""


def find_levels(scored: Sequence[tuple[Case, Score]]) -> dict[str, dict[str, dict[str, float]]]:
    made: dict[str, dict[str, dict[str, float]]] = {label: {} for label in LABELS}
    for language in LANGUAGES:
        mine = [(c, s) for c, s in scored if c.pair.language == language]
        made["supported"][language] = _levels(mine, [s.support for _, s in mine], 0)
        left = [
            (c, s)
            for c, s in mine
            if s.support < made["supported"][language]["medium"] and len(c.pair.allowed) == 1
        ]
        made["contradicted"][language] = _levels(left, [s.contradicted for _, s in left], 1)
        made["nei"][language] = _levels(left, [s.nei for _, s in left], 2)
    return made


def _levels(scored: Sequence[tuple[Case, Score]], values: Sequence[float], label: int) -> dict[str, float]:
    names = np.array([c.name for c, _ in scored])
    gold = np.array([c.pair.allowed == (label,) for c, _ in scored])
    scores = np.array(values)
    grid = np.unique(np.round(np.quantile(scores, np.linspace(0.02, 0.98, 193)), 4))
    found = np.array([_mixed(scores >= t, gold, names) for t in grid])
    medium = float(np.median(grid[found >= found.max() - SLACK]))
    if label == 0:
        own = np.array([name.startswith("own") for name in names])
        medium = max(medium, float(np.quantile(scores[own & ~gold], 1 - PASS)))
    wrong = np.sort(scores[~gold])
    low, high = (float(wrong[int((1 - rate) * len(wrong))]) for rate in (LOW, HIGH))
    named = {"low": min(low, medium), "medium": medium, "high": max(min(high, 0.995), medium)}
    return {name: round(value, 4) for name, value in named.items()}


def _mixed(said: Array, gold: Array, names: Array) -> float:
    """Mean over sources of the balanced accuracy, our own rows one half of it."""
    figures: dict[bool, list[float]] = defaultdict(list)
    for name in np.unique(names):
        at = names == name
        if min(gold[at].sum(), (~gold[at]).sum()) >= FEWEST:
            figures[name.startswith("own")].append(balanced(said[at], gold[at]))
    return float(np.mean([np.mean(part) for part in figures.values()]))


def balanced(said: Array, gold: Array) -> float:
    return float((said[gold].mean() + (~said[~gold]).mean()) / 2)


def figures(scored: Sequence[tuple[Case, Score]], levels: dict[str, Any]) -> dict[str, Any]:
    """By source: claims, area under the curve, balanced accuracy, what is recognised of either side, and contradictions."""
    groups: dict[str, list[int]] = defaultdict(list)
    for i, (case, _) in enumerate(scored):
        for name in _groups(case):
            groups[name].append(i)
    return {
        name: _figures([scored[i] for i in at], levels)
        for name, at in sorted(groups.items())
        if _enough(at, scored)
    }


def _groups(case: Case) -> list[str]:
    """Its source, and where answers were swapped also that part alone."""
    derived = "derived" in case.name and case.pair.allowed in ((0,), (1,))
    return [case.name, *([f"{case.name}, swapped"] if derived else [])]


def _enough(at: Sequence[int], scored: Sequence[tuple[Case, Score]]) -> bool:
    right = sum(scored[i][0].pair.allowed == (0,) for i in at)
    return min(right, len(at) - right) >= FEWEST


def _figures(scored: Sequence[tuple[Case, Score]], levels: dict[str, Any]) -> dict[str, Any]:
    gold = np.array([c.pair.allowed == (0,) for c, _ in scored])
    support = np.array([s.support for _, s in scored])
    said = np.array([s.support >= levels["supported"][c.pair.language]["medium"] for c, s in scored])
    known = [(c, s, passed) for (c, s), passed in zip(scored, said, strict=True) if c.pair.allowed == (1,)]
    found = [_contradicted(c, s, levels) and not passed for c, s, passed in known]
    made = {"n": len(scored), "unseen": scored[0][0].unseen, "auc": float(roc_auc_score(gold, support)),
            "balanced_accuracy": balanced(said, gold), "supported_recall": float(said[gold].mean()),
            "other_recall": float((~said[~gold]).mean()), "contradicted_recall": float(np.mean(found)) if found else None}  # fmt: skip
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in made.items()}


def _contradicted(case: Case, found: Score, levels: dict[str, Any]) -> bool:
    low = levels["contradicted"][case.pair.language]["low"]
    return found.contradicted >= max(low, found.nei)


def without_each(scored: Sequence[tuple[Case, Score]]) -> dict[str, float]:
    """Balanced accuracy of each unseen source at levels that were set without it."""
    made = {}
    for name in sorted({c.name for c, _ in scored if c.unseen}):
        levels = find_levels([(c, s) for c, s in scored if c.name != name])
        mine = [(c, s) for c, s in scored if c.name == name]
        made[name] = _figures(mine, levels)["balanced_accuracy"]
    return made
