"""How long text of a stream was held back: from its arrival to its release."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

BATCH = 32
"""Releases reported in one batch, because counting one costs as much as making it."""


@dataclass(slots=True)
class HoldTimer:
    """Positions count from the start of the text. `observe` gets the seconds of the oldest
    character of each release, many at a time; the owner must call `flush` at the end."""

    observe: Callable[[Sequence[float]], None]
    clock: Callable[[], float] = time.perf_counter
    _received: deque[tuple[int, float]] = field(default_factory=deque)
    _unobserved: list[float] = field(default_factory=list)

    def received(self, end: int) -> None:
        """Text up to `end` has arrived."""
        self._received.append((end, self.clock()))

    def released(self, end: int) -> None:
        """Text up to `end` has been released. A piece counts as released when its last character
        is."""
        waiting = self._received
        if not waiting or waiting[0][0] > end:
            return
        oldest = waiting.popleft()[1]
        while waiting and waiting[0][0] <= end:
            waiting.popleft()
        self._unobserved.append(self.clock() - oldest)
        if len(self._unobserved) == BATCH:
            self.flush()

    def flush(self) -> None:
        """Reports the batch: nothing more is released, or the batch is full."""
        self.observe(self._unobserved)
        self._unobserved.clear()
