"""Categories from a description and examples, without a model of meaning.

A sentence is compared with the author's examples and counter-examples by the character sequences
they share (TF-IDF, nearest centroid). That catches wordings near the examples in either language
and nothing else: a paraphrase is missed, and no embedding model is shipped that would find it.
`leave_one_out` shows the author how well this works: each example is judged by the others.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from threegate.detectors.base import DetectorInfo
from threegate.normalize import plain_text
from threegate.policy.model import Category, CompiledPolicy
from threegate.types import Bilingual, Failed, Finding, Level, Passage, Span

SIZES = (2, 3, 4)
"""Lengths (in characters) of the n-grams that are compared."""
FLOOR = 0.08
"""A sentence that shares almost nothing with the examples is never in a category."""
HIGH_MARGIN = 1.6
"""A score of this many times the threshold counts as certain."""

_SENTENCE = re.compile(r"[^。！？!?\n]+[。！？!?]*")
Vector = Mapping[str, float]


def detectors(policy: CompiledPolicy) -> tuple[CategoryDetector, ...]:
    return tuple(CategoryDetector(c) for c in policy.categories if c.examples)


@dataclass(frozen=True)
class Centroids:
    """The centroids of a category's examples and counter-examples."""

    wanted: tuple[str, ...]
    other: tuple[str, ...]

    @cached_property
    def _idf(self) -> Vector:
        texts = (*self.wanted, *self.other)
        seen = Counter(g for t in texts for g in set(_grams(t)))
        return {g: math.log(1 + len(texts) / n) for g, n in seen.items()}

    @cached_property
    def _middles(self) -> tuple[Vector, Vector]:
        return _middle(map(self._vector, self.wanted)), _middle(map(self._vector, self.other))

    def margin(self, text: str) -> float:
        """How much nearer the text is to the examples than to the counter-examples, -1 to 1."""
        vector, (wanted, other) = self._vector(text), self._middles
        return _dot(vector, wanted) - _dot(vector, other)

    def _vector(self, text: str) -> Vector:
        counts = Counter(_grams(text))
        raw = {g: (1 + math.log(n)) * self._idf.get(g, 0.7) for g, n in counts.items()}
        return _unit(raw)


@dataclass(frozen=True, slots=True)
class Fit:
    """The author's own examples, each judged by the others. `threshold` lies between the two."""

    found: int
    examples: int
    false: int
    counter_examples: int
    threshold: float = field(default=FLOOR)


def leave_one_out(category: Category) -> Fit:
    yes, no = _without_each(category.examples), _without_each(category.counter_examples)
    near = [Centroids(rest, category.counter_examples).margin(t) for t, rest in yes]
    far = [Centroids(category.examples, rest).margin(t) for t, rest in no]
    threshold = max(FLOOR, (_mean(near) + _mean(far)) / 2)
    return Fit(
        sum(m >= threshold for m in near), len(near), sum(m >= threshold for m in far), len(far),
        threshold
    )  # fmt: skip


class CategoryDetector:
    """A `SentenceDetector` that needs no engine."""

    def __init__(self, category: Category) -> None:
        describe = Bilingual(category.describe.zh, category.describe.en)
        self.info = DetectorInfo(f"category.{category.name}", (category.kind,), describe)
        self.fit = leave_one_out(category)
        self._centroids = Centroids(category.examples, category.counter_examples)

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        return [tuple(self._findings(p)) for p in passages]

    def _findings(self, passage: Passage) -> Iterator[Finding]:
        for sentence in _SENTENCE.finditer(passage.text):
            margin = self._centroids.margin(sentence.group())
            if margin >= self.fit.threshold:
                level = Level.HIGH if margin >= HIGH_MARGIN * self.fit.threshold else Level.MEDIUM
                span = Span(*sentence.span())
                score = round(min(1.0, margin), 4)
                yield Finding(self.info.id, self.info.kinds[0], span, score, level, passage.locus)


def _grams(text: str) -> Iterator[str]:
    flat = " ".join(plain_text(text).lower().split())
    return (flat[i : i + n] for n in SIZES for i in range(len(flat) - n + 1))


def _middle(vectors: Iterator[Vector]) -> Vector:
    total: Counter[str] = Counter()
    for vector in vectors:
        total.update(vector)
    return _unit(total)


def _unit(vector: Mapping[str, float]) -> Vector:
    length = math.sqrt(sum(v * v for v in vector.values()))
    return {g: v / length for g, v in vector.items()} if length else {}


def _dot(a: Vector, b: Vector) -> float:
    small, large = (a, b) if len(a) <= len(b) else (b, a)
    return sum(v * large.get(g, 0.0) for g, v in small.items())


def _without_each(texts: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
    return [(t, texts[:i] + texts[i + 1 :]) for i, t in enumerate(texts)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
