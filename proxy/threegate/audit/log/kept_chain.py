"""A writer's chain over outages of its database: opened, read back after a commit of unknown
outcome, signed at intervals; and what becomes of records while the database is away.

A *writer* is one run of one process; it has its own chain, Merkle tree and checkpoints, so
processes never wait for each other and a crash leaves nothing to repair: the next writer starts a
new chain, whose first entry names the last entry of the others (`peers`) and thereby covers their
unsigned tails.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from logging import getLogger

from sqlalchemy import Engine

from threegate.audit import migrations
from threegate.audit.errors import loggable, trouble
from threegate.audit.log.append_queue import Receipt, Result
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


class KeptChain:
    """Of one thread, which starts with `attempt_upkeep` and ends with `finish`."""

    def __init__(
        self,
        settings: AuditSettings,
        engine: Engine,
        publisher: Publisher,
        master: MasterKey,
        writer_id: str,
    ) -> None:
        self.settings, self.engine, self.publisher = settings, engine, publisher
        self.id, self.hasher = writer_id, Hasher(settings.algorithm)
        self.counters = Counters()
        self.problem: Exception | None = None
        detail = _described(self.hasher, publisher)
        self.appender = Appender(engine, writer_id, self.hasher, detail, index=settings.index_text)
        self.spool = Spool(
            settings.directory / "spool", writer_id, master, settings.max_spool_bytes
        )
        self._signed = 0
        self._in_doubt, self._replay = True, True
        self._next_checkpoint = time.monotonic() + settings.checkpoint_seconds
        self._publish_after = 0.0
        self._next_try, self._month = 0.0, ""
        self._running, self._outage_logged = False, False

    @property
    def is_away(self) -> bool:
        """The database has just failed, and is not tried yet."""
        return self._in_doubt and time.monotonic() < self._next_try

    @property
    def idle_seconds(self) -> float:
        """Until upkeep is due."""
        due = self._next_checkpoint if not self._in_doubt and not self._replay else self._next_try
        return max(0.001, due - time.monotonic())

    def write(self, items: Sequence[Pending], *, probe: bool) -> tuple[list[Result], Result]:
        """What becomes of each item, and the answer to a probe."""
        try:
            self._ready()
            return list(self._commit(items, probe=probe)), Receipt("", self.id)
        except Exception as error:  # the thread must outlive whatever a driver raises
            failure = self.failed(error)
            return [self.without_database(item) for item in items], failure

    def _commit(self, items: Sequence[Pending], *, probe: bool = False) -> list[Receipt]:
        try:
            receipts = self.appender.commit(items, probe=probe)
        except HeadLost as lost:
            self._begin_anew(lost.entries)
            receipts = self.appender.commit(items, probe=probe)
        self.counters.records += sum(isinstance(i, PendingRecord) for i in items)
        self.counters.batches += 1
        self.problem = None
        if items and self._outage_logged:
            log.info("audit: records are stored again")
            self._outage_logged = False
        return receipts

    # --- without a database -----------------------------------------------------------------------

    def failed(self, error: Exception) -> AuditError:
        self._next_try = time.monotonic() + RETRY_SECONDS
        self.problem, self._in_doubt, self._replay = error, True, True
        self.counters.failures += 1
        if self._running and not self._outage_logged:
            log.error("audit: records cannot be stored: %s", loggable(error))
            self._outage_logged = True
        return trouble("database", why=type(error).__name__)

    def without_database(self, item: Pending) -> Result:
        """As the item's own setting says, whatever others of its batch do."""
        match item.on_failure:
            case OnFailure.CONTINUE:
                self.appender.lose(item)
                self.counters.lost += 1
                return Receipt(item.event_id, self.id, lost=True)
            case OnFailure.SPOOL:
                return self._spooled(item)
            case OnFailure.FAIL_REQUEST:
                self.appender.lose(item)
                return trouble("not-stored")

    def _spooled(self, item: Pending) -> Result:
        try:
            self.spool.append([item])
        except (OSError, AuditError):
            self.appender.lose(item)
            return trouble("not-spooled")
        self.counters.spooled += 1
        self._replay = True
        return Receipt(item.event_id, self.id, spooled=True)

    # --- upkeep: opening, reading back, replaying, checkpoints -------------------------------

    def attempt_upkeep(self) -> None:
        now = time.monotonic()
        try:
            if now >= self._next_try and (self._in_doubt or self._replay):
                self._next_try = now + RETRY_SECONDS
                self._ready()
            if not self._in_doubt:
                self._checkpoint_if_due(now)
        except Exception as error:  # as in `write`: keep the thread, try again later
            self.failed(error)
        self._running = True

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
        if self.appender.size == 0:
            migrations.upgrade(self.engine)
        month = time.strftime("%Y%m", time.gmtime())
        if month != self._month:
            migrations.make_months(self.engine)
            self._month = month
        try:
            with self.appender.transaction() as connection:
                self.appender.read_back(connection)
        except HeadLost as lost:
            self._begin_anew(lost.entries)
        if self.appender.size == 0:
            self.appender.open()

    def _begin_anew(self, missing: int) -> None:
        """What the database has of the old chain stays as it is; verification names what is
        missing, because the new chain says how far the old one went."""
        log.error("audit: the database has lost the last %d records of %s", missing, self.id)
        self.counters.missing += missing
        self.id, self._signed = new_writer_id(), 0
        self.publisher = self.publisher.of(self.id)
        self.appender = self.appender.successor(self.id, _described(self.hasher, self.publisher))
        self.appender.open()

    def _adopt(self, *, own: bool = False) -> None:
        before = self.appender.size
        while self.appender.adopt(own=own) == ADOPTED:
            pass
        self.counters.interrupted += self.appender.size - before

    def _replay_spool(self) -> None:
        for items, path in self.spool.pending():
            fresh = self.appender.absent(items)
            for start in range(0, len(fresh), self.settings.max_batch):
                self._commit(fresh[start : start + self.settings.max_batch])
            self.counters.replayed += len(fresh)
            if self.spool.torn:
                log.error(
                    "audit: %d damaged lines of the spool were not read back", self.spool.torn
                )
                self.counters.lost += self.spool.torn
            self.spool.drop(path)

    def _checkpoint_if_due(self, now: float) -> None:
        unsigned = self.appender.size - self._signed
        due = now >= self._next_checkpoint or unsigned >= self.settings.checkpoint_records
        if not due or now < self._publish_after:
            return
        self._next_checkpoint = now + self.settings.checkpoint_seconds
        self._adopt()
        if self.appender.size > self._signed:
            self._checkpoint()
        self._in_doubt = self._in_doubt or time.strftime("%Y%m", time.gmtime()) != self._month

    def _checkpoint(self) -> None:
        """A checkpoint that cannot be stored leaves its records pending; requests go on."""
        size, stamp = self.appender.size, now_us()
        note = self.publisher.sign(self.appender.frontier)
        try:
            self.publisher.publish(size, note)
            self.appender.store_checkpoint(size, stamp, note)
        except Exception as error:
            self.counters.checkpoint_failures += 1
            self._next_checkpoint = self._publish_after = time.monotonic() + RETRY_SECONDS
            if isinstance(error, OSError):  # of the published file: the database is in no doubt
                return
            raise
        self._signed = size
        self.counters.checkpoints += 1
        self.counters.undelivered = self.publisher.undelivered

    def finish(self) -> None:
        """A `closed` record and a last checkpoint."""
        self._running = False
        try:
            self._ready()
            self._adopt(own=True)
            self._commit([self.appender.own_record("closed")])
            self._checkpoint()
        except Exception as error:  # closing without a database: the next writer covers this chain
            self.failed(error)
        self.appender.close()
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
