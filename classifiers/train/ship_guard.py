"""Ship guard: int8 ONNX with a second look, levels from ordinary traffic, parity, unseen-family figures, manifest, card."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

import card
import lengths
from encoder import EARLY, Model
from guard import LABELS, OUTPUTS, WIDTH, split
from guard_rows import HEADS, GuardRow
from levels import COLUMNS, DOCUMENT_RATES, RATES, settled
from shipping import MODELS, export_both, load_run, tokenizer_of, write_manifest
from trainer import Example, predict
from unseen import OVERLAP, Judge, of_file, sample, scored, table, windows
from unseen_sets import Unseen, all_unseen

Array = NDArray[Any]
CATEGORIES = slice(5, OUTPUTS)
LOST = 0.02
"""Share of the texts that the last block finds which the early head may call harmless."""
FOUND = -1.0
"""Logit of the last block from which a positive row counts as found; about medium."""
MOST_TEXTS, PROMPTS = 400, 1500
"""Texts of a band that are reported, and that set the levels; prompts that do: the few highest of 400 are chance."""
POSITIVES = 100
"""Rows of each head and language that decide when the early head is sure."""
TITLE = {
    "zh": "输入与回答护栏：注入、危害、冒犯、回答是否照办",
    "en": "Guard: injection, hazards, offence, answer compliance",
}


def sure_below(model: Model, tokenizer: Tokenizer, held: Sequence[GuardRow]) -> list[float]:
    """Per head the early logit below which nearly none of what the last block finds lies. Rows are development rows, which
    training did not see; those of held families stay out."""
    rows = [r for r in held if not r.group.startswith("held/")]
    found = []
    for head, name in enumerate(HEADS):
        chosen = [
            r
            for lang in ("zh", "en")
            for r in [x for x in rows if x.heads.get(name) == 1 and x.language == lang][::7][:POSITIVES]
        ]
        texts = [Unseen(r.text, "", "", r.language, "", r.question) for r in chosen]
        raw = torch.stack(predict(model, [Example(windows(tokenizer, t)[0], None) for t in texts])).numpy()
        early = raw[raw[:, head] > FOUND, OUTPUTS + head]
        found.append(round(float(np.quantile(early, LOST)), 3))
    return found


def looked_twice(
    model: Model, tokenizer: Tokenizer, rows: Sequence[Unseen], sure: Sequence[float]
) -> dict[str, float]:
    """Share of the windows of ordinary texts that the upper blocks read, by role."""
    shares = {}
    for kind in ("prompt", "document", "answer"):
        cut = [Example(windows(tokenizer, r)[0], None) for r in rows if r.kind == kind][:400]
        early = torch.stack(predict(model, cut)).numpy()[:, OUTPUTS : OUTPUTS + 5]
        asked = (2, 4) if kind == "answer" else (0, 1, 2, 3)
        shares[kind] = round(float((early > np.array(sure))[:, list(asked)].any(1).mean()), 3)
    return shares


def agreement(small: Array, full: Array, rows: Sequence[Unseen], judge: Judge) -> float:
    """Share of texts of which both say the same at medium, head by head."""
    languages = np.array([r.language for r in rows])
    same = np.ones(len(rows), bool)
    for columns in COLUMNS.values():
        same &= judge.reached(small, languages, "medium", columns) == judge.reached(
            full, languages, "medium", columns
        )
    return round(float(same.mean()), 4)


def no_two_sure(calibration: dict[str, Any], levels: dict[str, Any]) -> None:
    """A category that is not the likeliest has a logit of at most 0: it must not reach high."""
    for label in LABELS[2:20]:
        for language, platt in calibration[label].items():
            if platt(np.zeros(1))[0] >= levels[label][language].high:
                print(f"second categories may reach high: {label} {language} {platt}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--run", default="guard")
    parser.add_argument("--version", default="1")
    parser.add_argument("--most", type=int, default=MOST_TEXTS, help="as in unseen.py")
    args = parser.parse_args()
    torch.set_num_threads(1)
    ship(args.data, args.work, args.run, args.version, split(args.data)[1], args.most)


def ship(
    data: Path, work: Path, run: str, version: str, held: Sequence[GuardRow], most: int = MOST_TEXTS
) -> None:
    folder, tokenizer = MODELS / "guard" / version, tokenizer_of(work, run)
    model = load_run(work / f"{run}.pt", OUTPUTS, per_token=False)
    sure = sure_below(model, tokenizer, held) if model.early is not None else None
    _, full = export_both(model, tokenizer, folder, work, CATEGORIES, sure)
    measure(folder, model, tokenizer, data, full, sure, most)


def setting_of(rows: Sequence[Unseen], most: int) -> list[Unseen]:
    """The half of ordinary traffic that sets levels and offsets."""
    counts = {"prompt": PROMPTS, "system": most, "document": most, "answer": most}
    return [r for kind, count in counts.items() for r in sample(rows, count, 0) if r.kind == kind]


def measure(
    folder: Path,
    model: Model,
    tokenizer: Tokenizer,
    data: Path,
    full: Path,
    sure: list[float] | None,
    most: int,
) -> None:
    """Levels, manifest, figures and card of the exported file in `folder`."""
    small, rows, version = folder / "model.onnx", all_unseen(data), folder.name
    setting = setting_of(rows, most)
    reported = sample(rows, most, 1)
    twice = looked_twice(model, tokenizer, setting, sure) if sure else {}
    print("sure below", sure, "read twice", twice, flush=True)
    offsets = lengths.fitted(setting, scored(setting, tokenizer, of_file(small)))
    for path in (small, full):
        lengths.write(path, offsets, tokenizer)
    calibration, levels = settled(setting, scored(setting, tokenizer, of_file(small)))
    no_two_sure(calibration, levels)
    facts = {"title": TITLE, "task": "classify", "activation": "sigmoid", "max_tokens": WIDTH, "overlap_tokens": OVERLAP,
             "labels": list(LABELS), "calibration": plain(calibration), "levels": plain(levels)}  # fmt: skip
    write_manifest(folder, tokenizer, facts)
    print("levels set", flush=True)
    judge = Judge(calibration, levels)
    logits = scored(reported, tokenizer, of_file(small))
    results: dict[str, Any] = {"model": f"guard/{version}", "unseen": table(reported, logits, judge)}
    picked = list(range(0, len(reported), max(1, len(reported) // 300)))
    some = [reported[i] for i in picked]
    results["int8_agrees_with_fp32"] = agreement(
        logits[picked], scored(some, tokenizer, of_file(full)), some, judge
    )
    results |= {
        "rates": RATES,
        "document_rates": DOCUMENT_RATES,
        "early": EARLY,
        "sure_below": sure,
        "read_twice": twice,
        "length_offsets": {
            label: {
                lang: found[:, i].round(2).tolist()
                for lang, found in zip(lengths.LANGUAGES, offsets, strict=True)
            }
            for i, label in enumerate(LABELS)
            if offsets[..., i].any()
        },
    }
    out = Path(__file__).parent / "results" / f"guard-{version}.json"
    out.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    card.write_guard(folder, results, data)
    print("int8 = fp32 on", results["int8_agrees_with_fp32"])


def plain(by_label: dict[str, Any]) -> dict[str, Any]:
    return {
        label: {language: asdict(value) for language, value in found.items()}
        for label, found in by_label.items()
    }


if __name__ == "__main__":
    main()
