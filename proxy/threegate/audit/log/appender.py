"""A writer's chain, in memory and in the database, one transaction at a time.

The chain in memory advances only after a commit. A commit that fails may still have happened:
`read_back` then takes from the database what it has. Each new connection first checks that the
database still has the end of the chain; if not, a `successor` begins a new one.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from threegate.audit.log.append_queue import Receipt
from threegate.audit.log.chain import ZERO, Frontier, Hasher
from threegate.audit.log.database import delete_ids, insert, insert_texts, now_us
from threegate.audit.log.encoding import entry
from threegate.audit.log.heads import Head, check_head, peers
from threegate.audit.log.hit_sets import HIT_NAMES, StoredSets, hits_id, set_rows
from threegate.audit.log.intents import ADOPTED, INTENT_NAMES, open_intents, recorded
from threegate.audit.log.locks import Liveness
from threegate.audit.log.record import Record, Stage
from threegate.audit.log.rows import (
    COLUMN_NAMES,
    Pending,
    PendingIntent,
    PendingRecord,
    Row,
    interrupted,
    make_record,
)
from threegate.audit.log.schema import CHECKPOINT, HIT, INTENT, KEY, RECORD, WRITER

KEEP_SECONDS = 1.0
RECORD_NAMES = ("writer", "seq", "ts", "leaf", "entry", "subject", "salt", "hits", *COLUMN_NAMES)
KEY_NAMES = ("id", "tenant", "day", "wrapped")
CONTENT_NAMES = ("writer", "seq", "ts", "key_id", "blob")
CHECKPOINT_NAMES = ("writer", "size", "ts", "note")
CHECKED = "threegate.head"
"""Key in `Connection.info`: the writer whose head was checked on this connection."""
MOST_LOST = 10_000  # requests remembered while the database is away; others wait for the end
Linked = tuple[bytes, bytes]  # an entry and its leaf hash


class Appender:
    """`detail` is what the chain's own records say about it: algorithm, origin, key."""

    def __init__(
        self, engine: Engine, writer: str, hasher: Hasher, detail: dict[str, Any], *, index: bool
    ) -> None:
        self.engine, self.writer, self.hasher = engine, writer, hasher
        self.frontier = Frontier(hasher)
        self._detail, self._index = detail, index
        self._prev, self._stored_keys, self._stored_sets = ZERO, set[str](), StoredSets()
        self._recorded: list[str] = []  # recorded requests whose intent row still exists
        self._lost: deque[str] = deque(maxlen=MOST_LOST)  # whose record could not be stored
        self._held: Connection | None = None
        self._fresh_until = 0.0
        self._liveness = Liveness(engine, writer)
        self._former: tuple[Appender, ...] = ()  # chains whose end the database has lost

    @property
    def size(self) -> int:
        return self.frontier.size

    @property
    def head(self) -> Head:
        return Head(self.writer, self.size, self._prev)

    def successor(self, writer: str, detail: dict[str, Any]) -> Appender:
        """A new chain of this process, whose first entry names the confirmed end of this one. Calls
        in flight keep the intents of this chain, whose lock is held until `close`: new connections
        hold both locks."""
        self.release()
        self.engine.dispose()
        made = Appender(self.engine, writer, self.hasher, detail, index=self._index)
        made._former, made._lost = (*self._former, self), self._lost
        return made

    def open(self) -> None:
        """The first entry: what this writer is, and the heads of the others."""
        self._liveness.hold()
        with self.transaction() as connection:
            stamp = now_us()
            heads = {h.writer: h for h in peers(connection, self.writer)}
            heads |= {former.writer: former.head for former in self._former}
            opened = self.own_record("opened", [h.as_dict() for h in heads.values()])
            insert(connection, WRITER, ("id", "opened", "seen"), [(self.writer, stamp, stamp)])
            linked = self._link([opened])
            self._insert(connection, [opened], linked)
        self._advance(linked)

    def commit(self, items: Sequence[Pending], *, probe: bool = False) -> list[Receipt]:
        """One transaction with all `items`; a probe must write even without any. A record's intent
        is removed together with the next intents, when their page is written anyway; whoever reads
        intents checks whether they have a record."""
        records = [i for i in items if isinstance(i, PendingRecord)]
        intents = [i for i in items if isinstance(i, PendingIntent)]
        linked, first = self._link(records), self.size
        done = self._recorded if intents or len(self._recorded) >= ADOPTED else []
        sets = self._stored_sets.others(i.hits for i in records)
        with self.transaction() as connection:
            insert(connection, KEY, KEY_NAMES, self._new_keys(connection, items))
            insert(connection, HIT, HIT_NAMES, set_rows(sets), unless_there=True)
            delete_ids(connection, INTENT, done)
            insert(connection, INTENT, INTENT_NAMES, [i.row(self.writer) for i in intents])
            self._insert(connection, records, linked)
            for item in records:
                if item.work is not None:
                    item.work(connection)
            if probe:
                mine = update(WRITER).where(WRITER.c.id == self.writer)
                connection.execute(mine.values(seen=now_us()))
        self._advance(linked)
        ended = [i.request_id for i in records if i.closes]
        self._recorded = [*(() if done else self._recorded), *ended]
        self._stored_keys.update(i.key.id for i in items if i.key)
        self._stored_sets.add(sets)
        places = iter([(seq, leaf) for seq, (_, leaf) in enumerate(linked, first)])
        return [
            Receipt(i.event_id, self.writer, *next(places))
            if isinstance(i, PendingRecord)
            else Receipt(i.event_id, self.writer)
            for i in items
        ]

    def lose(self, item: Pending) -> None:
        """Notes that its record was not stored and that its caller does not try again."""
        if isinstance(item, PendingRecord) and item.closes:
            self._lost.append(item.request_id)

    def adopt(self, *, own: bool = False) -> int:
        """Chains an *interrupted* record for intents of processes that are gone and of calls whose
        record was lost; with `own` for all of this writer's, which at its end has nothing in
        flight. Returns the number examined, at most `ADOPTED`."""
        lost = list(islice(self._lost, ADOPTED))
        with self.transaction() as connection:
            writers = self._gone(connection) + list(self._own) * own
            rows = open_intents(connection, writers, lost)
            ids = [row[0] for row in rows]
            known = recorded(connection, ids)
            stamp = now_us()
            items = [interrupted(r, stamp, self.hasher) for r in rows if r[0] not in known]
            linked = self._link(items)
            self._insert(connection, items, linked)
            delete_ids(connection, INTENT, ids)
        self._advance(linked)
        if len(rows) < ADOPTED:
            for _ in lost:
                self._lost.popleft()
            for writer in writers:
                self._liveness.forget(writer)
        return len(rows)

    @property
    def _own(self) -> Sequence[str]:
        return [self.writer, *(former.writer for former in self._former)]

    def _gone(self, connection: Connection) -> list[str]:
        others = select(INTENT.c.writer).where(INTENT.c.writer.not_in(self._own)).distinct()
        writers = connection.execute(others).scalars().all()
        return [w for w in writers if self._liveness.gone(connection, w)]

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction on a connection that is kept for the next commit if that follows soon:
        taking one from the pool costs as much as writing several records. The pool also pings
        PostgreSQL, which is useful only after a failure or a pause. Raises HeadLost."""
        if time.monotonic() > self._fresh_until:
            self.release()
        held, self._held = self._held or self.engine.connect(), None
        try:
            with held.begin():
                if held.info.get(CHECKED) != self.writer:
                    check_head(held, self.head)
                    held.info[CHECKED] = self.writer
                yield held
        except BaseException:
            held.close()
            raise
        self._held, self._fresh_until = held, time.monotonic() + KEEP_SECONDS

    def release(self) -> None:
        """Gives the kept connection back to the pool."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def close(self) -> None:
        """Marks this writer as gone."""
        self.release()
        for each in (self, *self._former):
            each._liveness.release()

    def _link(self, items: Sequence[PendingRecord]) -> list[Linked]:
        """The items as entries that continue the chain."""
        linked, prev = [], self._prev
        for seq, item in enumerate(items, self.size):
            made = entry(
                item.event,
                prev=prev,
                seq=seq,
                ts_us=item.ts_us,
                writer=self.writer,
                spooled=item.spooled,
            )
            prev = self.hasher.leaf(made)
            linked.append((made, prev))
        return linked

    def _advance(self, linked: Sequence[Linked]) -> None:
        self.frontier.extend(leaf for _, leaf in linked)
        self._prev = linked[-1][1] if linked else self._prev

    def _insert(
        self, connection: Connection, items: Sequence[PendingRecord], linked: Sequence[Linked]
    ) -> None:
        records, contents, words = list[Row](), list[Row](), list[str]()
        for seq, (i, (made, leaf)) in enumerate(zip(items, linked, strict=True), self.size):
            place = (self.writer, seq)
            kept = (made.decode(), i.subject, i.salt, hits_id(i.hits))
            records.append((*place, i.ts_us, leaf, *kept, *i.columns))
            if i.blob and i.key:
                contents.append((*place, i.ts_us, i.key.id, i.blob))
                words.append(i.terms if self._index else "")
        insert(connection, RECORD, RECORD_NAMES, records)
        insert_texts(connection, CONTENT_NAMES, contents, words)

    def _new_keys(self, connection: Connection, items: Sequence[Pending]) -> list[Row]:
        """A key may already be stored, by a commit whose outcome we never saw or by a replayed
        spool."""
        used = {i.key.id: i.key for i in items if i.key and i.key.id not in self._stored_keys}
        if not used:
            return []
        known = set(connection.execute(select(KEY.c.id).where(KEY.c.id.in_(used))).scalars())
        return [(k.id, k.tenant, k.day, k.wrapped) for k in used.values() if k.id not in known]

    def read_back(self, connection: Connection) -> None:
        """Adopts what a commit of unknown outcome has stored."""
        mine = (RECORD.c.writer == self.writer) & (RECORD.c.seq >= self.size)
        rows = connection.execute(select(RECORD.c.leaf).where(mine).order_by(RECORD.c.seq))
        self._advance([(b"", bytes(row.leaf)) for row in rows])

    def absent(self, items: Sequence[Pending]) -> list[Pending]:
        """The items of a spool that are not in the database already after a crash before its
        removal."""
        requests = {i.request_id for i in items}
        found = select(RECORD.c.request_id, RECORD.c.entry).where(RECORD.c.request_id.in_(requests))
        opened = select(INTENT.c.id).where(INTENT.c.id.in_(requests))
        with self.transaction() as connection:
            rows = connection.execute(found).all()
            begun = {row.request_id for row in rows} | set(connection.execute(opened).scalars())
        stored = "\n".join(row.entry for row in rows)
        return [
            i
            for i in items
            if (
                i.request_id not in begun
                if isinstance(i, PendingIntent)
                else f'"id":"{i.event_id}"' not in stored
            )
        ]

    def store_checkpoint(self, size: int, stamp: int, note: str) -> None:
        """Only once: an earlier attempt may have committed without our knowing."""
        same = (CHECKPOINT.c.writer == self.writer) & (CHECKPOINT.c.size == size)
        with self.transaction() as connection:
            if connection.execute(select(CHECKPOINT.c.size).where(same)).first() is None:
                row = (self.writer, size, stamp, note)
                insert(connection, CHECKPOINT, CHECKPOINT_NAMES, [row])

    def own_record(self, verb: str, peers: Sequence[dict[str, str | int]] = ()) -> PendingRecord:
        """A record of the writer itself: that it opened (naming the heads of others' chains) or
        closed."""
        detail = {"verb": verb, "peers": list(peers), **self._detail}
        record = Record(stage=Stage.WRITER, detail=detail)
        return make_record(record, ts_us=now_us(), hasher=self.hasher)
