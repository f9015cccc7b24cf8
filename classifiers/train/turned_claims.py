"""The fact check on held packs of opposites, and on plain sentences written apart from their generators.

    python classifiers/train/turned_claims.py grounding/4

Area under the curve and balanced accuracy of "supported" against the rest; right and wrong claims that are supported. `tests/data/plain_claims.jsonl` never trains.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml
from sklearn.metrics import roc_auc_score

from as_judged import of_file
from claim_levels import balanced
from opposite_words import words
from opposites import opposites
from opposites_zh import opposites_zh, things_zh, words_zh
from pack import SUPPORTED, Pack
from plain import plain
from rows import read_rows
from shipping import MODELS

PLAIN = Path(__file__).parents[2] / "tests" / "data" / "plain_claims.jsonl"
MADE = {
    "statements en": opposites,
    "words en": words,
    "written en": partial(plain, language="en"),
    "statements zh": opposites_zh,
    "words zh": words_zh,
    "things zh": things_zh,
    "written zh": partial(plain, language="zh"),
}
COUNT, SEED = 80, 91


class Judged(NamedTuple):
    source: str
    claim: str
    supported: bool
    language: str


def sets() -> dict[str, list[Judged]]:
    """Held entries alone; the plain ones right and wrong."""
    made = {name: _of(make(COUNT, random.Random(SEED), held=True)) for name, make in MADE.items()}
    for row in read_rows(PLAIN):
        language = row["language"]
        both = (Judged(row["source"], row[side], side == "right", language) for side in ("right", "wrong"))
        made.setdefault(f"plain {language}", []).extend(both)
    return made


def _of(packs: Sequence[Pack]) -> list[Judged]:
    return [Judged(p.evidence, c.text, c.allowed == SUPPORTED, p.language) for p in packs for c in p.claims]


def measured(folder: Path) -> dict[str, dict[str, float]]:
    ask = of_file(folder)
    levels = yaml.safe_load((folder / "manifest.yaml").read_text(encoding="utf-8"))["levels"]["supported"]
    return {
        name: figures_of(
            claims, [float(ask(c.source, c.claim)[0]) for c in claims], levels[claims[0].language]["medium"]
        )
        for name, claims in sets().items()
    }


def figures_of(claims: Sequence[Judged], support: Sequence[float], medium: float) -> dict[str, float]:
    """Of claims of one language."""
    gold, scores = np.array([c.supported for c in claims]), np.array(support)
    reached = scores >= medium
    made = {"auc": float(roc_auc_score(gold, scores)), "balanced_accuracy": balanced(reached, gold),
            "right": int(reached[gold].sum()), "wrong": int(reached[~gold].sum()), "of": int(gold.sum())}  # fmt: skip
    return {name: round(value, 4) for name, value in made.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", help="shipped models, such as grounding/4")
    for name in parser.parse_args().models:
        for each, found in measured(MODELS / name).items():
            print(name, each, found)


if __name__ == "__main__":
    main()
