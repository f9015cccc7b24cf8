"""Scans many texts at the same time and returns the results in order, with bounded memory.

The total size of the texts in progress is bounded: a text counts until its result has been passed
on, and a text larger than the bound is scanned alone. So the classifiers' queue never overflows,
and a slow text at the head pauses reading instead of piling up results.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

IN_FLIGHT = 40_000
"""Code points; with both readings of an answer well below the queue of one model, and enough to
fill a GPU's batches."""

IN_FLIGHT_CPU = 3_200
"""A CPU runs row after row, so more in flight would only wait longer."""

LEAST = 200
"""The minimum size that a text counts: at most 200 texts are in flight, 16 on a CPU."""


class ByteBudget:
    """The total size in flight, never above `limit` unless it is a single text."""

    def __init__(self, limit: int) -> None:
        self._limit, self._taken = limit, 0
        self._changed = asyncio.Condition()

    async def enter(self, size: int) -> None:
        async with self._changed:
            await self._changed.wait_for(
                lambda: not self._taken or self._taken + size <= self._limit
            )
            self._taken += size

    async def leave(self, size: int) -> None:
        async with self._changed:
            self._taken -= size
            self._changed.notify_all()


async def in_order(
    items: AsyncIterator[A],
    work: Callable[[A], Awaitable[B]],
    emit: Callable[[A, B], None],
    *,
    size: Callable[[A], int],
    limit: int = IN_FLIGHT,
) -> None:
    """`emit(item, answer)` for every item, in order. An exception of `work` ends everything."""
    room = ByteBudget(limit)
    queue: asyncio.Queue[tuple[A, int, asyncio.Task[B]] | None] = asyncio.Queue()

    async def answer(item: A) -> B:
        return await work(item)

    async def feed(group: asyncio.TaskGroup) -> None:
        async for item in items:
            taken = max(LEAST, size(item))
            await room.enter(taken)
            queue.put_nowait((item, taken, group.create_task(answer(item))))
        queue.put_nowait(None)

    async with asyncio.TaskGroup() as group:
        group.create_task(feed(group))
        while (entry := await queue.get()) is not None:
            item, taken, task = entry
            emit(item, await task)
            await room.leave(taken)


async def each(items: Iterable[A]) -> AsyncIterator[A]:
    """An iterable that is read on demand."""
    for item in items:
        yield item
