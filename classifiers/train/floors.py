"""Measure the linear floors of all three models into `results/floor.json`."""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import entities
import entities_rows
import grounding
import guard
from floor import FLOOR, pair_floor, text_floor
from guard_rows import HEADS
from ship_entities import scored_kinds, span_figures
from tag_floor import tag_floor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--rows", type=int, default=25_000, help="training rows per task at most")
    args = parser.parse_args()
    rng = random.Random(1)
    rows, held = guard.split(args.data)
    rows = rng.sample(rows, min(args.rows, len(rows)))
    found = {"guard": {head: text_floor(rows, held, head) for head in HEADS}}
    pairs, held_pairs = grounding.split(args.data)
    pairs = rng.sample(pairs, min(args.rows, len(pairs)))
    own = [p for p in held_pairs if p.source.startswith("authored")]
    tokenizer = entities.spans_tokenizer(args.work / "base")
    tagged, held_tags = entities_rows.halves(entities_rows.all_rows(args.data, args.work / "teacher.jsonl"))
    held_tags = [r for r in held_tags if scored_kinds(r)]
    found["grounding"] = pair_floor(pairs, own)
    found["entities"] = tag_floor(
        rng.sample(tagged, min(args.rows, len(tagged))), held_tags, tokenizer, span_figures
    )
    FLOOR.parent.mkdir(exist_ok=True)
    FLOOR.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, ensure_ascii=False))


if __name__ == "__main__":
    main()
