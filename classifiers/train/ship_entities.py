"""Ship entities: int8 ONNX, span figures per kind and language, parity, manifest."""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

import card
from encoder import Model
from entities import LABELS, WIDTH, examples, spans_tokenizer
from entities_rows import KINDS, EntityRow, Span, all_rows, halves
from floor import known_floor
from shipping import MODELS, export_both, load_run, run, session, write_manifest
from trainer import predict
from unseen import sample
from unseen_sets import all_unseen

sys.path.append(str(MODELS.parent))
from threegate_classifiers.spans import Kinds
from threegate_classifiers.spans import spans as read_spans

TITLE = {
    "zh": "实体：姓名、地址、单位、出生日期、病情等",
    "en": "Entities: person, address, organisation, date of birth, medical and more",
}
COLUMNS = Kinds(KINDS, LABELS)
LOST = 0.005
"""Share of the spans in texts of which the last block makes something that the early head may leave out."""
FOUND = 1.0
"""Logits over "outside" from which that counts; about medium."""
ORDINARY = 150
"""Ordinary texts of each role on which the upper blocks' work is counted."""
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


def scored(logits: NDArray[Any], offsets: Sequence[tuple[int, int]], text: str) -> dict[Span, float]:
    """Spans of one text as the runtime reads them, with the mean probability of their kind."""
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    chances = shifted / shifted.sum(-1, keepdims=True)
    tokens = [(a, b, row) for (a, b), row in zip(offsets, chances, strict=True)]
    return {(a, b, kind): mean for a, b, kind, mean in read_spans(tokens, COLUMNS, text) if b > a}


def nearest(model: Model, tokenizer: Tokenizer, texts: Sequence[str]) -> NDArray[Any]:
    """[texts, 2]: how far anything comes up to "outside" in a text's first window, by the last block and by the early head."""
    rows = [EntityRow(text, (), "", "", "") for text in texts]
    found = predict(model, examples(tokenizer, rows, WIDTH, repeat=False))
    halves = [np.split(logits.numpy(), 2, -1) for logits in found]
    return np.array([[float((half[:, 1:].max(-1) - half[:, 0]).max()) for half in pair] for pair in halves])


def sure_below(model: Model, tokenizer: Tokenizer, held: Sequence[EntityRow]) -> list[float]:
    """The early head's figure below which nearly no span of a development text lies that the last block finds."""
    rows = [r for r in held if r.spans and r.source.startswith("authored")]
    found = nearest(model, tokenizer, [r.text for r in rows])
    counts = [len(r.spans) * (last > FOUND) for r, last in zip(rows, found[:, 0], strict=True)]
    return [round(float(np.quantile(np.repeat(found[:, 1], counts), LOST)), 3)]


def looked_twice(model: Model, tokenizer: Tokenizer, data: Path, sure: Sequence[float]) -> dict[str, float]:
    """Share of ordinary texts (their first windows) that the upper blocks read, by role and language."""
    rows, shares = sample(all_unseen(data), ORDINARY, 1), {}
    for kind in ("prompt", "document", "answer"):
        for language in ("zh", "en"):
            texts = [r.text for r in rows if (r.kind, r.language) == (kind, language)][:ORDINARY]
            share = (nearest(model, tokenizer, texts)[:, 1] > sure[0]).mean()
            shares[f"{kind} {language}"] = round(float(share), 3)
    return shares


def find_levels(rows: Sequence[EntityRow], found: Sequence[dict[Span, float]]) -> dict[str, Any]:
    """medium: best F1 of the kind (of all kinds where it has under 20 spans); high: precision 0.9 if reached.
    On our own rows only: public sets also mark public figures, which nobody wants hidden."""
    pairs = [(r, f) for r, f in zip(rows, found, strict=True) if r.source.startswith("authored")]
    made: dict[str, Any] = {}
    for kind in KINDS:
        for language in ("zh", "en"):
            mine = [(r, f) for r, f in pairs if r.language == language]
            own = sum(s[2] == kind for r, _ in mine for s in r.spans) >= 20
            wanted = {kind} if own else set(KINDS)
            gold = sum(s[2] in wanted & scored_kinds(r) for r, _ in mine for s in r.spans)
            hits = [(score, span in r.spans) for r, f in mine for span, score in f.items()
                    if span[2] in wanted & scored_kinds(r)]  # fmt: skip
            made.setdefault(kind, {})[language] = _levels(hits, gold)
    return made


def _levels(hits: list[tuple[float, bool]], gold: int) -> dict[str, float]:
    def at(threshold: float) -> tuple[float, float]:
        kept = [right for score, right in hits if score >= threshold]
        return 2 * sum(kept) / max(1, len(kept) + gold), sum(kept) / max(1, len(kept))

    grid = [round(0.4 + 0.02 * k, 2) for k in range(28)]
    medium = max(grid, key=lambda t: at(t)[0])
    high = next((t for t in grid if t >= medium and at(t)[1] >= 0.9), 0.95)
    return {"low": min(0.35, medium), "medium": medium, "high": max(high, medium)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--run", default="entities")
    parser.add_argument("--version", default="1")
    args = parser.parse_args()
    torch.set_num_threads(1)
    folder = MODELS / "entities" / args.version
    tokenizer = spans_tokenizer(args.work, args.run)
    _, mixed = halves(all_rows(args.data, args.work / "teacher.jsonl"))
    mixed = [r for r in mixed if tokenizer.encode(r.text, add_special_tokens=False).ids]
    held = [r for r in mixed if scored_kinds(r)]
    mixed = random.Random(3).sample(mixed, min(1000, len(mixed)))
    model = load_run(args.work / f"{args.run}.pt", len(LABELS), per_token=True)
    sure = sure_below(model, tokenizer, held) if model.early is not None else None
    small, full = export_both(model, tokenizer, folder, args.work, sure=sure)

    def tagged(path: Path, rows: Sequence[EntityRow]) -> list[dict[Span, float]]:
        found = []
        made = examples(tokenizer, list(rows), WIDTH, repeat=False)
        for row, logits in zip(rows, run(session(path), made), strict=True):
            offsets = tokenizer.encode(row.text, add_special_tokens=False).offsets[: WIDTH - 2]
            found.append(scored(logits[1:-1], offsets, row.text))
        return found

    quick = tagged(small, held)
    levels = find_levels(held, quick)

    def kept(rows: Sequence[EntityRow], found: list[dict[Span, float]]) -> list[list[Span]]:
        return [
            [s for s, score in f.items() if score >= levels[s[2]][r.language]["medium"]]
            for r, f in zip(rows, found, strict=True)
        ]

    small_spans = kept(held, quick)
    pairs = zip(kept(mixed, tagged(small, mixed)), kept(mixed, tagged(full, mixed)), strict=True)
    same = sum(a == b for a, b in pairs) / len(mixed)
    results: dict[str, Any] = {"model": f"entities/{args.version}", "int8_agrees_with_fp32": round(same, 4)}
    if sure:
        results |= {
            "early": int(model.early_at),
            "sure_below": sure,
            "read_twice": looked_twice(model, tokenizer, args.data, sure),
        }
    results["dev"] = span_figures(held, small_spans)
    results["floor"] = known_floor("entities")
    kinds = {kind: f"pii.{kind.lower()}" for kind in KINDS}
    facts = {"title": TITLE, "task": "tag", "activation": "softmax", "max_tokens": WIDTH, "overlap_tokens": 48,
             "labels": list(LABELS), "kinds": kinds, "levels": levels}  # fmt: skip
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
