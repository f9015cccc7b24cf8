"""The one thread that writes a process's chain.

A *writer* is one run of one process; it has its own chain, Merkle tree and checkpoints, so
processes never wait for each other and a crash leaves nothing to repair: the next writer starts a
new chain, whose first entry names the last entry of the others (`peers`) and thereby covers their
unsigned tails.

Group commit: everything that waits is written in one transaction; its callers are answered after
the commit. The writer is woken at the end of a turn of the event loop, so that the records of calls
that went on in the same turn share a commit; none of these could have been answered before. Where
several wait at a time, those just answered are given a moment to come back, so that they share the
next commit.
"""

from __future__ import annotations

import asyncio
import queue
import secrets
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from logging import getLogger

from sqlalchemy import Engine

from threegate.audit import migrations
from threegate.audit.errors import loggable, trouble
from threegate.audit.log.append_queue import PendingAppend, Receipt, Result, items_of, settle
from threegate.audit.log.appender import Appender
from threegate.audit.log.chain import Hasher
from threegate.audit.log.checkpoint import Publisher
from threegate.audit.log.database import now_us
from threegate.audit.log.heads import HeadLost
from threegate.audit.log.intents import ADOPTED
from threegate.audit.log.keys import MasterKey
from threegate.audit.log.rows import Pending, PendingRecord
from threegate.audit.log.spool import Spool
from threegate.audit.settings import AuditSettings, OnFailure
from threegate.errors import AuditError

log = getLogger(__name__)

RETRY_SECONDS = 1.0  # between attempts to reopen, replay or publish
MAX_LINGER_S = 0.001
LINGER_SHARE = 0.25  # of what the last commit took: waiting longer would cost more than it saves


@dataclass(slots=True)
class Counters:
    """What happened since the start, for metrics and readiness."""

    records: int = 0
    batches: int = 0
    failures: int = 0
    spooled: int = 0
    lost: int = 0
    replayed: int = 0
    interrupted: int = 0  # calls of processes that died, found by this one
    missing: int = 0  # records that were stored and that the database has lost since
    checkpoints: int = 0
    checkpoint_failures: int = 0
    upkeep_failures: int = 0  # looks of the daily job that failed, or that distrusted the clock
    undelivered: int = 0  # attempts to take a checkpoint elsewhere that failed, as of the last one


class Writer(threading.Thread):
    """`submit` from any event loop; `start` and `stop` once."""

    def __init__(
        self,
        settings: AuditSettings,
        engine: Engine,
        publisher: Publisher,
        master: MasterKey,
        writer_id: str,
    ) -> None:
        super().__init__(name="audit-writer", daemon=True)
        self.settings, self.engine, self.publisher = settings, engine, publisher
        self.id, self.hasher = writer_id, Hasher(settings.algorithm)
        self.counters = Counters()
        self.opened = threading.Event()
        self.problem: Exception | None = None
        detail = _described(self.hasher, publisher)
        self._chain = Appender(engine, writer_id, self.hasher, detail, index=settings.index_text)
        self.spool = Spool(
            settings.directory / "spool", writer_id, master, settings.max_spool_bytes
        )
        self._waiting: deque[PendingAppend] = deque()
        self._wakes: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._waking: set[asyncio.AbstractEventLoop] = set()  # will wake the writer in this turn
        self._signed = 0
        self._in_doubt, self._replay = True, True
        self._next_checkpoint = time.monotonic() + settings.checkpoint_seconds
        self._publish_after = 0.0
        self._next_try, self._month, self._stopping = 0.0, "", False
        self._linger_s = 0.0
        self._outage_logged = False

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
        self._waking.discard(loop)
        self._wakes.put(None)

    def stop(self) -> None:
        """Writes what waits, a `closed` record and a last checkpoint; then the thread ends."""
        self._stopping = True
        self._wakes.put(None)
        self.join()

    # --- the loop ---------------------------------------------------------------------------------

    def run(self) -> None:
        self._attempt_maintenance()
        self.opened.set()
        while not self._stopping:
            appends = self._collect()
            if appends:
                self._serve(appends)
            self._attempt_maintenance()
        self._finish()

    def _collect(self) -> list[PendingAppend]:
        """Waits until woken, or until maintenance is due, and takes what is there."""
        if not self._waiting:
            try:
                self._wakes.get(timeout=self._idle_seconds())
            except queue.Empty:
                return []
            if self._linger_s and not self._stopping:
                time.sleep(self._linger_s)
        return self._take(self.settings.max_batch)

    def _take(self, most: int) -> list[PendingAppend]:
        number = min(most, len(self._waiting))
        return [self._waiting.popleft() for _ in range(number)]

    def _idle_seconds(self) -> float:
        due = self._next_checkpoint if not self._in_doubt and not self._replay else self._next_try
        return max(0.001, due - time.monotonic())

    def _serve(self, appends: Sequence[PendingAppend]) -> None:
        """Records that can go elsewhere do not wait for a database that has just failed."""
        if self._in_doubt and time.monotonic() < self._next_try:
            appends = self._set_aside(appends)
        if appends:
            self._write(appends)

    def _write(self, appends: Sequence[PendingAppend]) -> None:
        items, started = items_of(appends), time.monotonic()
        probe = len(items) < len(appends)
        try:
            self._ready()
            results: list[Result] = list(self._commit(items, probe=probe))
            probed: Result = Receipt("", self.id)
        except Exception as error:  # the thread must outlive whatever a driver raises
            probed = self._failed(error)
            results = [self._without_database(item) for item in items]
        settle(appends, results, probed)
        took = time.monotonic() - started
        self._linger_s = min(MAX_LINGER_S, took * LINGER_SHARE) if len(appends) > 1 else 0.0

    def _commit(self, items: Sequence[Pending], *, probe: bool = False) -> list[Receipt]:
        try:
            receipts = self._chain.commit(items, probe=probe)
        except HeadLost as lost:
            self._begin_anew(lost.entries)
            receipts = self._chain.commit(items, probe=probe)
        self.counters.records += sum(isinstance(i, PendingRecord) for i in items)
        self.counters.batches += 1
        self.problem = None
        if items and self._outage_logged:
            log.info("audit: records are stored again")
            self._outage_logged = False
        return receipts

    # --- without a database -----------------------------------------------------------------------

    def _set_aside(self, appends: Sequence[PendingAppend]) -> list[PendingAppend]:
        """Answers those that need no database, and returns the others."""
        aside, rest = list[PendingAppend](), list[PendingAppend]()
        for append in appends:
            patient = append.item is None or append.item.on_failure is OnFailure.FAIL_REQUEST
            (rest if patient else aside).append(append)
        results = [self._without_database(i) for i in items_of(aside)]
        settle(aside, results, Receipt("", self.id))
        return rest

    def _failed(self, error: Exception) -> AuditError:
        self._next_try = time.monotonic() + RETRY_SECONDS
        self.problem, self._in_doubt, self._replay = error, True, True
        self.counters.failures += 1
        running = self.opened.is_set() and not self._stopping
        if running and not self._outage_logged:
            log.error("audit: records cannot be stored: %s", loggable(error))
            self._outage_logged = True
        return trouble("database", why=type(error).__name__)

    def _without_database(self, item: Pending) -> Result:
        """As the item's own setting says, whatever others of its batch do."""
        match item.on_failure:
            case OnFailure.CONTINUE:
                self._chain.lose(item)
                self.counters.lost += 1
                return Receipt(item.event_id, self.id, lost=True)
            case OnFailure.SPOOL:
                return self._spooled(item)
            case OnFailure.FAIL_REQUEST:
                self._chain.lose(item)
                return trouble("not-stored")

    def _spooled(self, item: Pending) -> Result:
        try:
            self.spool.append([item])
        except (OSError, AuditError):
            self._chain.lose(item)
            return trouble("not-spooled")
        self.counters.spooled += 1
        self._replay = True
        return Receipt(item.event_id, self.id, spooled=True)

    # --- maintenance: opening, reading back, replaying, checkpoints -------------------------------

    def _attempt_maintenance(self) -> None:
        now = time.monotonic()
        try:
            if now >= self._next_try and (self._in_doubt or self._replay):
                self._next_try = now + RETRY_SECONDS
                self._ready()
            if not self._in_doubt:
                self._checkpoint_if_due(now)
        except Exception as error:  # as in `_serve`: keep the thread, try again later
            self._failed(error)

    def _ready(self) -> None:
        """After this the chain in memory is the one in the database."""
        if self._in_doubt:
            self._reopen()
            self._in_doubt, self.problem = False, None
        if self._replay:
            self._replay_spool()
            self._adopt()
            self._replay = False

    def _reopen(self) -> None:
        if self._chain.size == 0:
            migrations.upgrade(self.engine)
        month = time.strftime("%Y%m", time.gmtime())
        if month != self._month:
            migrations.make_months(self.engine)
            self._month = month
        try:
            with self._chain.transaction() as connection:
                self._chain.read_back(connection)
        except HeadLost as lost:
            self._begin_anew(lost.entries)
        if self._chain.size == 0:
            self._chain.open()

    def _begin_anew(self, missing: int) -> None:
        """What the database has of the old chain stays as it is; verification names what is
        missing, because the new chain says how far the old one went."""
        log.error("audit: the database has lost the last %d records of %s", missing, self.id)
        self.counters.missing += missing
        self.id, self._signed = new_writer_id(), 0
        self.publisher = self.publisher.of(self.id)
        self._chain = self._chain.successor(self.id, _described(self.hasher, self.publisher))
        self._chain.open()

    def _adopt(self, *, own: bool = False) -> None:
        before = self._chain.size
        while self._chain.adopt(own=own) == ADOPTED:
            pass
        self.counters.interrupted += self._chain.size - before

    def _replay_spool(self) -> None:
        for items, path in self.spool.pending():
            fresh = self._chain.absent(items)
            for start in range(0, len(fresh), self.settings.max_batch):
                self._commit(fresh[start : start + self.settings.max_batch])
            self.counters.replayed += len(fresh)
            self.spool.drop(path)

    def _checkpoint_if_due(self, now: float) -> None:
        unsigned = self._chain.size - self._signed
        due = now >= self._next_checkpoint or unsigned >= self.settings.checkpoint_records
        if not due or now < self._publish_after:
            return
        self._next_checkpoint = now + self.settings.checkpoint_seconds
        self._adopt()
        if self._chain.size > self._signed:
            self._checkpoint()
        self._in_doubt = self._in_doubt or time.strftime("%Y%m", time.gmtime()) != self._month

    def _checkpoint(self) -> None:
        """A checkpoint that cannot be stored leaves its records pending; requests go on."""
        size, stamp = self._chain.size, now_us()
        note = self.publisher.sign(self._chain.frontier, stamp // 1_000_000)
        try:
            self.publisher.publish(size, note)
            self._chain.store_checkpoint(size, stamp, note)
        except Exception as error:
            self.counters.checkpoint_failures += 1
            self._next_checkpoint = self._publish_after = time.monotonic() + RETRY_SECONDS
            if isinstance(error, OSError):  # of the published file: the database is in no doubt
                return
            raise
        self._signed = size
        self.counters.checkpoints += 1
        self.counters.undelivered = self.publisher.undelivered

    def _finish(self) -> None:
        try:
            if leftover := self._take(len(self._waiting)):
                self._serve(leftover)
            self._ready()
            self._adopt(own=True)
            self._commit([self._chain.own_record("closed")])
            self._checkpoint()
        except Exception as error:  # closing without a database: the next writer covers this chain
            self._failed(error)
        self._chain.close()
        self.spool.close()


def _described(hasher: Hasher, publisher: Publisher) -> dict[str, str]:
    return {
        "algorithm": hasher.algorithm.value,
        "origin": publisher.origin,
        "key": publisher.signer.named(publisher.origin).verifier.vkey(),
    }


def new_writer_id() -> str:
    """Sortable by start time; random, so that two workers never share a chain."""
    seconds, rest = divmod(now_us(), 1_000_000)
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(seconds))
    return f"{stamp}{rest:06d}-{secrets.token_hex(5)}"
