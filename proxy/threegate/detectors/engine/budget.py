"""How much CPU time and how many findings the pattern detectors may spend on the texts of a call.

Ordinary text takes a small share of it; a text made of nothing but near misses reaches the limit.
Then the scan ends with `BudgetSpentError`, the detector has *failed* by timeout, and the
`on_timeout` of each rule that needs it decides: block, unless the rule says otherwise. CPU time of
the thread counts, so a busy machine closes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar, Token

from threegate.normalize.work import METER, Meter

BASE_S, PER_MIB_S = 1.0, 0.5
"""CPU seconds for the texts of a call, and for each MiB of them (1,048,576 code points)."""
MAX_FINDINGS = 20_000
"""Findings in one budget: what is found is kept, masked and recorded one by one."""
STREAMED_S = 0.5
"""CPU seconds of the slow searches for a policy's own patterns in one streamed text. They are done
on the event loop, piece by piece."""
_LOOK = 256
"""Units of work between two checks of the clock."""
_FREE_S = 0.005
"""A scan this short is not measured: asking the system for CPU time may cost as much as the
scan."""
_WORST_S = 1.5 / (1 << 20)
"""The highest cost of one code point: a short scan never counts for more."""


class BudgetSpentError(Exception):
    """More work than the texts of a call may take."""


class Budget:
    """A `Meter`. `running` measures the work inside; one budget may run several times, in any
    thread, one after the other.

    `cpu_s`: seconds of CPU time; `findings`: how many may be found. The clocks are for tests."""

    def __init__(
        self,
        cpu_s: float = BASE_S,
        findings: int = MAX_FINDINGS,
        clock: Callable[[], float] = time.thread_time,
        wall: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._left_s, self._findings = cpu_s, findings
        self._clock, self._wall = clock, wall
        self._started: float | None = None
        self._look_at, self._units = float("inf"), 0

    @classmethod
    def for_size(cls, characters: int) -> Budget:
        """The budget for texts of this many code points in total."""
        return cls(BASE_S + PER_MIB_S * characters / (1 << 20))

    def running(self, characters: int) -> Budget:
        """A context manager that measures the work on a text of this many code points. Raises
        BudgetSpentError if nothing is left."""
        self._characters = characters
        return self

    def __enter__(self) -> None:
        if self._left_s <= 0:
            raise BudgetSpentError
        self._began = began = self._wall()
        self._started, self._look_at = None, began + _FREE_S
        self._token: Token[Meter] = METER.set(self)

    def __exit__(self, *_: object) -> None:
        METER.reset(self._token)
        if self._started is not None:
            self._left_s -= self._clock() - self._started + _FREE_S
        else:
            self._left_s -= min(self._wall() - self._began, self._characters * _WORST_S)

    def spend(self, units: int = 1) -> None:
        """Counts work and checks the clock from time to time. Raises BudgetSpentError."""
        self._units += units
        if self._units >= _LOOK:
            self._units = 0
            self.check()

    def check(self) -> None:
        """Raises BudgetSpentError when the CPU time is used up. CPU time never passes faster than
        wall-clock time, so until that has passed, one check is enough."""
        now = self._wall()
        if now < self._look_at:
            return
        cpu = self._clock()
        if self._started is None:
            self._started = cpu
        left = self._left_s - _FREE_S - (cpu - self._started)
        if left <= 0:
            raise BudgetSpentError
        self._look_at = now + left

    def found(self) -> None:
        """Counts a finding. Raises BudgetSpentError above the limit."""
        self._findings -= 1
        if self._findings < 0:
            raise BudgetSpentError


class SlowSearches(Budget):
    """Of many short searches only those count that turn out not to be short, whether or not they
    check the clock themselves: one search for a large pattern may take half a second."""

    def __enter__(self) -> None:
        super().__enter__()
        self._started = self._clock()

    def __exit__(self, *_: object) -> None:
        METER.reset(self._token)
        if self._started is not None and self._wall() - self._began > _FREE_S:
            self._left_s -= self._clock() - self._started


_OWN: ContextVar[Budget | None] = ContextVar("own", default=None)


@contextmanager
def own_patterns_within(budget: Budget) -> Iterator[None]:
    """Searches for a policy's own patterns inside the block count against this budget only."""
    token = _OWN.set(budget)
    try:
        yield
    finally:
        _OWN.reset(token)


def own_patterns(characters: int) -> AbstractContextManager[None]:
    """For searching such a pattern in a text of this many code points. Raises BudgetSpentError if
    nothing is left."""
    budget = _OWN.get()
    return nullcontext() if budget is None else budget.running(characters)
