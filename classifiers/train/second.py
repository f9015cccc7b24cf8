"""A second model beside guard for the texts of one language: the figures of each alone and of both together.

    python classifiers/train/second.py guard/13 english-a          # a shipped model and a checkpoint of another tokenizer

The first at its own levels, all at levels set the same way. Together: the mean of the logits, harm of any kind first, so that two
models that name different categories still agree on harm. Windows are those of each model's own tokenizer. Answers with their
question are left out, as the engine leaves them to the first.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from guard import LABELS
from lengths import LANGUAGES, fitted, grown
from levels import COLUMNS, settled
from ship_guard import MOST_TEXTS, setting_of
from shipping import MODELS, tokenizer_of
from trainer import Example
from unseen import ORDINARY, Judge, judge_of, of_file, of_run, printed, sample, table, windows
from unseen_sets import Unseen, all_unseen

Array = NDArray[Any]
HAZARD = list(COLUMNS["hazard"])
LEFT = {
    "en": ("injection.indirect", "compliance.harmful"),
    "zh": ("injection.indirect", "compliance.harmful", "injection.direct"),
}
"""Labels that are left to the first: it finds nearly all planted orders, and the mean would flag twice as many orders to people;
answers are not asked about; and the mean found fewer Chinese attacks at medium."""
QUIET = -20.0
"""Logit of a text that the first is sure to be harmless."""


def together(first: Array, second: Array, share: float) -> Array:
    """`share` of the second. The likeliest category of both carries the mean of what each says of harm (as `second_look.py`)."""
    made = (1 - share) * first + share * second
    harm = (1 - share) * first[:, HAZARD].max(1) + share * second[:, HAZARD].max(1)
    made[np.arange(len(made)), np.array(HAZARD)[made[:, HAZARD].argmax(1)]] = harm
    return np.asarray(made)


def below(logits: Array, judge: Judge, language: str) -> Array:
    """By how many logits a text's nearest score misses the lowest level."""
    missed = []
    for column, label in enumerate(LABELS):
        if label in LEFT[language]:
            continue
        platt, low = judge.calibration[label][language], judge.levels[label][language].low
        missed.append((np.log(low / (1 - low)) - platt.shift) / platt.scale - logits[:, column])
    return np.asarray(np.min(missed, 0))


def asked_texts(data: Path, language: str) -> list[Unseen]:
    """Unseen texts of one language that a second model may be asked of."""
    return [r for r in all_unseen(data) if r.language == language and not r.question]


class Reader:
    """One model and what it says of each window of a text, kept in a file: asking takes minutes."""

    def __init__(self, name: str, work: Path) -> None:
        self.name, self.kept = name, work / "second" / f"{name.replace('/', '-')}.npz"
        self.shipped = "/" in name
        self.tokenizer: Tokenizer = tokenizer_of(work, name)
        self.ask = of_file(MODELS / name / "model.onnx") if self.shipped else of_run(work / f"{name}.pt")
        self.offsets = np.zeros((2, len(LABELS)))

    def read(self, rows: Sequence[Unseen]) -> Array:
        """The highest logit of each label over a text's windows."""
        made = [
            np.max(logits - self._off(row), 0) for row, logits in zip(rows, self._windows(rows), strict=True)
        ]
        return np.stack(made)

    def fit(self, setting: Sequence[Unseen], language: str) -> None:
        """What texts of a length reach is taken off a checkpoint's logits; a file does it itself."""
        if not self.shipped:
            self.offsets = fitted(setting, self.read(setting))[LANGUAGES.index(language)]

    def _off(self, row: Unseen) -> Array:
        if not self.offsets.any():
            return np.zeros((1, len(LABELS)))
        sizes = np.array([len(ids) for ids in windows(self.tokenizer, row)])
        return np.asarray(grown(sizes) @ self.offsets)

    def _windows(self, rows: Sequence[Unseen]) -> list[Array]:
        known = dict(np.load(self.kept)) if self.kept.exists() else {}
        keys = [f"{r.kind}|{r.family}|{r.id}|{len(r.text)}" for r in rows]
        left = {k: windows(self.tokenizer, r) for r, k in zip(rows, keys, strict=True) if k not in known}
        if left:
            logits = iter(self.ask([Example(ids, None) for found in left.values() for ids in found]))
            known |= {k: np.stack([next(logits) for _ in found]) for k, found in left.items()}
            self.kept.parent.mkdir(parents=True, exist_ok=True)
            np.savez(self.kept, **known)
        return [known[k] for k in keys]


def both(
    first: Array, second: Array, judge: Judge, language: str, share: float, near: float
) -> tuple[Array, Array]:
    """(logits of the two together, which texts the second is asked of); a text that it is not asked of has no finding."""
    asked = below(first, judge, language) <= near
    made = np.where(asked[:, None], together(first, second, share), QUIET)
    left = [LABELS.index(label) for label in LEFT[language]]
    made[:, left] = first[:, left]
    return made, asked


def pair_of(setting: Sequence[Unseen], logits: Array, first: Judge, language: str) -> Judge:
    """Levels of the two together; what is left to the first has its levels."""
    calibration, levels = settled(setting, logits, [language])
    for label in LEFT[language]:
        calibration[label], levels[label] = first.calibration[label], first.levels[label]
    return Judge(calibration, levels)


def shares_of(rows: Sequence[Unseen], asked: Array) -> dict[str, float]:
    """The share of ordinary texts of each kind that the second is asked of."""
    kinds = np.array([r.kind for r in rows])
    return {kind: round(float(asked[kinds == kind].mean()), 3) for kind in ORDINARY if kind in kinds}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("first", help="a shipped model")
    parser.add_argument("second", help="a checkpoint, or a shipped model")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--most", type=int, default=MOST_TEXTS, help="as in unseen.py")
    parser.add_argument("--language", default="en")
    parser.add_argument("--share", type=float, default=0.5, help="of the second in what both say")
    parser.add_argument(
        "--near", type=float, nargs="+", default=[99.0, 4.0], help="as in the second's manifest"
    )
    parser.add_argument("--out", type=Path, help="where the tables go as JSON")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = asked_texts(args.data, args.language)
    setting, reported = setting_of(rows, args.most), sample(rows, args.most, 1)
    first, second = Reader(args.first, args.work), Reader(args.second, args.work)
    second.fit(setting, args.language)
    one, two = ([r.read(part) for part in (setting, reported)] for r in (first, second))
    judge = judge_of(MODELS / args.first / "manifest.yaml")
    tables = {args.first: table(reported, one[1], judge)}
    for name, found in ((f"{args.first} at levels of today", one), (args.second, two)):
        tables[name] = table(reported, found[1], Judge(*settled(setting, found[0], [args.language])))
    for near in args.near:
        (set_by, _), (shown, asked) = (
            both(a, b, judge, args.language, args.share, near) for a, b in zip(one, two, strict=True)
        )
        print(f"near {near}: asked", shares_of(reported, asked), flush=True)
        pair = pair_of(setting, set_by, judge, args.language)
        tables[f"both, near {near}"] = table(reported, shown, pair)
    print(printed(tables))
    if args.out:
        args.out.write_text(json.dumps(tables, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
