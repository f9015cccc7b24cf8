"""From logits to scores that mean something: activation, Platt calibration, levels.

A level says how sure: 0 none, 1 low, 2 medium, 3 high. Thresholds are stated false-positive rates
measured per language when the model was trained; see its card.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from threegate_classifiers.manifest import DEFAULT_LEVELS, Activation, Manifest, Platt

CJK_SHARE = 0.15
"""A text with more CJK among its letters is judged with the Chinese thresholds."""

_CJK = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_TINY = 1e-7


def language_of(text: str) -> str:
    """ "zh" or "en" by the share of CJK among letters."""
    letters = sum(map(str.isalpha, text))
    cjk = len(_CJK.findall(text))
    return "zh" if letters and cjk / letters > CJK_SHARE else "en"


def activate(manifest: Manifest, logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities over the last axis."""
    values = logits.astype(np.float64)
    if manifest.activation is Activation.SIGMOID:
        return _sigmoid(values)
    shifted = np.exp(values - values.max(axis=-1, keepdims=True))
    result: NDArray[np.float64] = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


def calibrated(manifest: Manifest, label: str, probability: float, language: str) -> float:
    """Platt scaling of the label's log-odds; the probability itself where nothing was fitted."""
    platt = manifest.calibration.get((label, language))
    if platt is None:
        return probability
    return score_of(manifest, label, _logit(probability), language)


def logit_of(manifest: Manifest, label: str, score: float, language: str) -> float:
    """The model's own log-odds behind a calibrated score."""
    platt = manifest.calibration.get((label, language), Platt())
    return (_logit(score) - platt.shift) / platt.scale


def score_of(manifest: Manifest, label: str, logit: float, language: str) -> float:
    """The calibrated score of log-odds."""
    platt = manifest.calibration.get((label, language), Platt())
    return _probability(platt.scale * logit + platt.shift)


def below_levels(manifest: Manifest, label: str, score: float, language: str) -> float:
    """Logits by which a calibrated score lies below the lowest level; less than 0 above it."""
    lowest = manifest.levels.get((label, language), DEFAULT_LEVELS)[0]
    scale = manifest.calibration.get((label, language), Platt()).scale
    return (_log_odds(lowest) - _logit(score)) / scale


def score_below(manifest: Manifest, label: str, margin: float, language: str) -> float:
    """The model's own score, before calibration, that lies so many logits below the lowest
    level."""
    lowest = manifest.levels.get((label, language), DEFAULT_LEVELS)[0]
    return _probability(logit_of(manifest, label, lowest, language) - margin)


def level_of(manifest: Manifest, label: str, score: float, language: str) -> int:
    """0 to 3: the strictest level whose threshold the calibrated score reaches."""
    return bisect_right(manifest.levels.get((label, language), DEFAULT_LEVELS), score)


def _logit(probability: float) -> float:
    if not _TINY <= probability <= 1 - _TINY:
        probability = min(max(probability, _TINY), 1 - _TINY)
    return math.log(probability / (1 - probability))


_log_odds = lru_cache(maxsize=1024)(_logit)
"""For levels, which are few."""


def _probability(logit: float) -> float:
    if not -60.0 <= logit <= 60.0:
        logit = min(max(logit, -60.0), 60.0)
    return 1 / (1 + math.exp(-logit))


def _sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(values, -60, 60)))
    return result
