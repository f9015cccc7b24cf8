"""Admission control of one process: under overload, admitted calls keep their latency.

Two bounds. `calls` is the number of calls in progress, most of which wait for their model.
`checking` is the number of calls that are being checked, where a call uses the processor; further
calls wait in a queue. A whole answer that has arrived is checked at once and counts: calls in
progress are finished before new ones begin.

The queue is first in, first out until its oldest call has waited for `patience_s`, or its length
says that the newest would wait for half of that. That is overload, for `strain_s` or until no call
was rejected for `patience_s`. Under overload the queue is last in, first out, because the oldest
calls have probably been given up; a call that still waits after `impatience_s` is rejected with 503
and `retry-after`; and a new call is rejected before its body is read when more calls wait than can
be checked at once, so that rejecting stays cheap. After `strain_s` the queue is first in, first out
again: with many callers that never pause it is never empty, yet no call waits long. No call passes
unchecked. Checks share one processor: more of them at the same time delay every answer.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from threegate.errors import OverloadError

CALLS, CHECKING = 2048, 4
PATIENCE_S, IMPATIENCE_S, STRAIN_S = 2.0, 0.1, 10.0
_SMOOTHING = 1 / 16
_STALL_S = 0.1
"""A longer pause says nothing about the rate, because the machine was suspended."""


@dataclass(slots=True)
class Admission:
    """The slots of one process. `clock` gives seconds."""

    calls: int = CALLS
    checking: int = CHECKING
    patience_s: float = PATIENCE_S
    impatience_s: float = IMPATIENCE_S
    strain_s: float = STRAIN_S
    clock: Callable[[], float] = time.monotonic
    _open: int = field(default=0, init=False)
    _busy: int = field(default=0, init=False)
    _arriving: Counter[str] = field(default_factory=Counter, init=False, repr=False)
    _queue: deque[QueuedCall] = field(default_factory=deque, init=False, repr=False)
    _strained_until: float = field(default=0.0, init=False)
    _rejected_at: float = field(default=0.0, init=False)  # the last time
    _granted_at: float = field(default=0.0, init=False)  # the last time, to a queued call
    _pace_s: float = field(default=0.0, init=False)  # from turn to turn, while calls queue

    def slot(self) -> AdmissionSlot:
        """A context manager for one call."""
        return AdmissionSlot(self)

    def overloaded(self) -> bool:
        now = self.clock()
        if self._queue and self._queue_is_too_long(now):
            self._strained_until, self._rejected_at = now + self.strain_s, now
        return now < self._strained_until and now - self._rejected_at < self.patience_s

    def _queue_is_too_long(self, now: float) -> bool:
        oldest, newest = now - self._queue[0].since, len(self._queue) * self._pace_s
        return oldest >= self.patience_s or newest >= self.patience_s / 2

    def shed(self) -> None:
        if self.overloaded() and len(self._queue) > self.checking:
            self._rejected_at = self.clock()
            raise OverloadError

    def enter(self) -> None:
        if self._open >= self.calls:
            raise OverloadError
        self._open += 1

    def leave(self) -> None:
        self._open -= 1

    @contextmanager
    def arriving(self, owner: str) -> Iterator[None]:
        """While the body of a call arrives. A tenant's `concurrency` counts complete requests, so
        bodies that do not come could hold every place: those of one owner hold half at most."""
        if 2 * self._arriving[owner] >= self.calls:
            raise OverloadError
        self._arriving[owner] += 1
        try:
            yield
        finally:
            self._arriving[owner] -= 1
            if not self._arriving[owner]:
                del self._arriving[owner]

    async def wait_for_check(self) -> None:
        if self._busy < self.checking:
            self._busy += 1
            return
        loop = asyncio.get_running_loop()
        queued = QueuedCall(loop.create_future(), self.clock())
        wait = self.impatience_s if self.overloaded() else self.patience_s
        self._queue.append(queued)
        alarm = loop.call_later(wait, queued.reject)
        try:
            await queued.granted
        except asyncio.CancelledError:
            if not queued.granted.cancelled() and queued.granted.exception() is None:
                self.release_check()
            raise
        except OverloadError:
            self._rejected_at = self.clock()
            raise
        finally:
            alarm.cancel()
            if queued in self._queue:
                self._queue.remove(queued)

    def resume_check(self) -> None:
        """Notes that an answer has arrived and is checked now; it waits for nobody, and new calls
        wait for it."""
        self._busy += 1

    def release_check(self) -> None:
        """Notes that a check is over, so that a queued call continues."""
        self._busy -= 1
        while self._queue and self._busy < self.checking:
            self._measure_pace()
            taken = self._queue.pop() if self.overloaded() else self._queue.popleft()
            if not taken.granted.done():
                self._busy += 1
                taken.granted.set_result(None)

    def _measure_pace(self) -> None:
        now = self.clock()
        since = max(self._granted_at, self._queue[0].since)
        self._pace_s += (min(now - since, _STALL_S) - self._pace_s) * _SMOOTHING
        self._granted_at = now


@dataclass(frozen=True, slots=True, eq=False)
class QueuedCall:
    """A call in the queue since `since`."""

    granted: asyncio.Future[None]
    since: float

    def reject(self) -> None:
        if not self.granted.done():
            self.granted.set_exception(OverloadError())


@dataclass(slots=True)
class AdmissionSlot:
    """One call: `shed`, `enter`, `wait_for_check`, then `release_check`. The first three raise
    OverloadError. Everything it holds is released at the end of the block."""

    admission: Admission
    entered: bool = False
    _checking: bool = False

    def __enter__(self) -> AdmissionSlot:
        return self

    def __exit__(self, *_: object) -> None:
        self.release_check()
        if self.entered:
            self.admission.leave()

    def shed(self) -> None:
        """Rejects a new call under overload, before any of it is read."""
        self.admission.shed()

    def enter(self) -> None:
        """Counts the call as one in progress."""
        self.admission.enter()
        self.entered = True

    async def wait_for_check(self) -> None:
        await self.admission.wait_for_check()
        self._checking = True

    def resume_check(self) -> None:
        """The call's answer has arrived and is being checked; its turn ends with the block."""
        if not self._checking:
            self._checking = True
            self.admission.resume_check()

    def release_check(self) -> None:
        """Notes that the call has been checked and waits for its model; safe to repeat."""
        if self._checking:
            self._checking = False
            self.admission.release_check()
