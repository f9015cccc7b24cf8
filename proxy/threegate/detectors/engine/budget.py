"""How much CPU time and how many findings the pattern detectors may spend on the texts of a call.

Ordinary text takes a small share of it; a text made of nothing but near misses reaches the limit.
Then the scan ends with `BudgetSpentError`, the detector has *failed* by timeout, and the
`on_timeout` of each rule that needs it decides: block, unless the rule says otherwise. CPU time of
the thread counts, so a busy machine closes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from threegate.normalize.work import METER

BASE_S, PER_MIB_S = 1.0, 0.5
"""CPU seconds for the texts of one channel, and for each MiB of them (1,048,576 code points)."""
MAX_FINDINGS = 20_000
"""Findings in one budget: what is found is kept, masked and recorded one by one."""
_LOOK = 256
"""Units of work between two looks at the clock."""


class BudgetSpentError(Exception):
    """More work than the texts of a call may take."""


class Budget:
    """A `Meter`. `running` measures the work inside; one budget may run several times, in any
    thread, one after the other.

    `cpu_s`: seconds of CPU time; `findings`: how many may be found."""

    def __init__(
        self,
        cpu_s: float = BASE_S,
        findings: int = MAX_FINDINGS,
        clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._left_s, self._findings, self._clock = cpu_s, findings, clock
        self._until, self._units = float("inf"), 0

    @classmethod
    def for_size(cls, characters: int) -> Budget:
        """The budget of texts with so many code points in all."""
        return cls(BASE_S + PER_MIB_S * characters / (1 << 20))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measures what is done inside. Raises BudgetSpentError if nothing is left."""
        started = self._clock()
        self._until = started + self._left_s
        self.check()
        token = METER.set(self)
        try:
            yield
        finally:
            METER.reset(token)
            self._left_s -= self._clock() - started

    def spend(self, units: int = 1) -> None:
        """Counts work; now and then looks at the clock. Raises BudgetSpentError."""
        self._units += units
        if self._units >= _LOOK:
            self._units = 0
            self.check()

    def check(self) -> None:
        """Raises BudgetSpentError past the CPU time."""
        if self._clock() >= self._until:
            raise BudgetSpentError

    def found(self) -> None:
        """Counts a finding. Raises BudgetSpentError for one too many."""
        self._findings -= 1
        if self._findings < 0:
            raise BudgetSpentError
