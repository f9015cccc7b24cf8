"""Ship guard: int8 ONNX, calibration and levels per label and language, parity, figures, manifest."""

from __future__ import annotations

import argparse
import itertools
import json
import random
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import card
from floor import known_floor
from guard import LABELS, WIDTH, encode, split, target
from guard_rows import HEADS, GuardRow
from metrics import Levels, Platt, Rates, choose_levels, curve, fit_platt, reach, stated_levels, table
from shipping import MODELS, export_both, load_run, run, session, tokenizer_of, write_manifest
from trainer import Example

Array = NDArray[Any]
STATED: dict[str, tuple[str, ...]] = {  # harmless rows, by source, that set the levels of a head
    "direct": ("authored/benign", "authored/injection_direct", "authored2/notinject", "authored2/xstest",
               "authored3/notinject", "authored5/notinject", "generated/quoted", "generated/persona"),
    "indirect": ("authored/injection_indirect", "authored2/indirect", "authored3/indirect", "authored5/indirect",
                 "authored7/indirect", "authored11/indirect", "authored13/indirect"),  # not generated/document-order: two Chinese sentences there
    "hazard": ("authored/benign", "authored/hazard", "authored2/xstest", "authored2/hazard", "authored3/hazard",
               "authored4/plain", "authored5/hazard", "authored5/plain", "authored13/hazard"),
    "compliance": ("authored/answers", "authored2/answers", "authored3/answers", "authored5/answers", "authored13/answers",
                   "generated/piece"),
}  # fmt: skip
RATES = {  # documents that give orders are the hardest to tell from attacks, and a policy may only mark them
    "direct": Rates(medium=(0.06, 0.02)),  # a policy marks at medium and stops at high
    "indirect": Rates(low=(0.20, 0.05), medium=(0.10, 0.01), high=(0.03, 0.002)),
    # Asked of each sentence. Ordinary answers are sentences of other texts beside a question; three or four of each language
    # read as harm to every version, and a rate below theirs would let them alone set the level.
    "compliance": Rates(low=(0.25, 0.03), medium=(0.10, 0.014), high=(0.03, 0.004)),
    "hazard": Rates(medium=(0.07, 0.01)),  # a plain ask that passes is worse than a hard row flagged
}
ORDINARY = 0.01
"""Share of ordinary texts that may reach medium of the head of offence, which has no hard rows of its own."""
OWN = re.compile(r"((reasoned/)?repeated/|carried/)?(authored|generated)")
"""Sources of rows that are not ordinary: a hard answer said three times is no ordinary one,
a hard document in JSON neither."""
PUBLISHED = {"direct": "injection.direct", "indirect": "injection.indirect", "offensive": "offensive",
             "compliance": "compliance.harmful"}  # fmt: skip
HAZARDS = slice(2, 20)
TITLE = {
    "zh": "输入与回答护栏：注入、危害、冒犯、回答是否照办",
    "en": "Guard: injection, hazards, offence, answer compliance",
}


def scores_of(logits: Array, head: str) -> Array:
    """The logit that decides a head; for hazards the largest of the categories."""
    if head == "hazard":
        return np.asarray(logits[:, HAZARDS].max(1), np.float64)
    return np.asarray(logits[:, LABELS.index(PUBLISHED[head])], np.float64)


def keep(row: GuardRow, rng: random.Random) -> bool:
    """Plain harmless rows are many and easy, COLD is large: a part of them is enough here."""
    plain = (
        row.source.startswith(("clinc", "banking", "CrossWOZ", "CMRC", "awesome", "COLD", "ordinary/public"))
        and "sensitive" not in row.source
    )
    return not plain or rng.random() < 0.15


def calibrate(rows: list[GuardRow], logits: Array) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """(calibration, levels, figures) by head and language."""
    calibration: dict[str, Any] = {head: {} for head in HEADS}
    levels: dict[str, Any] = {head: {} for head in HEADS}
    figures: dict[str, Any] = {head: {} for head in HEADS}
    for head, language in itertools.product(HEADS, ("zh", "en")):
        mine = [i for i, r in enumerate(rows) if head in r.heads and r.language == language]
        labels = np.array([rows[i].heads[head] for i in mine])
        raw = scores_of(logits[mine], head)
        platt = fit_platt(raw, labels)
        scores = platt(raw)
        sources = np.array([rows[i].source for i in mine])
        alone = np.array([not rows[i].question for i in mine])
        found = levels_of(head, scores, labels, sources, alone)
        calibration[head][language] = asdict(platt)
        levels[head][language] = asdict(found)
        figures[head][language] = by_source(sources, scores, labels, found, STATED.get(head, ()))
    return calibration, levels, figures


def levels_of(head: str, scores: Array, labels: Array, sources: Array, alone: Array) -> Levels:
    """At stated rates on hard and on other harmless rows, of the compliance head answers, of the others
    no answers (whose public labels are doubtful); offence where both errors weigh the same, if not too low for ORDINARY."""
    if head not in STATED:
        found = choose_levels(scores, labels, scores[:0], limit=1.0)
        dry = np.array([source.startswith("ordinary") for source in sources]) & (labels == 0)
        least = round(reach(scores[dry], ORDINARY), 4)
        return Levels(found.low, max(found.medium, least), max(found.high, least))
    harmless = (labels == 0) & (alone if head != "compliance" else ~alone)
    hard = np.array([source.startswith(STATED[head]) for source in sources])
    own = np.array([OWN.match(source) is not None for source in sources])
    return stated_levels(scores[harmless & hard], scores[harmless & ~own], RATES[head])


def by_source(
    sources: Array, scores: Array, labels: Array, levels: Levels, hard: tuple[str, ...]
) -> dict[str, Any]:
    """Tables per level over all rows, at medium per source, on the hard rows, and the curve."""

    def at_medium(chosen: Array) -> dict[str, Any]:
        return table(scores[chosen], labels[chosen], levels.medium).as_dict()

    written = np.array([source.startswith(("authored", *hard)) for source in sources])
    return {
        "all": {n: table(scores, labels, getattr(levels, n)).as_dict() for n in ("low", "medium", "high")},
        "written": at_medium(written),
        "hard": at_medium(np.array([bool(hard) and s.startswith(hard) for s in sources])),
        "sources": {s: at_medium(sources == s) for s in sorted(set(sources))},
        "curve": curve(scores, labels),
    }


def spread(by_head: dict[str, Any]) -> dict[str, Any]:
    """Per-head values as per-label values: every hazard label shares those of the hazard head."""
    return {label: by_head["hazard" if label.startswith("hazard.") else next(h for h, n in PUBLISHED.items() if n == label)]
            for label in LABELS}  # fmt: skip


def agreement(
    small: Array, full: Array, rows: list[GuardRow], calibration: dict[str, Any], levels: dict[str, Any]
) -> float:
    """Share of texts with the same decisions at medium: every head that is asked of such a text."""

    def fired(logits: Array) -> list[list[bool]]:
        made = []
        for head in HEADS:
            raw = scores_of(logits, head)
            made.append([
                bool(Platt(**calibration[head][r.language])(x) >= levels[head][r.language]["medium"])
                and (head == "hazard" or (head == "compliance") == bool(r.question))
                for r, x in zip(rows, raw, strict=True)
            ])  # fmt: skip
        return made

    pairs = zip(*fired(small), *fired(full), strict=True)
    return sum(p[: len(HEADS)] == p[len(HEADS) :] for p in pairs) / len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--run", default="guard")
    parser.add_argument("--version", default="1")
    args = parser.parse_args()
    folder = MODELS / "guard" / args.version
    tokenizer = tokenizer_of(args.work, args.run)
    _, held = split(args.data)
    rng = random.Random(1)
    held = [row for row in held if keep(row, rng)]
    model = load_run(args.work / f"{args.run}.pt", 23, per_token=False)
    small, full = export_both(model, tokenizer, folder, args.work, slice(5, 23))
    made = [Example(encode(tokenizer, r, WIDTH, rng), target(r)) for r in held]
    logits = np.stack(run(session(small, 2), made))
    calibration, levels, figures = calibrate(held, logits)
    picked = rng.sample(range(len(held)), min(1000, len(held)))
    exact = np.stack(run(session(full, 2), [made[i] for i in picked]))
    same = agreement(logits[picked], exact, [held[i] for i in picked], calibration, levels)
    results = {"model": f"guard/{args.version}", "int8_agrees_with_fp32": round(same, 4), "dev": figures}
    results |= {"floor": known_floor("guard"), "rates": {head: str(rates) for head, rates in RATES.items()}}
    facts = {"title": TITLE, "task": "classify", "activation": "sigmoid", "max_tokens": WIDTH, "overlap_tokens": 40,
             "labels": list(LABELS), "calibration": spread(calibration), "levels": spread(levels)}  # fmt: skip
    write_manifest(folder, tokenizer, facts)
    card.write_guard(folder, results, args.data)
    out = Path(__file__).parent / "results" / f"guard-{args.version}.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for head, language in itertools.product(HEADS, ("zh", "en")):
        print(head, language, levels[head][language], figures[head][language]["all"]["medium"])
    print("int8 = fp32 on", same)


if __name__ == "__main__":
    main()
