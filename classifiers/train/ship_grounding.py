"""Ship grounding: int8 ONNX, levels from mixed sources, parity, figures per source, manifest."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import card
from as_judged import cases, sampled
from floor import known_floor
from grounding import WIDTH, examples, split
from grounding_rows import LABELS
from shipping import MODELS, export_both, load_run, run, session, tokenizer_of, write_manifest
from unseen_claims import measured

TITLE = {
    "zh": "依据核对：证据支持、矛盾还是未提及",
    "en": "Grounding: supported, contradicted or not in the source",
}
PARITY = 600
"""Pairs on which int8 and fp32 are compared."""


def agreement(small: Path, full: Path, made: list[Any]) -> float:
    """Share of pairs of which both files say the same."""
    first, second = (_verdicts(run(session(path), made)) for path in (small, full))
    return float((first == second).mean())


def _verdicts(logits: list[NDArray[np.float32]]) -> NDArray[np.int64]:
    return np.asarray(np.stack(logits).argmax(-1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--run", default="grounding")
    parser.add_argument("--version", default="1")
    args = parser.parse_args()
    folder = MODELS / "grounding" / args.version
    tokenizer = tokenizer_of(args.work, args.run)
    held = sampled(*split(args.data))
    model = load_run(args.work / f"{args.run}.pt", len(LABELS), per_token=False)
    small, full = export_both(model, tokenizer, folder, args.work)
    step = max(1, len(held) // PARITY)
    same = agreement(small, full, examples(tokenizer, held[::step], WIDTH))
    facts = {"title": TITLE, "task": "entail", "activation": "softmax", "max_tokens": WIDTH, "overlap_tokens": 48,
             "labels": list(LABELS), "levels": {}}  # fmt: skip
    write_manifest(folder, tokenizer, facts)
    results: dict[str, Any] = {"model": f"grounding/{args.version}", "int8_agrees_with_fp32": round(same, 4)}
    results["dev"] = measured(folder, cases(held), reset=True)
    results["floor"] = known_floor("grounding")
    card.write_grounding(folder, results, args.data)
    out = Path(__file__).parent / "results" / f"grounding-{args.version}.json"
    out.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for key, found in results["dev"].items():
        print(key, found)
    print("int8 = fp32 on", same, results.get("floor"))


if __name__ == "__main__":
    main()
