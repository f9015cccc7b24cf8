"""Background tasks that belong to something: kept by reference, cancelled with it.

An error in one is never lost: the owner asks `raise_first`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any


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

    def __len__(self) -> int:
        return len(self._running)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._error = self._error or task.exception()
