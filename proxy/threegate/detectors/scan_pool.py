"""Scans of long texts, run in threads so that the event loop serves other calls meanwhile.

Python runs one thread at a time, so the threads only share the processor fairly; there are two, so
that a long scan need not wait for a longer one. The number of waiting characters is bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

LONG_TEXT = 32 * 1024
"""Code points from which a text is scanned in a thread. The worst texts take 1.5 s a MiB, so a
shorter one holds up the loop for at most 50 ms."""
OWN_LONG_TEXT = 1024
"""The same if a policy has its own patterns, whose cost depends on their author."""
IN_FLIGHT = 32 * 1024 * 1024
"""Code points that may be scanned or wait for a thread at the same time."""
_THREADS = 2


T = TypeVar("T")


class PoolFullError(Exception):
    """Too much text is waiting already."""


class ScanPool:
    def __init__(self) -> None:
        self.in_flight = 0  # code points

    async def run(self, size: int, work: Callable[[], T]) -> T:
        """Runs `work`, a scan of `size` code points, and returns its result. Raises what it raises,
        or PoolFullError at once if too much is in flight; a text longer than the bound is accepted
        if it is the only one."""
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
"""The pool of this process."""
