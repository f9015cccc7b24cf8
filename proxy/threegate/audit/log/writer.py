"""The one thread that writes a process's chain (`kept_chain`), and the queue in front of it.

Group commit: everything that waits is written in one transaction; its callers are answered after
the commit. The writer is woken at the end of a turn of the event loop, so that the records of calls
that went on in the same turn share a commit; none of these could have been answered before. Where
several wait at a time, those just answered are given a moment to come back, so that they share the
next commit.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import Sequence

from threegate.audit.log.append_queue import PendingAppend, Receipt, items_of, settle
from threegate.audit.log.kept_chain import KeptChain
from threegate.audit.settings import OnFailure

MAX_LINGER_S = 0.001
LINGER_SHARE = 0.25  # of what the last commit took: waiting longer would cost more than it saves


class Writer(threading.Thread):
    """`submit` from any event loop; `start` and `stop` once."""

    def __init__(self, chain: KeptChain, max_batch: int) -> None:
        super().__init__(name="audit-writer", daemon=True)
        self.chain, self._max_batch = chain, max_batch
        self.opened = threading.Event()
        self._waiting: deque[PendingAppend] = deque()
        self._wakes: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._waking: set[asyncio.AbstractEventLoop] = set()  # will wake the writer in this turn
        self._idle, self._stopping = False, False
        self._linger_s = 0.0

    @property
    def pending(self) -> int:
        return len(self._waiting)

    def submit(self, append: PendingAppend) -> None:
        self._waiting.append(append)
        loop = append.future.get_loop()
        if loop not in self._waking:
            self._waking.add(loop)
            loop.call_soon(self._wake, loop)

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        """A writer that is not idle looks at what waits before it is."""
        self._waking.discard(loop)
        if self._idle:
            self._wakes.put(None)

    def stop(self) -> None:
        """Writes what waits, a `closed` record and a last checkpoint; then the thread ends."""
        self._stopping = True
        self._wakes.put(None)
        self.join()

    def run(self) -> None:
        self.chain.attempt_upkeep()
        self.opened.set()
        while not self._stopping:
            appends = self._collect()
            if appends:
                self._serve(appends)
            self.chain.attempt_upkeep()
        if leftover := self._take(len(self._waiting)):
            self._serve(leftover)
        self.chain.finish()

    def _collect(self) -> list[PendingAppend]:
        """Waits until woken, or until upkeep is due, and takes what is there."""
        self._idle = True  # before the look at what waits: whatever comes after that wakes
        waits = not self._waiting
        woken = waits and self._woken()
        self._idle = False
        if waits and not woken:
            return []
        if waits and self._linger_s and not self._stopping:
            time.sleep(self._linger_s)
        return self._take(self._max_batch)

    def _woken(self) -> bool:
        try:
            self._wakes.get(timeout=self.chain.idle_seconds)
        except queue.Empty:
            return False
        return True

    def _take(self, most: int) -> list[PendingAppend]:
        number = min(most, len(self._waiting))
        return [self._waiting.popleft() for _ in range(number)]

    def _serve(self, appends: Sequence[PendingAppend]) -> None:
        """Records that can go elsewhere do not wait for a database that has just failed."""
        if self.chain.is_away:
            appends = self._set_aside(appends)
        if appends:
            self._write(appends)

    def _set_aside(self, appends: Sequence[PendingAppend]) -> list[PendingAppend]:
        """Answers those that need no database, and returns the others."""
        aside, rest = list[PendingAppend](), list[PendingAppend]()
        for append in appends:
            patient = append.item is None or append.item.on_failure is OnFailure.FAIL_REQUEST
            (rest if patient else aside).append(append)
        results = [self.chain.without_database(i) for i in items_of(aside)]
        settle(aside, results, Receipt("", self.chain.id))
        return rest

    def _write(self, appends: Sequence[PendingAppend]) -> None:
        items, started = items_of(appends), time.monotonic()
        results, probed = self.chain.write(items, probe=len(items) < len(appends))
        settle(appends, results, probed)
        took = time.monotonic() - started
        self._linger_s = min(MAX_LINGER_S, took * LINGER_SHARE) if len(appends) > 1 else 0.0
