"""Levels of a judge from labelled rows: scores that only a given share of harmless texts exceeds.
Pure.

A level is a rate of false positives, as for the classifiers: of harmless texts at most 5 % reach
`low`, 1 % `medium` and 0.2 % `high`. Few rows cannot show a small rate: of n harmless texts without
a false positive the true rate is, at 95 %, below 3 / n.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

TARGETS = {"low": 0.05, "medium": 0.01, "high": 0.002}
DIGITS = 4
NEVER = 1.01
"""A score that is never reached, used if harmless texts have the highest scores."""


@dataclass(frozen=True, slots=True)
class ScoredText:
    score: float
    bad: bool
    language: str


@dataclass(frozen=True, slots=True)
class LevelBar:
    """A score, the share of harmless texts at or above it, and of bad ones."""

    score: float
    false_rate: float
    recall: float


def level_bars(rows: Sequence[ScoredText]) -> dict[str, LevelBar]:
    """Raises ValueError without a harmless and a bad row."""
    harmless = sorted((r.score for r in rows if not r.bad), reverse=True)
    bad = [r.score for r in rows if r.bad]
    if not harmless or not bad:
        raise ValueError("no harmless or no bad row")
    made = {}
    for name, target in TARGETS.items():
        score = _bar(harmless, target)
        false_rate, recall = (sum(s >= score for s in x) / len(x) for x in (harmless, bad))
        made[name] = LevelBar(score, false_rate, recall)
    return made


def common_bars(rows: Sequence[ScoredText]) -> dict[str, float]:
    """One threshold per level for all languages: the highest that any of them needs."""
    languages = sorted({r.language for r in rows})
    groups = [[r for r in rows if r.language == language] for language in languages]
    bars = [_scores(g) for g in groups if any(not r.bad for r in g)]
    return {name: max(b[name] for b in bars) for name in TARGETS}


def _scores(rows: Sequence[ScoredText]) -> dict[str, float]:
    harmless = sorted((r.score for r in rows if not r.bad), reverse=True)
    return {name: _bar(harmless, target) for name, target in TARGETS.items()}


def _bar(harmless: Sequence[float], target: float) -> float:
    """The lowest score that no more than the target's share of harmless texts reach."""
    allowed = int(target * len(harmless))
    unit = 10**DIGITS
    score = (math.floor(harmless[allowed] * unit + 1e-6) + 1) / unit
    return NEVER if score > 1 else score
