"""How often the sentence that decides is found: BM25 as the proxy ranks, embeddings, and both.

    .venv-train/bin/python classifiers/train/ranking.py > ranking.json

All contexts of the authored grounding rows of a language are one knowledge base; each claim with marked
evidence is a question to it. Embeddings are those of multilingual-e5-small, all twelve layers, as the
base has them. Both: the sum of reciprocal ranks (60). Figures are shares of claims.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from encoder import load_encoder
from grounding_rows import sentences, words
from rows import authored
from trainer import Example, pad

TOPS = (1, 5, 10)
DAMPED = 60


class Bm25:
    """The proxy's ranking (`bm25s`: k1 1.5, b 0.75) in a few lines, over the units of `words`."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.bags = [words(text) for text in texts]
        self.mean = sum(map(len, self.bags)) / len(self.bags)
        self.idf: dict[str, float] = {}
        for word in set().union(*self.bags):
            n = sum(word in bag for bag in self.bags)
            self.idf[word] = float(np.log(1 + (len(texts) - n + 0.5) / (n + 0.5)))

    def scores(self, claim: str) -> NDArray[np.float64]:
        wanted = words(claim)
        return np.array([self._score(bag, wanted) for bag in self.bags])

    def _score(self, bag: set[str], wanted: set[str]) -> float:
        norm = 1.5 * (0.25 + 0.75 * len(bag) / self.mean)
        return sum(self.idf[word] for word in bag & wanted) * 2.5 / (1 + norm)


class Embeddings:
    def __init__(self, base: Path) -> None:
        self.encoder = load_encoder(base, tuple(range(12))).eval()
        self.tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))

    @torch.no_grad()
    def of(self, texts: Sequence[str], kind: str) -> NDArray[np.float32]:
        made = []
        for start in range(0, len(texts), 32):
            batch = [f"{kind}: {text}" for text in texts[start : start + 32]]
            ids, mask = pad([Example(self.tokenizer.encode(t).ids[:256], None) for t in batch])
            states, weight = self.encoder(ids, mask), mask[:, :, None].float()
            mean = (states * weight).sum(1) / weight.sum(1)
            made.append(torch.nn.functional.normalize(mean, dim=-1).numpy())
        return np.concatenate(made)


def ranks(scores: NDArray[Any]) -> NDArray[np.int64]:
    """Place of each sentence, 1 for the best."""
    made = np.empty(len(scores), np.int64)
    made[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    return made


def measure(language: str, data: Path, embeddings: Embeddings, claims: int) -> dict[str, Any]:
    rows = [r for r in authored(data, f"grounding_{language}") if r.get("evidence")]
    known = list(dict.fromkeys(s for r in rows for s in sentences(r["context"])))
    asked = random.Random(3).sample(rows, min(claims, len(rows)))
    began = time.perf_counter()
    vectors = embeddings.of(known, "passage")
    spent = time.perf_counter() - began
    questions = embeddings.of([r["claim"] for r in asked], "query")
    ranker = Bm25(known)
    best: dict[str, list[int]] = {"bm25": [], "embeddings": [], "both": []}
    for row, question in zip(asked, questions, strict=True):
        right = [i for i, s in enumerate(known) if row["evidence"] in s or s in row["evidence"]]
        if not right:
            continue
        words_say, vectors_say = ranks(ranker.scores(row["claim"])), ranks(vectors @ question)
        summed = ranks(1 / (DAMPED + words_say) + 1 / (DAMPED + vectors_say))
        for name, found in (("bm25", words_say), ("embeddings", vectors_say), ("both", summed)):
            best[name].append(int(found[right].min()))
    shares = {
        name: {f"top {n}": round(float(np.mean([p <= n for p in places])), 3) for n in TOPS}
        for name, places in best.items()
    }
    cost = {"sentences": len(known), "claims": len(best["bm25"]), "ms_per_sentence": round(1000 * spent / len(known), 1)}  # fmt: skip
    return {"language": language, **cost, **shares}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--claims", type=int, default=600)
    args = parser.parse_args()
    torch.set_num_threads(2)
    embeddings = Embeddings(args.work / "base")
    json.dump([measure(x, args.data, embeddings, args.claims) for x in ("zh", "en")], sys.stdout, indent=1)


if __name__ == "__main__":
    main()
