"""The one thread that writes a process's chain (`kept_chain`), and the queue in front of it.

Group commit: everything that waits is written in one transaction; its callers are answered after
the commit. A commit costs as much CPU as ten records, so the writer is woken only when the event
loop has nothing else to do, or MAX_WAIT_S after the first record: until then further calls may
bring theirs. A loop without other work wakes it at once.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from threegate.audit.log.append_queue import PendingAppend, Receipt, items_of, settle
from threegate.audit.log.kept_chain import KeptChain
from threegate.audit.settings import OnFailure

MAX_WAIT_S = 0.01
QUIET_S = 0.0001
"""A turn of the loop that took no longer had nothing to do."""


class Writer(threading.Thread):
    """`submit` from any event loop; `start` and `stop` once."""

    def __init__(self, chain: KeptChain, max_batch: int) -> None:
        super().__init__(name="audit-writer", daemon=True)
        self.chain, self._max_batch = chain, max_batch
        self.opened = threading.Event()
        self._waiting: deque[PendingAppend] = deque()
        self._wakes: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._waking: set[asyncio.AbstractEventLoop] = set()  # will wake the writer
        self._stopping = False

    @property
    def pending(self) -> int:
        return len(self._waiting)

    def submit(self, append: PendingAppend) -> None:
        self._waiting.append(append)
        loop = append.future.get_loop()
        if loop not in self._waking:
            self._waking.add(loop)
            now = time.perf_counter()
            loop.call_soon(self._wake, loop, now, now)

    def _wake(self, loop: asyncio.AbstractEventLoop, first: float, turn: float) -> None:
        """The first record came at `first`; the turn of the loop that ends now began at `turn`."""
        now = time.perf_counter()
        if now - turn > QUIET_S and now - first < MAX_WAIT_S:
            loop.call_soon(self._wake, loop, first, now)
            return
        self._waking.discard(loop)
        if self._waiting and self._wakes.empty():
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
        with suppress(queue.Empty):
            self._wakes.get(timeout=self.chain.idle_seconds)
        taken = self._take(self._max_batch)
        if self._waiting:
            self._wakes.put(None)
        return taken

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
        items = items_of(appends)
        results, probed = self.chain.write(items, probe=len(items) < len(appends))
        settle(appends, results, probed)
