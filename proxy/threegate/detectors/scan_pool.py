"""Scans of long texts, run in threads so that the event loop serves other calls meanwhile.

Python runs one thread at a time, so the threads only share the processor fairly: two, that a long
scan does not wait for a longer one. What waits is bounded by its characters.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

LONG_TEXT = 32 * 1024
"""Code points from which a text is scanned in a thread: the worst texts take 1.5 s a MiB, so one
below holds up the loop for at most 50 ms."""
OWN_LONG_TEXT = 1024
"""And where a policy has patterns of its own: they take what their author makes them take."""
IN_FLIGHT = 32 * 1024 * 1024
"""Code points that may be scanned or wait for a thread at the same time."""
_THREADS = 2


T = TypeVar("T")


class PoolFullError(Exception):
    """Too much text waits already."""


class ScanPool:
    def __init__(self) -> None:
        self.in_flight = 0  # code points

    async def run(self, size: int, work: Callable[[], T]) -> T:
        """What `work`, a scan of `size` code points, returns or raises. Raises PoolFullError at
        once when too much is in flight; a text longer than the bound is taken if it is alone."""
        if self.in_flight and self.in_flight + size > IN_FLIGHT:
            raise PoolFullError
        self.in_flight += size
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        finally:
            self.in_flight -= size

    @cached_property
    def _executor(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_THREADS, "scan")


POOL = ScanPool()
"""Of this process."""
