"""The floor that a model must beat: TF-IDF and a linear classifier on the same rows.

`floors.py` measures it into `results/floor.json`; the ship commands read it from there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline

from grounding_rows import Pair
from guard_rows import GuardRow
from metrics import Platt, choose_levels, fit_platt, table

FLOOR = Path(__file__).parent / "results" / "floor.json"


def known_floor(model: str) -> dict[str, Any]:
    """What `floors.py` measured for `model`; empty when it has not run."""
    if not FLOOR.exists():
        return {}
    found: dict[str, Any] = json.loads(FLOOR.read_text(encoding="utf-8")).get(model, {})
    return found


def _pipeline() -> Any:
    vector = HashingVectorizer(
        analyzer="char_wb", ngram_range=(1, 4), n_features=2**18, lowercase=True, alternate_sign=False
    )
    linear = SGDClassifier(loss="log_loss", alpha=2e-6, class_weight="balanced", random_state=0, max_iter=6)
    return make_pipeline(vector, TfidfTransformer(sublinear_tf=True), linear)


def text_floor(train: Sequence[GuardRow], held: Sequence[GuardRow], head: str) -> dict[str, Any]:
    """Per language: the table of the linear model at its own working point."""
    mine = [r for r in train if head in r.heads]
    texts = [f"{r.question} ⏎ {r.text[:1500]}" if r.question else r.text[:1500] for r in mine]
    weights = np.array([r.times for r in mine])
    fitted = _pipeline().fit(texts, [r.heads[head] for r in mine], sgdclassifier__sample_weight=weights)
    result = {}
    for language in ("zh", "en"):
        tests = [r for r in held if head in r.heads and r.language == language]
        labels = np.array([r.heads[head] for r in tests])
        raw = fitted.decision_function(
            [f"{r.question} ⏎ {r.text[:1500]}" if r.question else r.text[:1500] for r in tests]
        )
        platt: Platt = fit_platt(raw, labels)
        scores = platt(raw)
        hard = scores[[i for i, r in enumerate(tests) if labels[i] == 0 and "authored" in r.source]]
        limit = 1.0 if head in ("offensive", "compliance") else 0.04
        levels = choose_levels(scores, labels, hard, limit)
        result[language] = table(scores, labels, levels.medium).as_dict()
    return result


def pair_floor(train: Sequence[Pair], held: Sequence[Pair]) -> dict[str, float]:
    """Balanced accuracy of supported or not, per language, from the words of claim and evidence."""

    def text(pair: Pair) -> str:
        return f"{pair.claim} ⏎ {pair.evidence[:1200]}"

    fitted = _pipeline().fit([text(p) for p in train], [int(p.allowed == (0,)) for p in train])
    result = {}
    for language in ("zh", "en"):
        tests = [p for p in held if p.language == language]
        labels = np.array([int(p.allowed == (0,)) for p in tests])
        predicted = fitted.predict([text(p) for p in tests])
        rates = [float((predicted[labels == c] == c).mean()) for c in (0, 1)]
        result[language] = round(sum(rates) / 2, 4)
    return result
