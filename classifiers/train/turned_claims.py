"""The fact check on held packs of opposites, and on plain sentences written apart from their generators.

    python classifiers/train/turned_claims.py grounding/4

Area under the curve / balanced accuracy of "supported" against the rest. `tests/data/plain_claims.jsonl` never trains.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
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
from rows import read_rows
from shipping import MODELS

PLAIN = Path(__file__).parents[2] / "tests" / "data" / "plain_claims.jsonl"
MADE = {
    "statements en": opposites,
    "words en": words,
    "statements zh": opposites_zh,
    "words zh": words_zh,
    "things zh": things_zh,
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


def measured(folder: Path) -> dict[str, tuple[float, float]]:
    ask = of_file(folder)
    levels = yaml.safe_load((folder / "manifest.yaml").read_text(encoding="utf-8"))["levels"]["supported"]
    found = {}
    for name, claims in sets().items():
        support = np.array([ask(c.source, c.claim)[0] for c in claims])
        gold = np.array([c.supported for c in claims])
        reached = support >= np.array([levels[c.language]["medium"] for c in claims])
        found[name] = float(roc_auc_score(gold, support)), balanced(reached, gold)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", help="shipped models, such as grounding/4")
    for name in parser.parse_args().models:
        for each, (area, accuracy) in measured(MODELS / name).items():
            print(f"{name} {each} {area:.3f} / {accuracy:.3f}")


if __name__ == "__main__":
    main()
