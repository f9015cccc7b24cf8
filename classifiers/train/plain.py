"""Packs of plain sentences: a source, a claim that it makes true and one that it makes false (`data/plain_*.jsonl`).

The rows were written one by one, by several writers. A pack has one source, or two or three unrelated ones in one passage, so
that a claim must find its own; now and then a claim about a source that the passage does not have.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from functools import cache

from grounding_rows import words
from pack import NOT_SAID, SUPPORTED, WRONG, Claim, Pack, glue
from rows import OWN, Row, is_dev, read_rows

SOURCE = "plain"
SOURCES = (1, 1, 1, 2, 2, 3)
FOREIGN = 0.25
"""Share of packs with a claim about another source."""


def plain(count: int, rng: random.Random, *, held: bool, language: str) -> list[Pack]:
    """The rows are used equally often."""
    rows = _evened([row for row in _rows(language) if is_dev(row["id"]) == held])
    if not rows:
        raise FileNotFoundError(f"no rows of plain_{language}*.jsonl")
    drawn: list[Row] = []
    made = []
    for _ in range(count):
        size = rng.choice(SOURCES)
        while len(drawn) <= size:
            drawn += rng.sample(rows, len(rows))
        made.append(_pack([drawn.pop() for _ in range(size)], drawn[-1], rng))
    return made


def _evened(rows: Sequence[Row]) -> list[Row]:
    """So many of the rows that the wrong claim has more of its words from the source as often as the right one."""
    steps = [_copied_more(row) for row in rows]
    counts = Counter(steps)
    kept: Counter[int] = Counter()
    made = []
    for row, step in zip(rows, steps, strict=True):
        if kept[step] < counts[-step]:
            kept[step] += 1
            made.append(row)
    return made


def _copied_more(row: Row) -> int:
    """By how many fifths of its words the wrong claim is from the source more than the right one."""
    source = words(row["source"])
    right, wrong = (len((own := words(row[side])) & source) / max(1, len(own)) for side in ("right", "wrong"))
    return round(5 * (wrong - right))


@cache
def _rows(language: str) -> tuple[Row, ...]:
    """The newest file first: where rows are left out, they are older ones."""
    paths = sorted(OWN.glob(f"plain_{language}*.jsonl"), reverse=True)
    return tuple(row for path in paths for row in read_rows(path))


def _pack(rows: Sequence[Row], other: Row, rng: random.Random) -> Pack:
    claims = [
        Claim(row[side], label) for row in rows for side, label in (("right", SUPPORTED), ("wrong", WRONG))
    ]
    if rng.random() < FOREIGN:
        claims.append(Claim(other[rng.choice(("right", "wrong"))], NOT_SAID, None, 0.6))
    rng.shuffle(claims)
    language = rows[0]["language"]
    return Pack(glue([row["source"] for row in rows], language), tuple(claims), language, SOURCE)
