"""Guard beside prompt-injection models that come as packages, on families that trained none of ours.

    pip install -r classifiers/train/requirements-baselines.txt
    python classifiers/train/baselines.py        # -> results/baselines.json

Packages that are not installed are left out. They decide at their own threshold, guard at level medium of direct
injection. Attacks count by family, so that a large one says no more than a small one.
"""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from tokenizers import Tokenizer

from report import RESULTS
from shipping import MODELS
from unseen import HEADS_AT, judge_of, of_file, sample, scored
from unseen_sets import Unseen, all_unseen

Array = NDArray[Any]
Scorer = Callable[[Sequence[Unseen]], tuple[Array, Array]]
"""A score of each text, and whether the model calls it an attack."""
PASSED = 0.5


@dataclass(frozen=True, slots=True)
class Line:
    """Shares of texts called an attack, and the area under the curve of attacks beside ordinary prompts."""

    attacks: float
    ordinary: float
    looks_like: float
    auc: float
    families: dict[str, float]


def nanoguard() -> Scorer:
    scanner = importlib.import_module("nanoguard.scanner").NanoGuard(device="cpu")
    return _deciding(lambda text: float(scanner.scan(text).injection_score))


def securevector() -> Scorer:
    """Its score, moved so that its own threshold is 0.5."""
    path = importlib.import_module("svguardian").resolve_runtime()
    model = importlib.import_module("svguardian.model.pure_infer").PureGuardian.load(str(path))
    analyze = importlib.import_module("svguardian.serve").analyze

    def score(text: str) -> float:
        found = analyze(text, model)
        return float(found["risk_score"]) / 200 + PASSED * found["is_threat"]

    return _deciding(score)


def _deciding(score: Callable[[str], float]) -> Scorer:
    def scorer(rows: Sequence[Unseen]) -> tuple[Array, Array]:
        scores = np.array([score(row.text) for row in rows])
        return scores, scores >= PASSED

    return scorer


PACKAGES: Mapping[str, Callable[[], Scorer]] = {
    "metatronnanoguard 0.1.0": nanoguard,
    "securevector-guardian-model 1.4.0": securevector,
}


def guard(folder: Path) -> Scorer:
    tokenizer, judge = Tokenizer.from_file(str(folder / "tokenizer.json")), judge_of(folder / "manifest.yaml")
    columns = HEADS_AT["direct"]

    def scorer(rows: Sequence[Unseen]) -> tuple[Array, Array]:
        logits = scored(rows, tokenizer, of_file(folder / "model.onnx"))
        languages = np.array([row.language for row in rows])
        return logits[:, columns[0]], judge.reached(logits, languages, "medium", columns)

    return scorer


def line(rows: Sequence[Unseen], scores: Array, called: Array) -> Line:
    kinds = np.array([row.kind for row in rows])
    families = np.array([row.family for row in rows])
    shares = {
        str(f): _share(called, (kinds == "direct") & (families == f))
        for f in sorted({*families[kinds == "direct"]})
    }
    compared = (kinds == "direct") | (kinds == "prompt")
    auc = float(roc_auc_score(kinds[compared] == "direct", scores[compared]))
    ordinary, alike = _share(called, kinds == "prompt"), _share(called, kinds == "harmless")
    return Line(round(float(np.mean([*shares.values()])), 3), ordinary, alike, round(auc, 3), shares)


def _share(called: Array, chosen: Array) -> float:
    return round(float(called[chosen].mean()), 3) if chosen.any() else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--most", type=int, default=400, help="as in unseen.py")
    args = parser.parse_args()
    newest = max((MODELS / "guard").iterdir(), key=lambda folder: int(folder.name))
    scorers: dict[str, Scorer] = {f"guard/{newest.name}": guard(newest)}
    for name, opened in PACKAGES.items():
        try:
            scorers[name] = opened()
        except ImportError as missing:
            print(f"{name} is left out: {missing}")
    reported = [
        r for r in sample(all_unseen(args.data), args.most, 1) if r.kind in ("prompt", "direct", "harmless")
    ]
    found: dict[str, dict[str, Any]] = {name: {} for name in scorers}
    for language in ("en", "zh"):
        rows = [row for row in reported if row.language == language]
        for name, scorer in scorers.items():
            found[name][language] = asdict(line(rows, *scorer(rows)))
            print(language, len(rows), name, found[name][language], flush=True)
    (RESULTS / "baselines.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
