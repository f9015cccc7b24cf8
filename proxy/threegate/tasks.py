"""Background tasks that belong to something, kept by reference and cancelled with it; deadlines of
many futures with one timer; long work on the loop in slices.

An error in a task is never lost: the owner calls `raise_first`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Tasks:
    _running: set[asyncio.Task[Any]] = field(default_factory=set)
    _error: BaseException | None = None

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    def raise_first(self) -> None:
        """Raises the first error of any task that ended with one."""
        if self._error is not None:
            raise self._error

    async def cancel(self) -> None:
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def end_within(self, seconds: float) -> None:
        """Cancels those that take longer."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        await self.cancel()

    async def one_ends(self) -> None:
        """Waits for any task to end; afterwards it no longer counts as running."""
        await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(0)  # what ended together is dropped together
        self.raise_first()

    def __len__(self) -> int:
        return len(self._running)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._error = self._error or task.exception()


class Deadlines(Generic[T]):
    """Futures of one loop with the same timeout. A timer for each would cost more than the wait,
    because nearly all are done long before.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        seconds: float,
        late: Callable[[asyncio.Future[T]], None],
    ) -> None:
        """`late` gets each future that is not done in time."""
        self._loop, self._seconds, self._late = loop, seconds, late
        self._waiting: deque[tuple[float, asyncio.Future[T]]] = deque()  # earliest first
        self._timer: asyncio.TimerHandle | None = None

    def add(self, future: asyncio.Future[T]) -> None:
        waiting = self._waiting
        while waiting and waiting[0][1].done():
            waiting.popleft()
        waiting.append((self._loop.time() + self._seconds, future))
        if self._timer is None:
            self._timer = self._loop.call_later(self._seconds, self._look)

    def _look(self) -> None:
        now, waiting = self._loop.time(), self._waiting
        while waiting and (waiting[0][0] <= now or waiting[0][1].done()):
            _, future = waiting.popleft()
            if not future.done():
                self._late(future)
        self._timer = self._loop.call_at(waiting[0][0], self._look) if waiting else None


SLICE_S = 0.01
"""Seconds that work runs before other calls get their turn."""


@dataclass(slots=True)
class LoopTurns:
    """Turns for all long work of one loop: one slice runs between two polls of the sockets, however
    many calls have work."""

    _waiting: deque[asyncio.Future[None]] = field(default_factory=deque, repr=False)

    async def take(self) -> None:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        if len(self._waiting) == 1:
            loop.call_soon(self._give, loop)
        await turn

    def _give(self, loop: asyncio.AbstractEventLoop) -> None:
        if not (turn := self._waiting[0]).done():
            turn.set_result(None)
        self._waiting.popleft()
        if self._waiting:
            loop.call_soon(self._give, loop)


@dataclass(slots=True)
class Slices:
    """The work of one call, between `begin` and `end`, in slices."""

    turns: LoopTurns = field(default_factory=LoopTurns)
    _begun: float = 0.0
    _worked: float = 0.0

    def begin(self) -> None:
        self._begun = time.perf_counter()

    def end(self) -> None:
        self._worked += time.perf_counter() - self._begun

    @property
    def due(self) -> bool:
        """Whether a slice has run since the last pause."""
        return self._worked + time.perf_counter() - self._begun > SLICE_S

    async def rest(self) -> None:
        """Waits for a turn if one is due."""
        if self.due:
            await self.turns.take()
            self._worked, self._begun = 0.0, time.perf_counter()
