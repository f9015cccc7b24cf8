"""Ways to cut a byte string or a text: what a network may do to a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from random import Random
from typing import TypeVar

T = TypeVar("T", str, bytes)


def cut_at(data: T, positions: Iterable[int]) -> list[T]:
    """The pieces of `data` between these positions; positions beyond it do not matter."""
    marks = sorted({0, len(data), *(p for p in positions if 0 < p < len(data))})
    return [data[start:end] for start, end in pairwise(marks)]


def one_by_one(data: T) -> list[T]:
    """The finest cut."""
    return cut_at(data, range(len(data)))


def every_single_cut(data: T) -> Iterator[list[T]]:
    """All ways to cut `data` in two, the whole first."""
    yield [data] if data else []
    for position in range(1, len(data)):
        yield [data[:position], data[position:]]


def random_cuts(data: T, seed: int, count: int) -> Iterator[list[T]]:
    """`count` reproducible cuts of about every size, from a few pieces to many."""
    random = Random(seed)
    for _ in range(count):
        share = random.choice((0.01, 0.1, 0.5))
        yield cut_at(data, (p for p in range(len(data)) if random.random() < share))
