"""The unseen-family table: how models do on texts of families that never train, both languages, one command.

    python classifiers/train/unseen.py guard/13                     # shipped models
    python classifiers/train/unseen.py guard/9 --run guard-10a     # beside a checkpoint, at levels set the same way

A model is asked as the proxy asks it: every window of a text, the heads that count at its place. Ordinary traffic is
reported on the half that did not set the levels.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from tokenizers import Tokenizer

from families import seen_before
from guard import LABELS, OUTPUTS, WIDTH, final_logits
from levels import settled
from metrics import Levels, Platt
from shipping import MODELS, load_run, session, tokenizer_of
from trainer import Example, predict
from unseen_sets import BANDS, Unseen, all_unseen

Array = NDArray[Any]
OVERLAP = 40
MOST = 8
"""Windows of a text that are read, its first ones."""
ORDINARY = ("prompt", "system", "document", "answer")
HALF = 2
PART = {"short": 1.0, "middle": 0.7, "long": 0.25}
"""Of the texts of a band so many are read: long ones take most of the time."""
HEADS_AT = {  # the labels that count at a place: columns of LABELS
    "prompt": (0, *range(2, 21)), "system": (0, *range(2, 21)), "document": (1,), "answer": (*range(2, 20), 21),
    "direct": (0,), "indirect": (1,), "hazard": tuple(range(2, 20)), "offensive": (20,), "compliance": (21,),
}  # fmt: skip
SETS = {  # kind: (place, the head whose curve is drawn, ordinary or harmless kinds beside it)
    "harm": ("prompt", "hazard", ("prompt",)), "alarming": ("prompt", "hazard", ()),
    "direct": ("prompt", "direct", ("prompt",)), "harmless": ("prompt", "direct", ()),
    "indirect": ("document", "indirect", ("document", "order")), "order": ("document", "indirect", ()),
    "offensive": ("prompt", "offensive", ("inoffensive",)), "inoffensive": ("prompt", "offensive", ()),
    "complied": ("answer", "compliance", ("answer",)), "refused": ("answer", "compliance", ()),
}  # fmt: skip

Scorer = Callable[[Sequence[Example]], list[Array]]


def windows(tokenizer: Tokenizer, row: Unseen) -> list[list[int]]:
    """Token ids of every window, as the runtime cuts them."""
    ids = tokenizer.encode(row.text, add_special_tokens=False).ids
    first = (
        tokenizer.encode(row.question, add_special_tokens=False).ids[: (WIDTH - 4) // 3]
        if row.question
        else []
    )
    room = WIDTH - 4 - len(first) if first else WIDTH - 2
    starts = range(0, max(1, len(ids) - OVERLAP), room - OVERLAP)
    parts = [ids[s : s + room] for s in starts][:MOST]
    return [[0, *first, 2, 2, *part, 2] if first else [0, *part, 2] for part in parts]


def scored(rows: Sequence[Unseen], tokenizer: Tokenizer, ask: Scorer) -> Array:
    """The highest logit of each label over a text's windows."""
    cut = [windows(tokenizer, row) for row in rows]
    logits = ask([Example(ids, None) for found in cut for ids in found])
    at, best = 0, []
    for found in cut:
        best.append(np.max(logits[at : at + len(found)], 0))
        at += len(found)
    return np.stack(best)


def of_file(path: Path, threads: int = 1) -> Scorer:
    """Each row alone, without padding, as the runtime runs them."""
    opened = session(path, threads)

    def ask(examples: Sequence[Example]) -> list[Array]:
        ids = (np.array([e.ids], np.int64) for e in examples)
        return [
            opened.run(["logits"], {"input_ids": i, "attention_mask": np.ones_like(i)})[0][0] for i in ids
        ]

    return ask


def of_run(state: Path) -> Scorer:
    model = load_run(state, OUTPUTS, per_token=False)

    def ask(examples: Sequence[Example]) -> list[Array]:
        raw = torch.stack(predict(model, examples))[:, :OUTPUTS]
        return list(final_logits(raw).numpy())

    return ask


@dataclass(frozen=True, slots=True)
class Judge:
    """Scores and thresholds of a model by label and language."""

    calibration: dict[str, dict[str, Platt]]
    levels: dict[str, dict[str, Levels]]

    def reached(self, logits: Array, languages: Array, level: str, columns: Sequence[int]) -> Array:
        """Whether any label of `columns` reaches `level`."""
        found = np.zeros(len(logits), bool)
        for column in columns:
            for language in np.unique(languages):
                mine = languages == language
                platt, levels = (
                    self.calibration[LABELS[column]][language],
                    self.levels[LABELS[column]][language],
                )
                found[mine] |= platt(logits[mine, column]) >= getattr(levels, level)
        return found


def judge_of(manifest: Path) -> Judge:
    facts = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    calibration = {k: {lang: Platt(**v) for lang, v in d.items()} for k, d in facts["calibration"].items()}
    levels = {k: {lang: Levels(**v) for lang, v in d.items()} for k, d in facts["levels"].items()}
    return Judge(calibration, levels)


def table(rows: Sequence[Unseen], logits: Array, judge: Judge) -> list[dict[str, Any]]:
    """One line per set, language and (for ordinary traffic) band."""
    languages = np.array([r.language for r in rows])
    lines = []
    for kind, name, language, chosen in _sets(rows):
        place, head, beside = SETS.get(kind, (kind, "", ()))
        part, part_languages = logits[chosen], languages[chosen]
        at = {
            level: judge.reached(part, part_languages, level, HEADS_AT[place]) for level in ("medium", "high")
        }
        if place == "document":  # direct counts there when it is sure
            sure = judge.reached(part, part_languages, "high", HEADS_AT["direct"])
            at = {level: found | sure for level, found in at.items()}
        line = {"set": f"{kind}: {name}", "language": language, "n": len(chosen)}
        line |= {level: round(float(found.mean()), 4) for level, found in at.items()}
        others = [i for i, r in enumerate(rows) if r.kind in beside and r.language == language]
        if others and len(chosen) > 5:
            line["auc"] = _auc(logits, chosen, others, HEADS_AT[head])
        lines.append(line)
    return lines


def _auc(logits: Array, positive: Sequence[int], negative: Sequence[int], columns: Sequence[int]) -> float:
    best = logits[:, list(columns)].max(1)
    labels = [1] * len(positive) + [0] * len(negative)
    return round(float(roc_auc_score(labels, [*best[list(positive)], *best[list(negative)]])), 3)


def _sets(rows: Sequence[Unseen]) -> Iterator[tuple[str, str, str, list[int]]]:
    groups: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        if row.kind in ORDINARY:
            groups[row.kind, row.band, row.language].append(i)
            groups[row.kind, "all", row.language].append(i)
        else:
            mark = " (trained guard/9)" if row.family in seen_before() else ""
            name = (
                "carriers unseen"
                if row.kind in ("indirect", "order")
                else (
                    "jailbench"
                    if row.family.startswith("jailbench") and "seed" not in row.family
                    else row.family
                )
                + mark
            )
            groups[row.kind, name, row.language].append(i)
    order = [*ORDINARY, *SETS]
    for kind, name, language in sorted(
        groups,
        key=lambda k: (order.index(k[0]), k[2], list(BANDS).index(k[1]) if k[1] in BANDS else -1, k[1]),
    ):
        yield kind, name, language, groups[kind, name, language]


def sample(rows: Sequence[Unseen], most: int, half: int | None) -> list[Unseen]:
    """Of ordinary traffic one half (all with None), at most `most` texts of each kind, language and band."""
    kept, counted = [], defaultdict(int)
    for row in sorted(rows, key=lambda r: r.chance // HALF):
        key = row.kind, row.language, row.band if row.kind in ORDINARY else row.family
        if row.kind in ORDINARY and half is not None and row.chance % HALF != half:
            continue
        counted[key] += 1
        if counted[key] <= most * (PART[row.band] if row.kind in ORDINARY else 0.3):
            kept.append(row)
    return kept


def printed(tables: dict[str, list[dict[str, Any]]]) -> str:
    """The tables side by side, as Markdown: medium / high, AUC."""
    names = list(tables)
    lines = [
        "| set | language | n | " + " | ".join(f"{n}: medium / high, AUC" for n in names) + " |",
        "|---" * (3 + len(names)) + "|",
    ]
    for row in zip(*tables.values(), strict=True):
        cells = [
            f"{r['medium']:.1%} / {r['high']:.1%}" + (f", {r['auc']:.3f}" if "auc" in r else "") for r in row
        ]
        lines.append(
            f"| {row[0]['set']} | {row[0]['language']} | {row[0]['n']} | " + " | ".join(cells) + " |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", help="shipped models, such as guard/9")
    parser.add_argument(
        "--run", nargs="*", default=[], help="checkpoints; their levels are set on the other half"
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument(
        "--most",
        type=int,
        default=1500,
        help="texts of each kind, language and band (see PART) or family (0.3 of it)",
    )
    parser.add_argument("--out", type=Path, help="where the tables go as JSON")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = all_unseen(args.data)
    reported = sample(rows, args.most, 1)
    tables = {}
    for name in args.models:
        folder = MODELS / name
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tables[name] = table(
            reported,
            scored(reported, tokenizer, of_file(folder / "model.onnx")),
            judge_of(folder / "manifest.yaml"),
        )
    for name in args.run:
        tokenizer, ask = tokenizer_of(args.work, name), of_run(args.work / f"{name}.pt")
        setting = [r for r in sample(rows, args.most, 0) if r.kind in ORDINARY]
        calibration, levels = settled(setting, scored(setting, tokenizer, ask))
        tables[name] = table(reported, scored(reported, tokenizer, ask), Judge(calibration, levels))
    print(printed(tables))
    if args.out:
        args.out.write_text(json.dumps(tables, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
