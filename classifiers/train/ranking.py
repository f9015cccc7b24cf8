"""How often the sentence that decides is found: by words, by two kinds of vectors, and by both.

    .venv-train/bin/python classifiers/train/ranking.py > ranking.json

All contexts of the authored grounding rows of a language are one knowledge base; each claim of the
development side with marked evidence is a question to it, and some put into the other language.

| row | |
|---|---|
| bm25 | as the proxy ranks by words |
| encoder | vectors of multilingual-e5-small, all twelve layers, as the base has them |
| pieces | vectors of the shipped evidence model, the sum of one per piece |
| words + pieces | as the proxy ranks: share of the best by words plus `MEANING` times the cosine |
| reciprocal ranks | bm25 and pieces by the sum of 1 / (60 + rank), for comparison |
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from encoder import load_encoder
from evidence_rows import Question, crossing, known, questions
from grounding_rows import words
from trainer import Example, pad

sys.path.append(str(Path(__file__).parent.parent))
from threegate_classifiers.registry import SHIPPED, find
from threegate_classifiers.vectors import Vectors

TOPS = (1, 5, 10)
DAMPED = 60
MEANING = 4.0  # as in the proxy

Scores = NDArray[Any]
Embed = Callable[[Sequence[str], str], NDArray[np.float32]]


class Bm25:
    """The proxy's ranking (`bm25s`: k1 1.5, b 0.75) in a few lines, over the units of `words`."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.bags = [words(text) for text in texts]
        self.mean = sum(map(len, self.bags)) / len(self.bags)
        counts = Counter(word for bag in self.bags for word in bag)
        self.idf = {w: float(np.log(1 + (len(texts) - n + 0.5) / (n + 0.5))) for w, n in counts.items()}

    def scores(self, claim: str) -> Scores:
        wanted = words(claim)
        return np.array([self._score(bag, wanted) for bag in self.bags])

    def _score(self, bag: set[str], wanted: set[str]) -> float:
        norm = 1.5 * (0.25 + 0.75 * len(bag) / self.mean)
        return sum(self.idf[word] for word in bag & wanted) * 2.5 / (1 + norm)


class Encoded:
    """Vectors of the whole encoder; `kind` is query or passage."""

    def __init__(self, base: Path) -> None:
        self.encoder = load_encoder(base, tuple(range(12))).eval()
        self.tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))

    @torch.no_grad()
    def __call__(self, texts: Sequence[str], kind: str) -> NDArray[np.float32]:
        made = []
        for start in range(0, len(texts), 32):
            batch = [f"{kind}: {text}" for text in texts[start : start + 32]]
            ids, mask = pad([Example(self.tokenizer.encode(t).ids[:256], None) for t in batch])
            states, weight = self.encoder(ids, mask), mask[:, :, None].float()
            mean = (states * weight).sum(1) / weight.sum(1)
            made.append(torch.nn.functional.normalize(mean, dim=-1).numpy())
        return np.concatenate(made)


def shipped() -> Embed:
    entry = find(SHIPPED, "evidence")
    vectors = Vectors(entry.folder, entry.manifest)
    return lambda texts, _: vectors.of(texts)


def ranks(scores: Scores) -> NDArray[np.int64]:
    """Place of each sentence, 1 for the best."""
    made = np.empty(len(scores), np.int64)
    made[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    return made


class Base:
    """One knowledge base, read by every way of ranking; `cost` is milliseconds of one core per sentence."""

    def __init__(self, texts: Sequence[str], ways: dict[str, Embed]) -> None:
        self.texts, self.ways, self.bm25 = texts, ways, Bm25(texts)
        self.vectors: dict[str, NDArray[np.float32]] = {}
        self.cost: dict[str, float] = {}
        for name, embed in ways.items():
            began = time.process_time()
            self.vectors[name] = embed(texts, "passage")
            self.cost[name] = round(1000 * (time.process_time() - began) / len(texts), 3)

    def found(self, asked: Sequence[Question]) -> dict[str, dict[str, float]]:
        """Share of questions whose deciding sentence is among the first, by way."""
        near = {
            n: embed([q.claim for q in asked], "query") @ self.vectors[n].T for n, embed in self.ways.items()
        }
        places: dict[str, list[int]] = {}
        for i, question in enumerate(asked):
            right = [self.texts.index(s) for s in question.right]
            for name, scores in self._scores(question.claim, {n: s[i] for n, s in near.items()}).items():
                places.setdefault(name, []).append(int(ranks(scores)[right].min()))
        return {
            n: {f"top {t}": round(float(np.mean([p <= t for p in ps])), 3) for t in TOPS}
            for n, ps in places.items()
        }

    def _scores(self, claim: str, near: dict[str, Scores]) -> dict[str, Scores]:
        by_words = self.bm25.scores(claim)
        both = by_words / (by_words.max() or 1.0) + MEANING * near["pieces"]
        ranked = 1 / (DAMPED + ranks(by_words)) + 1 / (DAMPED + ranks(near["pieces"]))
        return {"bm25": by_words, **near, "words + pieces": both, "reciprocal ranks": ranked}


def measured(data: Path, ways: dict[str, Embed]) -> dict[str, Any]:
    """By language of the knowledge base."""
    made = {}
    for language in ("zh", "en"):
        base = Base(known(data, language), ways)
        own = [q for q in questions(data, dev=True) if q.language == language]
        other = [q for q in crossing(data) if q.language == language]
        counts = {"sentences": len(base.texts), "claims": len(own), "claims_across": len(other)}
        made[language] = counts | {"ms_per_sentence": base.cost, "found": base.found(own), "found_across": base.found(other)}  # fmt: skip
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    ways: dict[str, Embed] = {"encoder": Encoded(args.work / "base"), "pieces": shipped()}
    json.dump(measured(args.data, ways), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
