"""The one thread that writes a process's chain.

A *writer* is one run of one process; it has its own chain, Merkle tree and checkpoints, so
processes never wait for each other and a crash leaves nothing to repair: the next writer starts a
new chain, whose first entry names the last entry of the others (`peers`) and thereby covers their
unsigned tails.

Group commit: everything that waits is written in one transaction; its callers are answered after
the commit. A commit that fails may still have happened, so the next batch first reads back what the
database has.
"""

from __future__ import annotations

import asyncio
import queue
import secrets
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select, update

from threegate.audit import migrations
from threegate.audit.chain import ZERO, Frontier, Hasher
from threegate.audit.checkpoint import Publisher
from threegate.audit.database import ensure_partitions, insert, insert_texts, now_us
from threegate.audit.keys import MasterKey
from threegate.audit.record import ContentLevel, Record, Stage, entry
from threegate.audit.rows import COLUMN_NAMES, Item, Row, make
from threegate.audit.schema import CHECKPOINT, HIT, KEY, RECORD, WRITER
from threegate.audit.settings import AuditSettings, OnFailure
from threegate.audit.spool import Spool
from threegate.errors import AuditError

PEERS = 64  # how many earlier writers a new one names
RETRY_SECONDS = 1.0  # between attempts to reopen, replay or publish
RECORD_NAMES = ("writer", "seq", "ts", "leaf", "entry", "subject", "salt", *COLUMN_NAMES)
HIT_NAMES = ("writer", "seq", "n", "ts", "rule", "kind", "layer", "action", "shadow")
KEY_NAMES = ("id", "tenant", "day", "wrapped")
CONTENT_NAMES = ("writer", "seq", "ts", "key_id", "blob")


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a durable record is. `spooled`: in the spool file, its place follows; `lost`: nowhere
    (`continue`).
    """

    id: str
    writer: str
    seq: int = -1
    leaf: bytes = b""
    spooled: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Ticket:
    """An item (None: a probe that must reach the database) and who waits for it."""

    item: Item | None
    future: asyncio.Future[Receipt]


@dataclass(slots=True)
class Counters:
    """What happened since the start, for metrics and readiness."""

    records: int = 0
    batches: int = 0
    failures: int = 0
    spooled: int = 0
    lost: int = 0
    replayed: int = 0
    checkpoints: int = 0
    checkpoint_failures: int = 0
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
        self._spool = Spool(
            settings.directory / "spool", writer_id, master, settings.max_spool_bytes
        )
        self._queue: queue.SimpleQueue[Ticket | None] = queue.SimpleQueue()
        self._frontier = Frontier(self.hasher)
        self._prev, self._signed = ZERO, 0
        self._stored_keys: set[str] = set()
        self._in_doubt, self._replay = True, True
        self._next_checkpoint = time.monotonic() + settings.checkpoint_seconds
        self._next_try, self._month, self._stopping = 0.0, "", False

    @property
    def pending(self) -> int:
        return self._queue.qsize()

    def submit(self, ticket: Ticket) -> None:
        self._queue.put(ticket)

    def stop(self) -> None:
        """Writes what waits, a `closed` record and a last checkpoint; then the thread ends."""
        self._queue.put(None)
        self.join()

    # --- the loop ---------------------------------------------------------------------------------

    def run(self) -> None:
        self._attempt_upkeep()
        self.opened.set()
        while not self._stopping:
            tickets = self._collect()
            if tickets:
                self._serve(tickets)
            self._attempt_upkeep()
        self._finish()

    def _collect(self) -> list[Ticket]:
        """Waits for one ticket, or for upkeep to be due, and takes what else is there."""
        tickets: list[Ticket] = []
        try:
            ticket = self._queue.get(timeout=self._idle_seconds())
            while ticket is not None and len(tickets) < self.settings.max_batch:
                tickets.append(ticket)
                ticket = self._queue.get_nowait()
            if ticket is not None:
                tickets.append(ticket)
            else:
                self._stopping = True
        except queue.Empty:
            pass
        return tickets

    def _idle_seconds(self) -> float:
        due = self._next_checkpoint if not self._in_doubt and not self._replay else self._next_try
        return max(0.001, due - time.monotonic())

    def _serve(self, tickets: Sequence[Ticket]) -> None:
        items = [t.item for t in tickets if t.item is not None]
        probe = len(items) < len(tickets)
        try:
            self._not_away(patient=probe)
            self._ready()
            results: list[Receipt | AuditError] = list(self._commit(items, probe=probe))
            probed: Receipt | AuditError = Receipt("", self.id)
        except Exception as error:  # the thread must outlive whatever a driver raises
            probed = self._failed(error)
            results = [self._without_database(item) for item in items]
        answers = iter(results)
        _settle([(t.future, next(answers) if t.item is not None else probed) for t in tickets])

    def _not_away(self, *, patient: bool) -> None:
        """Raises while a failed database is left alone, where records have somewhere else to go.

        Otherwise each of them would first wait for the database to time out.
        """
        elsewhere = self.settings.on_failure is not OnFailure.FAIL_REQUEST
        if elsewhere and not patient and self._in_doubt and time.monotonic() < self._next_try:
            raise AuditError("the audit database is away")

    def _failed(self, error: Exception) -> AuditError:
        if not isinstance(error, AuditError):
            self._next_try = time.monotonic() + RETRY_SECONDS
        self.problem, self._in_doubt = error, True
        self.counters.failures += 1
        return AuditError(f"audit database: {type(error).__name__}")

    def _without_database(self, item: Item) -> Receipt | AuditError:
        """What the operator chose. A deletion cannot be spooled, nor go on without its
        tombstone.
        """
        match self.settings.on_failure:
            case OnFailure.CONTINUE if item.work is None:
                self.counters.lost += 1
                return Receipt(item.event_id, self.id, lost=True)
            case OnFailure.SPOOL if item.work is None:
                return self._spooled(item)
            case _:
                return AuditError("the audit record could not be stored")

    def _spooled(self, item: Item) -> Receipt | AuditError:
        try:
            self._spool.append([item])
        except (OSError, AuditError):
            return AuditError("the audit record could not be spooled")
        self.counters.spooled += 1
        self._replay = True
        return Receipt(item.event_id, self.id, spooled=True)

    # --- writing ----------------------------------------------------------------------------------

    def _commit(self, items: Sequence[Item], *, probe: bool = False) -> list[Receipt]:
        """One transaction. The chain moves on only after it has committed."""
        entries = self._chain(items)
        receipts = [
            Receipt(item.event_id, self.id, self._frontier.size + n, leaf)
            for n, (item, (_, leaf)) in enumerate(zip(items, entries, strict=True))
        ]
        with self.engine.begin() as connection:
            self._insert(connection, items, entries)
            for item in items:
                if item.work is not None:
                    item.work(connection)
            if probe:
                mine = update(WRITER).where(WRITER.c.id == self.id)
                connection.execute(mine.values(seen=now_us()))
        self._advance([leaf for _, leaf in entries])
        self._stored_keys.update(i.key.id for i in items if i.key)
        self.counters.records += len(items)
        self.counters.batches += 1
        self.problem = None
        return receipts

    def _chain(self, items: Sequence[Item]) -> list[tuple[bytes, bytes]]:
        """The (entry, leaf) of each item, continuing the chain."""
        out, prev = [], self._prev
        for seq, item in enumerate(items, self._frontier.size):
            made = entry(
                item.event,
                prev=prev,
                seq=seq,
                ts_us=item.ts_us,
                writer=self.id,
                spooled=item.spooled,
            )
            prev = self.hasher.leaf(made)
            out.append((made, prev))
        return out

    def _advance(self, leaves: Sequence[bytes]) -> None:
        self._frontier.extend(leaves)
        self._prev = leaves[-1] if leaves else self._prev

    def _insert(
        self,
        connection: Connection,
        items: Sequence[Item],
        entries: Sequence[tuple[bytes, bytes]],
    ) -> None:
        records, hits, contents = list[Row](), list[Row](), list[Row]()
        words, keys = list[str](), dict[str, Row]()
        first = self._frontier.size
        for seq, (i, (made, leaf)) in enumerate(zip(items, entries, strict=True), first):
            place = (self.id, seq)
            records.append((*place, i.ts_us, leaf, made.decode(), i.subject, i.salt, *i.columns))
            hits.extend((*place, n, i.ts_us, *hit) for n, hit in enumerate(i.hits))
            if i.key and i.key.id not in self._stored_keys:
                keys[i.key.id] = (i.key.id, i.key.tenant, i.key.day, i.key.wrapped)
            if i.blob and i.key:
                contents.append((*place, i.ts_us, i.key.id, i.blob))
                words.append(i.terms if self.settings.index_text else "")
        insert(connection, KEY, KEY_NAMES, self._unknown(connection, keys))
        insert(connection, RECORD, RECORD_NAMES, records)
        insert(connection, HIT, HIT_NAMES, hits)
        insert_texts(connection, CONTENT_NAMES, contents, words)

    def _unknown(self, connection: Connection, keys: dict[str, Row]) -> list[Row]:
        """A key may be stored already by a commit whose outcome we never saw, or by a replayed
        spool.
        """
        if not keys:
            return []
        stored = connection.execute(select(KEY.c.id).where(KEY.c.id.in_(keys))).scalars()
        known = set(stored)
        return [row for key_id, row in keys.items() if key_id not in known]

    # --- upkeep: opening, reading back, replaying, checkpoints ------------------------------------

    def _attempt_upkeep(self) -> None:
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
            if self._frontier.size == 0:
                migrations.upgrade(self.engine)
            with self.engine.begin() as connection:
                self._read_back(connection)
                month = time.strftime("%Y%m", time.gmtime())
                if month != self._month:
                    ensure_partitions(connection)
                    self._month = month
            if self._frontier.size == 0:
                self._open_chain()
            self._in_doubt, self.problem = False, None
        if self._replay:
            self._replay_spool()
            self._replay = False

    def _read_back(self, connection: Connection) -> None:
        mine = (RECORD.c.writer == self.id) & (RECORD.c.seq >= self._frontier.size)
        rows = connection.execute(select(RECORD.c.leaf).where(mine).order_by(RECORD.c.seq))
        self._advance([bytes(row.leaf) for row in rows])

    def _open_chain(self) -> None:
        with self.engine.begin() as connection:
            peers = _peers(connection, self.id)
            stamp = now_us()
            insert(connection, WRITER, ("id", "opened", "seen"), [(self.id, stamp, stamp)])
            items = [self._own_record("opened", peers)]
            entries = self._chain(items)
            self._insert(connection, items, entries)
        self._advance([leaf for _, leaf in entries])

    def _own_record(self, verb: str, peers: Sequence[dict[str, str | int]] = ()) -> Item:
        detail = {
            "verb": verb,
            "algorithm": self.hasher.algorithm.value,
            "origin": self.publisher.origin,
            "key": self.publisher.signer.named(self.publisher.origin).verifier.vkey(),
            "peers": list(peers),
        }
        return make(
            Record(stage=Stage.WRITER, detail=detail),
            None,
            ts_us=now_us(),
            mono_us=0,
            level=ContentLevel.NONE,
            key=None,
            pseudonym="",
            hasher=self.hasher,
        )

    def _replay_spool(self) -> None:
        for items, path in self._spool.pending():
            fresh = self._absent(items)
            for start in range(0, len(fresh), self.settings.max_batch):
                self._commit(fresh[start : start + self.settings.max_batch])
            self.counters.replayed += len(fresh)
            self._spool.drop(path)

    def _absent(self, items: Sequence[Item]) -> list[Item]:
        """A crash between commit and removal of the file leaves records that are stored already."""
        found = select(RECORD.c.entry).where(RECORD.c.request_id.in_({i.columns[0] for i in items}))
        with self.engine.begin() as connection:
            stored = "\n".join(connection.execute(found).scalars())
        return [i for i in items if f'"id":"{i.event_id}"' not in stored]

    def _checkpoint_if_due(self, now: float) -> None:
        unsigned = self._frontier.size - self._signed
        due = now >= self._next_checkpoint or unsigned >= self.settings.checkpoint_records
        if not due:
            return
        self._next_checkpoint = now + self.settings.checkpoint_seconds
        if unsigned:
            self._checkpoint()
        self._in_doubt = self._in_doubt or time.strftime("%Y%m", time.gmtime()) != self._month

    def _checkpoint(self) -> None:
        """A checkpoint that cannot be stored leaves its records pending; requests go on."""
        size, stamp = self._frontier.size, now_us()
        note = self.publisher.sign(self._frontier, stamp // 1_000_000)
        try:
            self.publisher.publish(size, note)
            with self.engine.begin() as connection:
                self._store_checkpoint(connection, (self.id, size, stamp, note))
        except Exception:
            self.counters.checkpoint_failures += 1
            raise
        self._signed = size
        self.counters.checkpoints += 1
        self.counters.undelivered = self.publisher.undelivered

    def _store_checkpoint(self, connection: Connection, row: Row) -> None:
        """Once: an earlier attempt may have committed without our knowing."""
        same = (CHECKPOINT.c.writer == self.id) & (CHECKPOINT.c.size == row[1])
        if connection.execute(select(CHECKPOINT.c.size).where(same)).first() is None:
            insert(connection, CHECKPOINT, ("writer", "size", "ts", "note"), [row])

    def _finish(self) -> None:
        leftover = self._drain()
        try:
            if leftover:
                self._serve(leftover)
            self._ready()
            self._commit([self._own_record("closed")])
            self._checkpoint()
        except Exception as error:  # closing without a database: the next writer covers this chain
            self._failed(error)
        self._spool.close()

    def _drain(self) -> list[Ticket]:
        tickets = []
        while not self._queue.empty():
            ticket = self._queue.get_nowait()
            if ticket is not None:
                tickets.append(ticket)
        return tickets


def _peers(connection: Connection, own: str) -> list[dict[str, str | int]]:
    """The last entry of each of the latest other writers."""
    writers = select(WRITER.c.id).where(WRITER.c.id != own).order_by(WRITER.c.opened.desc())
    heads: list[dict[str, str | int]] = []
    for writer in connection.execute(writers.limit(PEERS)).scalars().all():
        last = (
            select(RECORD.c.seq, RECORD.c.leaf)
            .where(RECORD.c.writer == writer)
            .order_by(RECORD.c.seq.desc())
            .limit(1)
        )
        head = connection.execute(last).first()
        if head is not None:
            leaf = bytes(head.leaf).hex()
            heads.append({"writer": writer, "size": int(head.seq) + 1, "leaf": leaf})
    return heads


def _settle(answers: Sequence[tuple[asyncio.Future[Receipt], Receipt | AuditError]]) -> None:
    """Answers all callers of a loop in one wake-up."""
    by_loop: dict[
        asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Receipt], Receipt | AuditError]]
    ] = {}
    for future, answer in answers:
        by_loop.setdefault(future.get_loop(), []).append((future, answer))
    for loop, ours in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve, ours)


def _resolve(answers: Sequence[tuple[asyncio.Future[Receipt], Receipt | AuditError]]) -> None:
    for future, answer in answers:
        if future.done():  # its caller gave up
            continue
        if isinstance(answer, AuditError):
            future.set_exception(answer)
        else:
            future.set_result(answer)


def new_writer_id() -> str:
    """Sortable by start time; random, so that two workers never share a chain."""
    seconds, rest = divmod(now_us(), 1_000_000)
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(seconds))
    return f"{stamp}{rest:06d}-{secrets.token_hex(5)}"
