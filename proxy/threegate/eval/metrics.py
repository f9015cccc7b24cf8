"""The arithmetic of an evaluation. Pure. A figure that the data cannot give is None, never 0."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from threegate.eval.labels import accepts
from threegate.types import Span

_Same = Callable[[Span, Span], bool]


@dataclass(frozen=True, slots=True)
class Counts:
    """True and false positives, false and true negatives."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    @classmethod
    def of(cls, pairs: Iterable[tuple[bool, bool]]) -> Counts:
        """`pairs` are (gold, predicted)."""
        n = {(True, True): 0, (False, True): 0, (True, False): 0, (False, False): 0}
        for gold, predicted in pairs:
            n[gold, predicted] += 1
        return cls(n[True, True], n[False, True], n[True, False], n[False, False])

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn
        )

    def as_dict(self) -> dict[str, float | None]:
        """Number of positives, precision, recall and F1."""
        figures = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {"n": self.tp + self.fn, **figures}

    @property
    def precision(self) -> float | None:
        return _share(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float | None:
        return _share(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float | None:
        return _share(2 * self.tp, 2 * self.tp + self.fp + self.fn) if self.tp + self.fn else None

    @property
    def false_positive_rate(self) -> float | None:
        return _share(self.fp, self.fp + self.tn)

    @property
    def accuracy(self) -> float | None:
        return _share(self.tp + self.tn, self.tp + self.fp + self.fn + self.tn)

    @property
    def balanced_accuracy(self) -> float | None:
        """None unless both classes occur."""
        if self.recall is None or self.false_positive_rate is None:
            return None
        return (self.recall + 1 - self.false_positive_rate) / 2


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def auroc(pairs: Sequence[tuple[bool, float]]) -> float | None:
    """Probability that a positive scores above a negative, ties counting half. None unless both
    classes occur."""
    positives = sum(gold for gold, _ in pairs)
    negatives = len(pairs) - positives
    if not positives or not negatives:
        return None
    below, wins = 0, 0.0
    for _, tied in groupby(sorted(pairs, key=lambda p: p[1]), key=lambda p: p[1]):
        group = [gold for gold, _ in tied]
        up = sum(group)
        wins += up * below + up * (len(group) - up) / 2
        below += len(group) - up
    return wins / (positives * negatives)


def macro_recall(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Balanced accuracy of several classes: the mean over those that occur. Pairs are (gold,
    predicted)."""
    classes = sorted({gold for gold, _ in pairs})
    if not classes:
        return None
    shares = []
    for name in classes:
        predicted = [s for gold, s in pairs if gold == name]
        shares.append(sum(s == name for s in predicted) / len(predicted))
    return sum(shares) / len(shares)


@dataclass(frozen=True, slots=True)
class Marked:
    """A span with its label (gold) or kind (found)."""

    span: Span
    name: str


def outermost(found: Iterable[Marked]) -> list[Marked]:
    """If two findings of one meaning overlap, keeps the longer one; together they would hide its
    place."""
    kept: list[Marked] = []
    for mark in sorted(found, key=lambda m: (m.span.start - m.span.end, m.span.start, m.name)):
        if not any(_overlap(mark.span, k.span) and _alike(mark.name, k.name) for k in kept):
            kept.append(mark)
    return sorted(kept, key=lambda m: m.span)


def _alike(a: str, b: str) -> bool:
    """Same family; of secrets any two, of identifiers those that one place cannot both be."""
    return a.split(".")[0] == b.split(".")[0]


def spans_exact(gold: Sequence[Marked], found: Sequence[Marked]) -> Counts:
    return _count(gold, found, lambda a, b: a == b)


def spans_overlap(gold: Sequence[Marked], found: Sequence[Marked]) -> Counts:
    return _count(gold, found, _overlap)


def _count(gold: Sequence[Marked], found: Sequence[Marked], same: _Same) -> Counts:
    def fits(g: Marked, f: Marked) -> bool:
        return same(g.span, f.span) and accepts(g.name, f.name)

    hit = sum(any(fits(g, f) for f in found) for g in gold)
    right = sum(any(fits(g, f) for g in gold) for f in found)
    return Counts(tp=hit, fp=len(found) - right, fn=len(gold) - hit)


def _overlap(a: Span, b: Span) -> bool:
    return a.start < b.end and b.start < a.end
