"""Packs of plain sentences: a source, a claim that it makes true and one that it makes false (`data/plain_en*.jsonl`).

The rows were written one by one, by several writers. A pack has one source, or two or three unrelated ones in one passage, so
that a claim must find its own; now and then a claim about a source that the passage does not have.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

from pack import NOT_SAID, SUPPORTED, WRONG, Claim, Pack
from rows import OWN, Row, is_dev, read_rows

SOURCE = "plain"
SOURCES = (1, 1, 1, 2, 2, 3)
FOREIGN = 0.25
"""Share of packs with a claim about another source."""


def plain(count: int, rng: random.Random, *, held: bool) -> list[Pack]:
    """English packs; the rows are used equally often."""
    rows = [row for row in _rows() if is_dev(row["id"]) == held]
    drawn: list[Row] = []
    made = []
    for _ in range(count):
        size = rng.choice(SOURCES)
        while len(drawn) <= size:
            drawn += rng.sample(rows, len(rows))
        made.append(_pack([drawn.pop() for _ in range(size)], drawn[-1], rng))
    return made


@cache
def _rows() -> tuple[Row, ...]:
    return tuple(row for path in sorted(OWN.glob("plain_en*.jsonl")) for row in read_rows(path))


def _pack(rows: Sequence[Row], other: Row, rng: random.Random) -> Pack:
    claims = [
        Claim(row[side], label) for row in rows for side, label in (("right", SUPPORTED), ("wrong", WRONG))
    ]
    if rng.random() < FOREIGN:
        claims.append(Claim(other[rng.choice(("right", "wrong"))], NOT_SAID, None, 0.6))
    rng.shuffle(claims)
    return Pack(" ".join(row["source"] for row in rows), tuple(claims), "en", SOURCE)
