"""Ship a second model beside grounding: int8 ONNX, levels of the mean of both, figures, manifest, card.

    python classifiers/train/ship_grounding_second.py --run grounding-en-f --share 0.5 --near 0.75 --development
    python classifiers/train/ship_grounding_second.py --run grounding-en-f --share 0.5 --near 0.75

A claim is judged as the proxy judges it: of its readings by the first model, the second reads the one with the most support
too, where that support misses its lowest level by at most `--near` logits. The levels of the mean are those of the first,
moved so that as many readings of development claims reach the lowest, or, with `--supported`, so that this mean has its support;
sources that never train are read after that.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from threegate_classifiers.manifest import Beside, read_manifest
from threegate_classifiers.results import Entailment
from threegate_classifiers.second_look import SecondLook
from threegate_classifiers.second_reading import is_near, joined

import card
from as_judged import Ask, Case, Part, Score, cases, of_file, sampled, scored
from claim_levels import figures
from grounding import WIDTH, examples, split
from grounding_rows import LABELS
from ship_grounding import agreement
from shipping import MODELS, export_both, load_run, tokenizer_of, write_manifest
from turned_claims import Judged, figures_of, sets

Array = NDArray[Any]
TITLES = {
    "en": {"zh": "依据核对的第二个模型：只看英文", "en": "Grounding's second model, for English alone"},
    "zh": {"zh": "依据核对的第二个模型：只看中文", "en": "Grounding's second model, for Chinese alone"},
}
PARITY = 600
NEVER = -100.0
"""Logits within which the second is asked of nothing."""


class Reading(NamedTuple):
    text: str
    claim: str
    scores: Array


class Pair:
    """Both models, asked as the engine asks them. `moved` are logits by label that are added to what both say, so that
    the levels of the first count for it."""

    def __init__(self, first: Path, one: Ask, two: Ask, look: Beside) -> None:
        manifest = read_manifest(first)
        self.look = SecondLook(manifest, manifest, look)
        self.one, self.two = one, two
        self.moved: Array = np.zeros(len(LABELS))

    def best(self, part: Part) -> tuple[Reading, Reading]:
        """The wide reading and the one with the most support: per text, of the forms of the claim, the least supported."""
        asked = ([Reading(t, form, self.one(t, form)) for form in part.forms] for t in part.texts)
        found = [min(forms, key=lambda r: float(r.scores[0])) for forms in asked]
        return found[0], max(found, key=lambda r: float(r.scores[0]))

    def both(self, reading: Reading) -> Array | None:
        """What both say; None where the second is not asked."""
        first = _entailment(reading.scores)
        if not is_near(self.look, reading.claim, first):
            return None
        second = _entailment(self.two(reading.text, reading.claim))
        return np.array(joined(self.look, first, second).scores)

    def judged(self, reading: Reading) -> Array:
        both = self.both(reading)
        return reading.scores if both is None else 1 / (1 + np.exp(-(log_odds(both) + self.moved)))

    def settle(self, readings: Sequence[Reading], supported: float | None = None) -> None:
        """Moves what both say so that of these readings as many reach a level as by the first alone. `supported`: the
        mean that reaches the lowest level of support, instead."""
        found = [(r.scores, both) for r in readings if (both := self.both(r)) is not None]
        first, second = (log_odds(np.array(side)) for side in zip(*found, strict=True))
        for i, label in enumerate(LABELS):
            low = float(log_odds(np.array(self.look.first.levels[label, self.look.beside.language][0])))
            self.moved[i] = low - float(np.quantile(second[:, i], (first[:, i] < low).mean()))
            if supported and label == "supported":
                self.moved[i] = low - float(log_odds(np.array(supported)))

    def levels(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for i, label in enumerate(LABELS):
            values = (
                log_odds(np.array(self.look.first.levels[label, self.look.beside.language])) - self.moved[i]
            )
            named = zip(("low", "medium", "high"), 1 / (1 + np.exp(-values)), strict=True)
            made[label] = {self.look.beside.language: {name: round(float(value), 4) for name, value in named}}
        return made


def log_odds(scores: Array) -> Array:
    kept = np.clip(scores, 1e-7, 1 - 1e-7)
    return np.asarray(np.log(kept / (1 - kept)))


def _entailment(scores: Array) -> Entailment:
    supported, contradicted, nei = map(float, scores)
    return Entailment(supported, contradicted, nei, (0, 0, 0))


def _of_part(part: Part, pair: Pair) -> Score:
    wide, best = pair.best(part)
    support = pair.judged(best)
    first = support if best is wide else wide.scores
    return Score(float(support[0]), float(first[1]), float(first[2]))


def measured(rows: Sequence[Case], pair: Pair) -> dict[str, Any]:
    levels = yaml.safe_load((MODELS / pair.look.first.id / "manifest.yaml").read_text(encoding="utf-8"))[
        "levels"
    ]
    return figures([(case, scored(case, lambda part: _of_part(part, pair))) for case in rows], levels)


def turned(pair: Pair) -> dict[str, Any]:
    """Packs of opposites and plain sentences, each claim beside its whole source."""

    def support(claim: Judged) -> float:
        return float(pair.judged(Reading(claim.source, claim.claim, pair.one(claim.source, claim.claim)))[0])

    language = pair.look.beside.language
    mine = {name: claims for name, claims in sets().items() if claims[0].language == language}
    medium = pair.look.first.levels["supported", language][1]
    return {name: figures_of(claims, [support(c) for c in claims], medium) for name, claims in mine.items()}


def exported(run: str, folder: Path, work: Path) -> tuple[Path, Path]:
    tokenizer = tokenizer_of(work, run)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    model = load_run(work / f"{run}.pt", len(LABELS), per_token=False)
    return export_both(model, tokenizer, folder, work)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--run", required=True)
    parser.add_argument("--first", default="grounding/4")
    parser.add_argument("--version", default="1")
    parser.add_argument("--share", type=float, default=0.5, help="of the second in the mean")
    parser.add_argument("--near", type=float, default=0.75, help="logits below the lowest level")
    parser.add_argument(
        "--supported", type=float, help="the mean that counts as support, where plain sentences set it"
    )
    parser.add_argument("--development", action="store_true", help="read no source that never trains")
    args = parser.parse_args()
    torch.set_num_threads(1)
    beside = Beside(args.run.split("-")[1], args.share, args.near)
    folder = MODELS / f"grounding-{beside.language}" / args.version
    small, full = exported(args.run, folder, args.work)
    held = [pair for pair in sampled(*split(args.data)) if pair.language == beside.language]
    rows = cases(held)
    seen = [case for case in rows if not case.unseen]
    first = MODELS / args.first
    one, two = cache(of_file(first)), cache(of_file(folder))
    pair = Pair(first, one, two, beside)
    alone = Pair(first, one, two, replace(beside, share=0.0, near=NEVER))
    best = [pair.best(part)[1] for case in seen for part in case.parts if part.sure is None]
    pair.settle(best, args.supported)
    facts = {"title": TITLES[beside.language], "task": "entail", "activation": "softmax", "max_tokens": WIDTH, "overlap_tokens": 48,
             "labels": list(LABELS), "beside": asdict(beside), "levels": pair.levels()}  # fmt: skip
    write_manifest(folder, tokenizer_of(args.work, args.run), facts)
    read = seen if args.development else rows
    step = max(1, len(held) // PARITY)
    results = {
        "model": f"{folder.parent.name}/{folder.name} beside {args.first}",
        "share": args.share,
        "near": args.near,
        "supported": args.supported,
        "read_twice": round(float(np.mean([pair.both(each) is not None for each in best])), 3),
        "int8_agrees_with_fp32": round(
            agreement(small, full, examples(tokenizer_of(args.work, args.run), held[::step], WIDTH)), 4
        ),
        "first": measured(read, alone),
        "dev": measured(read, pair),
        "turned_first": turned(alone),
        "turned": turned(pair),
    }
    print(json.dumps({k: v for k, v in results.items() if k not in ("first", "dev")}, indent=1))
    for key, found in results["dev"].items():
        print(key, "†" if found["unseen"] else "", results["first"][key], found)
    if not args.development:
        out = Path(__file__).parent / "results" / f"{folder.parent.name}-{folder.name}.json"
        out.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        card.write_grounding(folder, results, args.data)


if __name__ == "__main__":
    main()
