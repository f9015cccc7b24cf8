"""How long text of a stream was held back: from its arrival to the release that took it along."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

TOGETHER = 32
"""Releases that are reported in one batch: counting one costs as much as making it."""


@dataclass(slots=True)
class HoldTimer:
    """Positions count from the start of the text. `observe` gets seconds, of the oldest character
    of each release; the owner must call `over` at the end."""

    observe: Callable[[float], None]
    clock: Callable[[], float] = time.perf_counter
    _came: deque[tuple[int, float]] = field(default_factory=deque)
    _untold: list[float] = field(default_factory=list)

    def came(self, end: int) -> None:
        """Text up to `end` is here."""
        self._came.append((end, self.clock()))

    def left(self, end: int) -> None:
        """Text up to `end` has been released. What came in one piece counts as gone when its last
        character is."""
        if not self._came or self._came[0][0] > end:
            return
        oldest = self._came[0][1]
        while self._came and self._came[0][0] <= end:
            self._came.popleft()
        self._untold.append(self.clock() - oldest)
        if len(self._untold) == TOGETHER:
            self.over()

    def over(self) -> None:
        """Nothing more is released, or enough has been."""
        for seconds in self._untold:
            self.observe(seconds)
        self._untold.clear()
