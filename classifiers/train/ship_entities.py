"""Ship entities: int8 ONNX, span figures per kind and language, parity, manifest."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import card
from entities import LABELS, WIDTH, decode, examples, spans_tokenizer
from entities_rows import KINDS, EntityRow, Span, all_rows, halves
from floor import known_floor
from shipping import MODELS, export_both, load_run, run, session, write_manifest

TITLE = {
    "zh": "实体：姓名、地址、单位、出生日期、病情等",
    "en": "Entities: person, address, organisation, date of birth, medical and more",
}
SCORED = {
    "authored": set(KINDS),
    "WNUT17": {"PERSON"},
    "WeiboNER": {"PERSON"},
    "presidio": {"PERSON", "ORG", "ADDRESS"},
}


def scored_kinds(row: EntityRow) -> set[str]:
    return next((kinds for start, kinds in SCORED.items() if row.source.startswith(start)), set())


def span_figures(rows: Sequence[EntityRow], found: Sequence[Sequence[Span]]) -> dict[str, Any]:
    """Exact-span precision, recall, F1 per language and kind; a source counts only the kinds it labels."""
    counts: dict[tuple[str, str], list[int]] = {}
    for row, spans in zip(rows, found, strict=True):
        kinds = scored_kinds(row)
        gold, made = {s for s in row.spans if s[2] in kinds}, {s for s in spans if s[2] in kinds}
        for span in gold | made:
            for key in (
                (row.language, span[2]),
                (row.language, "all"),
                (row.source.split("/")[0] + " " + row.language, "all"),
            ):
                cell = counts.setdefault(key, [0, 0, 0])
                cell[0] += span in gold and span in made
                cell[1] += span in made
                cell[2] += span in gold
    result: dict[str, Any] = {}
    for (language, kind), (hits, made_n, gold_n) in sorted(counts.items()):
        precision, recall = hits / max(made_n, 1), hits / max(gold_n, 1)
        f1 = 2 * hits / max(made_n + gold_n, 1)
        result.setdefault(language, {})[kind] = {"spans": gold_n, "precision": round(precision, 4),
                                                 "recall": round(recall, 4), "f1": round(f1, 4)}  # fmt: skip
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--run", default="entities")
    parser.add_argument("--version", default="1")
    args = parser.parse_args()
    folder = MODELS / "entities" / args.version
    tokenizer = spans_tokenizer(args.work / "base")
    _, held = halves(all_rows(args.data, args.work / "teacher.jsonl"))
    held = [r for r in held if scored_kinds(r)]
    model = load_run(args.work / f"{args.run}.pt", len(LABELS), per_token=True)
    small, full = export_both(model, folder, args.work)
    made = examples(tokenizer, held, WIDTH, repeat=False)
    held = [r for r in held if tokenizer.encode(r.text, add_special_tokens=False).ids]

    def tagged(path: Path) -> list[list[Span]]:
        spans = []
        for row, logits in zip(held, run(session(path, 2), made), strict=True):
            offsets = tokenizer.encode(row.text, add_special_tokens=False).offsets[: WIDTH - 2]
            spans.append(decode([int(i) for i in np.argmax(logits[1:-1], -1)], offsets, row.text))
        return spans

    quick, exact = tagged(small), tagged(full)
    same = sum(a == b for a, b in zip(quick, exact, strict=True)) / len(held)
    results: dict[str, Any] = {"model": f"entities/{args.version}", "int8_agrees_with_fp32": round(same, 4)}
    results["dev"] = span_figures(held, quick)
    results["floor"] = known_floor("entities")
    kinds = {kind: f"pii.{kind.lower()}" for kind in KINDS}
    flat = {
        kind: {lang: {"low": 0.3, "medium": 0.5, "high": 0.85} for lang in ("zh", "en")} for kind in KINDS
    }
    facts = {"title": TITLE, "task": "tag", "activation": "softmax", "max_tokens": WIDTH, "overlap_tokens": 48,
             "labels": list(LABELS), "kinds": kinds, "levels": flat}  # fmt: skip
    write_manifest(folder, tokenizer, facts)
    card.write_entities(folder, results, args.data)
    out = Path(__file__).parent / "results" / f"entities-{args.version}.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for language, found in results["dev"].items():
        print(language, found)
    print("int8 = fp32 on", same, results.get("floor"))


if __name__ == "__main__":
    main()
