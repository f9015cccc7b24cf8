"""What the engine answers, and how window results become one answer. Pure.

Spans count code points of the text that was given; for a pair those of its second text, for
evidence and claim none. Levels are 0 to 3, see `calibrate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from threegate_classifiers.calibrate import activate, calibrated, level_of
from threegate_classifiers.manifest import Manifest
from threegate_classifiers.tokenize import Row

SURE_BEGIN = 0.95
"""A begin tag next to the same kind splits it only when it is this sure: half-sure ones cut names
in two (span F1 0.871 instead of 0.862 in Chinese on the development split)."""


@dataclass(frozen=True, slots=True)
class Score:
    """The highest calibrated score of a label over all windows, and the window that gave it."""

    label: str
    score: float
    level: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Scores:
    """One score per label of the model, in its order."""

    language: str
    items: tuple[Score, ...]

    def __getitem__(self, label: str) -> Score:
        return next(item for item in self.items if item.label == label)


@dataclass(frozen=True, slots=True)
class Entity:
    """A tagged span. `score` is the mean probability of its tokens, calibrated."""

    start: int
    end: int
    label: str
    score: float
    level: int


@dataclass(frozen=True, slots=True)
class Entailment:
    """What a piece of evidence says of a claim; the three add up to one before calibration.
    `levels` are those of supported, contradicted and nei."""

    supported: float
    contradicted: float
    nei: float
    levels: tuple[int, int, int]


Answer = Scores | tuple[Entity, ...] | Entailment


def scores(
    manifest: Manifest, rows: Sequence[Row], logits: Sequence[NDArray[np.float32]], language: str
) -> Scores:
    table = np.stack([activate(manifest, values) for values in logits])
    best = table.argmax(axis=0)
    items = []
    for i, label in enumerate(manifest.labels):
        row = rows[best[i]]
        score = calibrated(manifest, label, float(table[best[i], i]), language)
        level = level_of(manifest, label, score, language)
        items.append(Score(label, score, level, row.start, row.end))
    return Scores(language, tuple(items))


def entailment(
    manifest: Manifest, rows: Sequence[Row], logits: Sequence[NDArray[np.float32]], language: str
) -> Entailment:
    """Of several windows the one that says most."""
    table = np.stack([activate(manifest, values) for values in logits])
    order = [manifest.labels.index(label) for label in ("supported", "contradicted", "nei")]
    row = table[table[:, order[2]].argmin()]
    values = [calibrated(manifest, manifest.labels[i], float(row[i]), language) for i in order]
    levels = [
        level_of(manifest, manifest.labels[i], value, language)
        for i, value in zip(order, values, strict=True)
    ]
    return Entailment(values[0], values[1], values[2], (levels[0], levels[1], levels[2]))


def entities(
    manifest: Manifest,
    rows: Sequence[Row],
    logits: Sequence[NDArray[np.float32]],
    language: str,
    text: str,
) -> tuple[Entity, ...]:
    """Decode BIO tags. In an overlap each half is read from the window in which it lies deeper."""
    kinds = _Kinds.of(manifest)
    tokens = list(_tokens(rows, [activate(manifest, values) for values in logits]))
    found = []
    for start, end, kind, probability in _merge(tokens, kinds):
        start, end = _trim(text, start, end)
        score = calibrated(manifest, kind, probability, language)
        level = level_of(manifest, kind, score, language)
        if end > start:
            found.append(Entity(start, end, kind, score, level))
    return tuple(found)


_Token = tuple[int, int, NDArray[np.float64]]


def _tokens(rows: Sequence[Row], probabilities: Sequence[NDArray[np.float64]]) -> Iterator[_Token]:
    """Tokens of the whole text in order, each once."""
    for i, row in enumerate(rows):
        low = 0 if i == 0 else (row.start + rows[i - 1].end) // 2
        high = row.end if i == len(rows) - 1 else (rows[i + 1].start + row.end) // 2
        for (start, end), values in zip(row.offsets, probabilities[i], strict=True):
            if end > start and low <= start and (start < high or i == len(rows) - 1):
                yield start, end, values


@dataclass(frozen=True, slots=True)
class _Kinds:
    """Columns of the BIO labels: `outside`, and of each kind its B- and I- column."""

    names: tuple[str, ...]
    begin: tuple[int, ...]
    inside: tuple[int, ...]

    @classmethod
    def of(cls, manifest: Manifest) -> _Kinds:
        names, labels = manifest.entity_labels, manifest.labels
        begin = tuple(labels.index(f"B-{name}") for name in names)
        return cls(names, begin, tuple(labels.index(f"I-{name}") for name in names))


def _merge(tokens: Sequence[_Token], kinds: _Kinds) -> Iterator[tuple[int, int, str, float]]:
    """(start, end, kind, mean probability) of runs of one kind; a sure begin tag splits."""
    run: list[tuple[int, int, float]] = []
    kind = -1
    for start, end, values in tokens:
        each = values[list(kinds.begin)] + values[list(kinds.inside)]
        best = int(each.argmax()) if each.sum() > 0.5 else -1
        fresh = best >= 0 and values[kinds.begin[best]] > SURE_BEGIN
        if run and (best != kind or fresh):
            yield _run(run, kinds.names[kind])
            run = []
        kind = best
        if best >= 0:
            run.append((start, end, float(each[best])))
    if run:
        yield _run(run, kinds.names[kind])


def _run(run: Sequence[tuple[int, int, float]], name: str) -> tuple[int, int, str, float]:
    return run[0][0], run[-1][1], name, sum(p for _, _, p in run) / len(run)


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Without blanks at the ends (a piece may carry the one before it), and whole Latin words."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while 0 < start < end and _latin(text[start]) and _latin(text[start - 1]):
        start -= 1
    while start < end < len(text) and _latin(text[end - 1]) and _latin(text[end]):
        end += 1
    return start, end


def _latin(char: str) -> bool:
    return char.isalpha() and char < "\u0250"
