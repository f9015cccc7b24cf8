"""Ship grounding: int8 ONNX, levels per label and language, parity, figures per source, manifest."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import card
from floor import known_floor
from grounding import WIDTH, examples, split
from grounding_rows import LABELS, Pair
from metrics import choose_levels
from shipping import MODELS, export_both, load_run, run, session, tokenizer_of, write_manifest

TITLE = {
    "zh": "依据核对：证据支持、矛盾还是未提及",
    "en": "Grounding: supported, contradicted or not in the source",
}


SLACK = 0.01  # of balanced accuracy: some six hundred rows a language decide no finer


def softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    scores: NDArray[np.float64] = np.asarray(shifted / shifted.sum(-1, keepdims=True), np.float64)
    return scores


def judged(scores: NDArray[Any], pairs: list[Pair], levels: dict[str, Any]) -> dict[str, Any]:
    """Balanced accuracy of "supported" (its score reaches medium) against the rest; three-way accuracy where known."""
    passed = np.array([s[0] >= levels[p.language]["medium"] for s, p in zip(scores, pairs, strict=True)])
    gold = np.array([p.allowed == (0,) for p in pairs])
    rates = [float(part.mean()) if len(part) else None for part in (passed[gold], ~passed[~gold])]
    best = scores.argmax(-1)
    three = [b == p.allowed[0] for b, p in zip(best, pairs, strict=True) if len(p.allowed) == 1]
    known = [r for r in rates if r is not None]
    made = {"n": len(pairs), "balanced_accuracy": sum(known) / 2 if len(known) == 2 else None,
            "supported_recall": rates[0], "other_recall": rates[1], "three_way": float(np.mean(three)) if three else None}  # fmt: skip
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in made.items()}


def by_source(scores: NDArray[Any], pairs: list[Pair], levels: dict[str, Any]) -> dict[str, Any]:
    keys: dict[str, list[int]] = {}
    for i, pair in enumerate(pairs):
        own = "authored" in pair.source
        for key in (pair.source, f"all {pair.language}", *([f"authored {pair.language}"] if own else [])):
            keys.setdefault(key, []).append(i)
    return {
        key: judged(scores[index], [pairs[i] for i in index], levels) for key, index in sorted(keys.items())
    }


def find_levels(scores: NDArray[Any], pairs: list[Pair]) -> dict[str, Any]:
    """supported: few unsupported claims may pass; the others: few supported claims may be accused."""
    made: dict[str, Any] = {}
    for number, label in enumerate(LABELS):
        for language in ("zh", "en"):
            mine = [i for i, p in enumerate(pairs) if p.language == language and "authored" in p.source
                    and (number == 0 or len(p.allowed) == 1)]  # fmt: skip
            labels = np.array([int(pairs[i].allowed == (number,)) for i in mine])
            values = scores[mine, number]
            wrong = values[[i for i, m in enumerate(mine) if (pairs[m].allowed == (0,)) != (number == 0)]]
            made.setdefault(label, {})[language] = asdict(
                choose_levels(values, labels, wrong, limit=1.0, slack=SLACK)
            )
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--run", default="grounding")
    parser.add_argument("--version", default="1")
    args = parser.parse_args()
    folder = MODELS / "grounding" / args.version
    tokenizer = tokenizer_of(args.work, args.run)
    _, held = split(args.data)
    model = load_run(args.work / f"{args.run}.pt", len(LABELS), per_token=False)
    small, full = export_both(model, tokenizer, folder, args.work)
    held = [p for i, p in enumerate(held) if "authored" in p.source or i % 5 == 0]
    made = [examples(tokenizer, [p], WIDTH, repeat=False)[0] for p in held]
    scores = softmax(np.stack(run(session(small, 2), made)))
    picked = list(range(0, len(held), max(1, len(held) // 1000)))
    exact = softmax(np.stack(run(session(full, 2), [made[i] for i in picked])))
    same = float((scores[picked].argmax(-1) == exact.argmax(-1)).mean())
    results: dict[str, Any] = {"model": f"grounding/{args.version}", "int8_agrees_with_fp32": round(same, 4)}
    levels = find_levels(scores, held)
    results["dev"] = by_source(scores, held, levels["supported"])
    results["floor"] = known_floor("grounding")
    facts = {"title": TITLE, "task": "entail", "activation": "softmax", "max_tokens": WIDTH, "overlap_tokens": 48,
             "labels": list(LABELS), "levels": levels}  # fmt: skip
    write_manifest(folder, tokenizer, facts)
    card.write_grounding(folder, results, args.data)
    out = Path(__file__).parent / "results" / f"grounding-{args.version}.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for key, found in results["dev"].items():
        print(key, found)
    print("int8 = fp32 on", same, results.get("floor"), facts["levels"])


if __name__ == "__main__":
    main()
