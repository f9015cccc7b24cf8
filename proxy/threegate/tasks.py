"""Background tasks that belong to something, kept by reference and cancelled with it; deadlines of
many futures with one timer; turns for long work on the loop.

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


TURN_S = 0.01
"""Seconds after which no more long work begins in a turn of the loop."""
AT_ONCE = 16
"""Waiting work that is woken in one turn, because its next step may be short."""


@dataclass(slots=True)
class LoopTurns:
    """What the work of all calls together may take of one turn of the loop, between two polls of
    the sockets. Work that begins asks `busy`, work under way asks `over` between its steps; if they
    say so, it waits in `take`. In each turn at least one of those who wait continues."""

    _began: float | None = None  # this turn, as far as is known
    _continued: bool = False  # in this turn, one of those who waited
    _returned: int = 0  # those at the head of the queue who were woken in this turn in vain
    _waiting: deque[asyncio.Future[None]] = field(default_factory=deque, repr=False)

    @property
    def over(self) -> bool:
        """Whether the time of this turn is spent."""
        if self._began is None:
            self._begin()
            return False
        return time.perf_counter() - self._began > TURN_S

    @property
    def contended(self) -> bool:
        """`busy` as far as is known: it costs nothing where there is no long work, and short work
        that asks it does not count."""
        began = self._began
        return began is not None and bool(self._waiting or time.perf_counter() - began > TURN_S)

    @property
    def busy(self) -> bool:
        """Whether new work has to wait: others wait already, or the time is spent."""
        return bool(self._waiting) or self.over

    async def take(self) -> None:
        """Waits for a turn with time left."""
        await self._woken(len(self._waiting))
        while self._continued and self.over:
            self._returned += 1
            await self._woken(self._returned - 1)
        self._continued = True

    async def rest(self) -> None:
        """Waits for a turn if the time of this one is spent."""
        if self.over:
            await self.take()

    async def enter(self) -> None:
        """Waits until new work may begin."""
        if self.busy:
            await self.take()

    async def _woken(self, place: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.insert(place, turn)
        if self._began is None:
            self._begin()
        await turn

    def _begin(self) -> None:
        self._began = time.perf_counter()
        asyncio.get_running_loop().call_soon(self._end)

    def _end(self) -> None:
        """Runs once a turn while there is work, after the work that was woken for it."""
        self._began, self._continued, self._returned = None, False, 0
        woken = min(AT_ONCE, len(self._waiting))
        for _ in range(woken):
            if not (turn := self._waiting.popleft()).done():
                turn.set_result(None)
        if woken:
            self._begin()
