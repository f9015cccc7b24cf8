"""Ship evidence: a byte per number with a scale per piece, figures, manifest, card."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import card
from ranking import measured, shipped
from shipping import MODELS, tokenizer_of, write_manifest

TITLE = {"zh": "依据检索：哪一句话与陈述最相近", "en": "Evidence: which sentence is nearest to a claim"}


def in_bytes(table: NDArray[np.float32]) -> NDArray[Any]:
    """`table` as records of a scale and whole numbers of one byte."""
    scale = np.maximum(np.abs(table).max(1), 1e-9) / 127
    made = np.zeros(len(table), [("scale", "<f4"), ("row", "i1", (table.shape[1],))])
    made["scale"], made["row"] = scale, np.rint(table / scale[:, None])
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--tokenizer", default="grounding/4")
    parser.add_argument("--run", default="evidence")
    parser.add_argument("--version", default="1")
    args = parser.parse_args()
    folder = MODELS / "evidence" / args.version
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "vectors.npy", in_bytes(np.load(args.work / f"{args.run}.npy")))
    tokenizer = tokenizer_of(args.work, args.tokenizer)
    write_manifest(folder, tokenizer, {"title": TITLE, "task": "embed"}, weights="vectors.npy")
    results = {"model": f"evidence/{args.version}", "dev": measured(args.data, {"pieces": shipped()})}
    card.write_evidence(folder, results, args.data)
    out = Path(__file__).parent / "results" / f"evidence-{args.version}.json"
    out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results["dev"], indent=1))


if __name__ == "__main__":
    main()
