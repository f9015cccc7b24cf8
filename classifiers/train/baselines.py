"""Guard against prompt-injection models that come as packages, on the same rows of the development split.

    pip install -r classifiers/train/requirements-baselines.txt
    python classifiers/train/baselines.py        # -> results/baselines.json

Packages that are not installed are left out. They decide at their own threshold, guard at level medium; what
counts as an attack is a direct or an indirect injection, what does not is a row known to be neither.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from tokenizers import Tokenizer

from guard import LABELS, WIDTH, encode, split
from guard_rows import GuardRow
from metrics import Platt, table
from report import RESULTS
from shipping import MODELS, run, session
from trainer import Example

Scores = NDArray[np.float64]
Scorer = Callable[[Sequence[GuardRow]], Scores]  # 0.5 and more is an attack
PASSED = 0.5


def nanoguard() -> Scorer:
    scanner = importlib.import_module("nanoguard.scanner").NanoGuard(device="cpu")
    return lambda rows: np.array([scanner.scan(row.text).injection_score for row in rows])


def securevector() -> Scorer:
    """Its score, moved so that its own threshold is 0.5."""
    path = importlib.import_module("svguardian").resolve_runtime()
    model = importlib.import_module("svguardian.model.pure_infer").PureGuardian.load(str(path))
    analyze = importlib.import_module("svguardian.serve").analyze

    def score(text: str) -> float:
        found = analyze(text, model)
        return float(found["risk_score"]) / 200 + PASSED * found["is_threat"]

    return lambda rows: np.array([score(row.text) for row in rows])


PACKAGES: Mapping[str, Callable[[], Scorer]] = {
    "metatronnanoguard 0.1.0": nanoguard,
    "securevector-guardian-model 1.4.0": securevector,
}


def guard(folder: Path) -> Scorer:
    """The nearer of the two injection labels to its level medium; at the level it is 0.5."""
    manifest = yaml.safe_load((folder / "manifest.yaml").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def over(label: str, logit: float, language: str) -> float:
        score = Platt(**manifest["calibration"][label][language])(np.float64(logit))
        level = manifest["levels"][label][language]["medium"]
        gone = (score - level) / (1 - level) if score >= level else (score - level) / level
        return PASSED + PASSED * float(gone)

    def scores(rows: Sequence[GuardRow]) -> Scores:
        rng = random.Random(1)
        made = [Example(encode(tokenizer, row, WIDTH, rng), None) for row in rows]
        logits = run(session(folder / "model.onnx", 2), made)
        return np.array([
            max(over(label, found[LABELS.index(label)], row.language) for label in LABELS[:2])
            for row, found in zip(rows, logits, strict=True)
        ])  # fmt: skip

    return scores


def attack(row: GuardRow) -> int | None:
    heads = [row.heads.get("direct"), row.heads.get("indirect")]
    if 1 in heads:
        return 1
    return 0 if heads == [0, 0] and not row.question else None


def rows_of(held: Sequence[GuardRow], language: str, most: int) -> list[GuardRow]:
    """At most `most` of each kind, what was written for this project first."""
    own = sorted(held, key=lambda row: not row.source.startswith("authored"))
    picked = [[r for r in own if r.language == language and attack(r) == kind][:most] for kind in (0, 1)]
    return picked[0] + picked[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--most", type=int, default=500, help="rows of each kind and language at most")
    args = parser.parse_args()
    newest = max((MODELS / "guard").iterdir(), key=lambda folder: int(folder.name))
    scorers: dict[str, Scorer] = {f"guard/{newest.name}": guard(newest)}
    for name, opened in PACKAGES.items():
        try:
            scorers[name] = opened()
        except ImportError as missing:
            print(f"{name} is left out: {missing}")
    _, held = split(args.data)
    random.Random(2).shuffle(held)
    found: dict[str, dict[str, Any]] = {name: {} for name in scorers}
    for language in ("zh", "en"):
        rows = rows_of(held, language, args.most)
        labels = np.array([attack(row) for row in rows])
        for name, scorer in scorers.items():
            found[name][language] = table(scorer(rows), labels, PASSED).as_dict()
            print(language, name, found[name][language], flush=True)
    (RESULTS / "baselines.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
