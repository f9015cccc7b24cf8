"""Levels of guard from ordinary traffic: what share of it may reach a level, in each band of length, role and language.

A single odd text must not set a level: where a rate means fewer than `MANY` texts of a band, the threshold is read off an
exponential tail whose slope is the median of the highest scores, if that is lower. For prompts `high` lies next to the highest
text that is not odd: at most `ODD` of a band may be, and two texts of a small one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guard import LABELS
from metrics import Levels, Platt
from unseen_sets import BANDS, Unseen

Array = NDArray[Any]
RATES = {"low": 0.1, "medium": 0.045, "high": 0.0012}
"""Share of ordinary texts with any finding at a level."""
DOCUMENT_RATES = {"low": 0.03, "medium": 0.01, "high": 0.002}
"""The same for planted orders in documents: nobody reads a document again because a model was unsure."""
ENOUGH, MANY = 10, 8
"""Highest scores that give the slope; texts from which on a rate is simply counted."""
BEYOND = 0.5
"""Logits over the highest ordinary score that a threshold may lie at most."""
ODD = 0.002
"""Share of a band's highest ordinary texts that do not set `high`, whatever they score."""
BESIDE = 0.1
"""Logits by which `high` stays over the highest text that is not odd."""
ODD_AT = {"prompt": (2, 0), "system": (1, 200)}
"""Places where texts may be odd: how many at least, in bands of how many texts. Of Chinese agents' instructions a band has a hundred, and one of
them stopped is too many; in answers harmless ones beside a harmful question would be stopped more often (26 instead of 21 % of them)."""
FEW = 60
"""A band with fewer texts says nothing of its own."""
MIDDLE, TOP = 0.5, 0.9
LEAST = {"low": -2.5, "medium": -1.5, "high": 0.0}
"""Logits that a level needs at least, however quiet ordinary traffic is: other people's may be less so."""
BESIDE_NEWS = {("hazard.extremism", "zh"): 0.6}
"""Logits that a category needs for medium where its harmless neighbours are too rare in ordinary traffic to set the level:
questions on how terrorism is fought. A test of the pack cn-gbt45654 showed it; asks for harm of this category lie above 3."""
LEAST_GAP = 0.4
"""Logits between medium and high at least."""
OWN_TEXTS, SHRUNK, FARTHEST = 8, 0.6, 0.8
"""A category with so many ordinary texts has a tail of its own; how much of it counts, and how far it may move."""
COLUMNS = {
    "direct": (0,),
    "indirect": (1,),
    "hazard": tuple(range(2, 20)),
    "offensive": (20,),
    "compliance": (21,),
}
PARTS = {  # where a head is asked, and its part of what may be found there (the strictest band decides, so they add up to more)
    "direct": {"prompt": 0.75, "system": 0.75, "document": 0.5}, "indirect": {"document": 1.0}, "hazard": {"prompt": 0.8, "answer": 0.7},
    "offensive": {"prompt": 0.3}, "compliance": {"answer": 0.25},
}  # fmt: skip


def head_of(label: str) -> str:
    return next(head for head, columns in COLUMNS.items() if LABELS.index(label) in columns)


def tail(scores: Array, rate: float, enough: int = ENOUGH) -> float:
    """The score that a share `rate` of such texts reaches: read off where that are a few texts, else off the slope of the highest."""
    ordered = np.sort(scores)
    count = len(ordered)
    counted = float(ordered[count - 1 - int(rate * count)])
    if rate * count >= MANY:
        return counted
    share = min(1.0, enough / count)
    start = float(ordered[count - 1 - int(share * (count - 1))])
    above = ordered[ordered > start] - start
    slope = float(np.median(above)) / np.log(2) if len(above) else 0.0
    extended = min(start + slope * float(np.log(share / rate)), float(ordered[-1]) + BEYOND)
    return min(extended, counted) if rate * count >= 1 else extended


def reached(scores: Array, rate: float, level: str, place: str) -> float:
    """The threshold that a band asks for."""
    found = tail(scores, rate)
    least, many = ODD_AT.get(place, (0, 0))
    return (
        min(found, beside_odd(scores, least)) if level == "high" and least and len(scores) >= many else found
    )


def beside_odd(scores: Array, least: int) -> float:
    """Just above the highest score but for those of odd texts, of which there may be `least` in any band."""
    odd = max(least, int(ODD * len(scores)))
    return float(np.sort(scores)[-1 - odd]) + BESIDE


def threshold(rows: Sequence[Unseen], logits: Array, head: str, language: str, level: str) -> float:
    """The logit that keeps the stated rate in every band of every place where the head is asked."""
    best = logits[:, list(COLUMNS[head])].max(1)
    rates = DOCUMENT_RATES if head == "indirect" else RATES
    found = []
    for place, part in PARTS[head].items():
        for band in BANDS:
            if head == "direct" and place == "document" and level != "high":
                continue  # there it counts when it is sure
            mine = [i for i, r in enumerate(rows) if (r.kind, r.band, r.language) == (place, band, language)]
            if len(mine) >= FEW:
                found.append(reached(best[mine], part * rates[level], level, place))
    return max(found, default=LEAST[level])


def settled(
    rows: Sequence[Unseen], logits: Array, languages: Sequence[str] = ("zh", "en")
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(calibration, levels) by label and language: a score of `MIDDLE` is medium, of `TOP` high, whatever the label."""
    calibration: dict[str, Any] = {label: {} for label in LABELS}
    levels: dict[str, Any] = {label: {} for label in LABELS}
    for language in languages:
        moved = logits.copy()
        offsets = category_offsets(rows, logits, language)
        moved[:, list(COLUMNS["hazard"])] -= offsets
        for head, columns in COLUMNS.items():
            low, medium, high = (
                max(LEAST[level], float(threshold(rows, moved, head, language, level))) for level in RATES
            )
            high = max(high, medium + LEAST_GAP)
            scale = float(np.log(TOP / (1 - TOP))) / (high - medium)
            for at, column in enumerate(columns):
                shift = -scale * (medium + (float(offsets[at]) if head == "hazard" else 0.0))
                platt = calibration[LABELS[column]][language] = Platt(
                    round(float(scale), 4), round(float(shift), 4)
                )
                least = 1 / (1 + np.exp(-scale * (low - medium)))
                middle = MIDDLE
                if (needed := BESIDE_NEWS.get((LABELS[column], language))) is not None:
                    middle = max(middle, round(float(platt(np.float64(needed))), 4))
                levels[LABELS[column]][language] = Levels(round(float(min(least, MIDDLE)), 4), middle, TOP)
    return calibration, levels


def category_offsets(rows: Sequence[Unseen], logits: Array, language: str) -> Array:
    """How far a category's logit stands above that of the others in ordinary traffic, each category for itself, within bounds."""
    mine = [i for i, r in enumerate(rows) if r.kind in PARTS["hazard"] and r.language == language]
    hazards = logits[mine][:, list(COLUMNS["hazard"])]
    count = hazards.shape[1]
    likeliest, best = hazards.argmax(1), hazards.max(1)
    common = tail(best, RATES["medium"] / 2)
    found = np.zeros(count)
    for column in range(count):
        own = np.where(likeliest == column, best, hazards.min())
        if (likeliest == column).sum() >= OWN_TEXTS:
            found[column] = tail(own, RATES["medium"] / 2 / count, OWN_TEXTS) - common
    return np.clip(SHRUNK * found, -FARTHEST, FARTHEST)
