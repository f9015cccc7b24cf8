"""What the engine answers, and how window results become one answer. Pure.

Spans count code points of the text that was given; for a pair those of its second text, for
evidence and claim none. Levels are 0 to 3, see `calibrate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from threegate_classifiers.calibrate import activate, below_levels, calibrated, level_of
from threegate_classifiers.manifest import Manifest
from threegate_classifiers.spans import Kinds, Token, spans
from threegate_classifiers.tokenize import Row


class Score(NamedTuple):
    """The highest calibrated score of a label over all windows, and the window that gave it.
    `below`: by how many logits it misses the lowest level."""

    label: str
    score: float
    level: int
    start: int
    end: int
    below: float


class Window(NamedTuple):
    """What the model says of one window, label by label and before calibration."""

    start: int
    end: int
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """One score per label of the model, in its order. `windows` where there are several and a
    second model may be asked of some."""

    language: str
    items: tuple[Score, ...]
    windows: tuple[Window, ...] = ()

    def __getitem__(self, label: str) -> Score:
        return next(item for item in self.items if item.label == label)

    def __len__(self) -> int:
        """What it takes in a cache: windows are most of it."""
        return max(1, len(self.windows))


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

    @property
    def scores(self) -> tuple[float, float, float]:
        return self.supported, self.contradicted, self.nei


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
        below = below_levels(manifest, label, score, language)
        items.append(Score(label, score, level, row.start, row.end, below))
    several = len(rows) > 1 and manifest.seconds
    return Scores(language, tuple(items), _windows(rows, table) if several else ())


def _windows(rows: Sequence[Row], table: NDArray[np.float64]) -> tuple[Window, ...]:
    pairs = zip(rows, table.tolist(), strict=True)
    return tuple(Window(row.start, row.end, tuple(values)) for row, values in pairs)


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
    kinds = Kinds(manifest.entity_labels, manifest.labels)
    tokens = list(_tokens(rows, [activate(manifest, values) for values in logits]))
    found = []
    for start, end, kind, probability in spans(tokens, kinds, text):
        score = calibrated(manifest, kind, probability, language)
        level = level_of(manifest, kind, score, language)
        if end > start:
            found.append(Entity(start, end, kind, score, level))
    return tuple(found)


def _tokens(rows: Sequence[Row], probabilities: Sequence[NDArray[np.float64]]) -> Iterator[Token]:
    """Tokens of the whole text in order, each once."""
    for i, row in enumerate(rows):
        low = 0 if i == 0 else (row.start + rows[i - 1].end) // 2
        high = row.end if i == len(rows) - 1 else (rows[i + 1].start + row.end) // 2
        for (start, end), values in zip(row.offsets, probabilities[i], strict=True):
            if end > start and low <= start and (start < high or i == len(rows) - 1):
                yield start, end, values
