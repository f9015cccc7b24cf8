"""Shortcut audit: how well a head's label is told by openers, length, punctuation, casing and shape alone.

A linear model on nothing else must not tell it (AUC at most .60 per head and language), or the encoder learns the
shortcut first. `balanced` changes how often rows are seen, so that it tells less: rows whose label the shortcut
gives away are seen less often, rows that contradict it more often.

    python classifiers/train/audit.py            # before and after balancing, per head and language
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from guard_rows import HEADS, GuardRow

LIMIT = 0.60
LANGUAGES = ("zh", "en")
FITTED = 16_000
"""Rows that a shortcut model is fitted on, drawn as training draws them."""
WIDTH = 1 << 14
LEAST, MOST = 0.2, 5.0
"""Bounds of the factor by which one round changes how often a row is seen."""
ROUNDS = 2
OFTEN = 4.0
"""A row is seen at most so often in a pass."""
MARKS = "?？!！,，.。:：;；\"“”'‘’()（）[]{}<>#*-_/|`\n"
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W\d_]+|\d+|[^\w\s]")

Floats = NDArray[np.float64]


def shape(text: str) -> list[tuple[str, float]]:
    """Features of a text that say nothing of what it is about."""
    words = [w.lower() for w in _WORD.findall(text[:160])][:4]
    letters = [c for c in text if c.isalpha()]
    size = max(len(text), 1)
    found = [(f"first {n} {' '.join(words[:n])}", 1.0) for n in (1, 2, 3)]
    found += [(f"length {int(2 * math.log2(size))}", 1.0), ("log length", math.log2(size) / 8)]
    found += [(f"has {m!r}", 1.0) for m in MARKS if m in text]
    found += [(f"share {m!r}", min(1.0, 20 * text.count(m) / size)) for m in MARKS if m in text]
    found += [(f"ends {text.rstrip()[-1:]!r}", 1.0), (f"lines {min(9, text.count(chr(10)))}", 1.0)]
    upper = sum(c.isupper() for c in letters) / max(len(letters), 1)
    found += [
        ("upper", upper),
        (f"starts upper {text[:1].isupper()}", 1.0),
        (f"all upper {upper > 0.6}", 1.0),
    ]
    return [*found, ("digits", sum(c.isdigit() for c in text) / size)]


def matrix(rows: Sequence[GuardRow]) -> csr_matrix:
    return FeatureHasher(WIDTH, input_type="pair", alternate_sign=False).transform(
        shape(r.text) for r in rows
    )


class Shortcut:
    """The shortcut model of one head and language, each half judged by the other half's model."""

    def __init__(self, at: NDArray[np.int64], labels: NDArray[np.int64], seen: Floats, seed: int) -> None:
        self.at, self.labels, self.seen = at, labels, seen
        self.half = np.random.default_rng(seed).integers(0, 2, len(at))
        self.rng = np.random.default_rng(seed + 1)

    def told(self, table: csr_matrix) -> Floats:
        """P(label = 1) of every row."""
        scores = np.zeros(len(self.at))
        for half in (0, 1):
            pool = np.flatnonzero(self.half == half)
            share = self.seen[pool] / self.seen[pool].sum()
            drawn = self.rng.choice(pool, FITTED // 2, p=share)
            model = LogisticRegression(C=0.5, max_iter=60, solver="liblinear")
            model.fit(table[self.at[drawn]], self.labels[drawn])
            other = np.flatnonzero(self.half != half)
            scores[other] = model.predict_proba(table[self.at[other]])[:, 1]
        return scores


def auc(labels: NDArray[np.int64], told: Floats, seen: Floats) -> float:
    return round(float(roc_auc_score(labels, told, sample_weight=seen)), 3)


def balanced(rows: Sequence[GuardRow], rounds: int = ROUNDS) -> tuple[list[GuardRow], list[dict[str, float]]]:
    """`rows` seen more or less often, and the shortcut's AUC per head and language before each round and after."""
    table = matrix(rows)
    times = np.array([row.times for row in rows])
    figures = []
    for turn in range(rounds + 1):
        factor, found = np.ones(len(rows)), {}
        for head in HEADS:
            for language in LANGUAGES:
                at = np.array([i for i, r in enumerate(rows) if head in r.heads and r.language == language])
                if not len(at):
                    continue  # rows of one language alone
                labels = np.array([rows[i].heads[head] for i in at])
                told = Shortcut(at, labels, times[at], turn).told(table)
                found[f"{head} {language}"] = auc(labels, told, times[at])
                factor[at] *= _factor(labels, told, times[at])
        figures.append(found)
        if turn < rounds:
            changed = times * np.clip(factor, LEAST, MOST)
            times = changed * (times.sum() / changed.sum())
    times = np.minimum(_restored(rows, times), OFTEN)
    return [replace(row, times=float(t)) for row, t in zip(rows, times, strict=True)], figures


def _restored(rows: Sequence[GuardRow], times: Floats) -> Floats:
    """Positives of a head and language weigh together what they did before: within a label the order stays."""
    made = times.copy()
    for head in HEADS:
        for language in LANGUAGES:
            at = [i for i, r in enumerate(rows) if r.heads.get(head) == 1 and r.language == language]
            if at:
                made[at] = times[at] * sum(rows[i].times for i in at) / times[at].sum()
    return made


def _factor(labels: NDArray[np.int64], told: Floats, seen: Floats) -> Floats:
    """P(label) / P(label | shortcut)."""
    base = float((labels * seen).sum() / seen.sum())
    told = np.clip(told, 0.01, 0.99)
    return np.where(labels == 1, base / told, (1 - base) / (1 - told))


def main() -> None:
    from guard import split  # the recipe imports this module

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "audit.json")
    args = parser.parse_args()
    random.seed(7)
    _, figures = balanced(split(args.data)[0])
    named = {"before": figures[0], "after": figures[-1]}
    args.out.write_text(json.dumps(named, indent=1) + "\n", encoding="utf-8")
    for key in figures[0]:
        first, last = figures[0][key], figures[-1][key]
        print(f"{key:15s} {first:.3f} -> {last:.3f}{'' if last <= LIMIT else f'  over {LIMIT}'}")


if __name__ == "__main__":
    main()
