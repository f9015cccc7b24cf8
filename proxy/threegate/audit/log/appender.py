"""A writer's chain, in memory and in the database, one transaction at a time.

The chain in memory moves on only after a commit. A commit that fails may still have happened:
`read_back` then takes from the database what it has.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from threegate.audit.log.append_queue import Receipt
from threegate.audit.log.chain import ZERO, Frontier, Hasher
from threegate.audit.log.database import insert, insert_texts, now_us
from threegate.audit.log.record import ContentLevel, Record, Stage, entry
from threegate.audit.log.rows import COLUMN_NAMES, PendingRecord, Row, make
from threegate.audit.log.schema import CHECKPOINT, HIT, KEY, RECORD, WRITER

KEEP_SECONDS = 1.0
PEERS = 64  # how many earlier writers a new one names
RECORD_NAMES = ("writer", "seq", "ts", "leaf", "entry", "subject", "salt", *COLUMN_NAMES)
HIT_NAMES = ("writer", "seq", "n", "ts", "rule", "kind", "layer", "action", "shadow")
KEY_NAMES = ("id", "tenant", "day", "wrapped")
CONTENT_NAMES = ("writer", "seq", "ts", "key_id", "blob")
CHECKPOINT_NAMES = ("writer", "size", "ts", "note")
Linked = tuple[bytes, bytes]  # an entry and its leaf hash


class Appender:
    """`detail` is what the chain's own records say of it: algorithm, origin, key."""

    def __init__(
        self, engine: Engine, writer: str, hasher: Hasher, detail: dict[str, Any], *, index: bool
    ) -> None:
        self.engine, self.writer, self.hasher = engine, writer, hasher
        self.frontier = Frontier(hasher)
        self._detail, self._index = detail, index
        self._prev, self._stored_keys = ZERO, set[str]()
        self._held: Connection | None = None
        self._fresh_until = 0.0

    @property
    def size(self) -> int:
        return self.frontier.size

    def open(self) -> None:
        """The first entry: what this writer is, and the heads of the others."""
        with self.transaction() as connection:
            stamp = now_us()
            opened = self.own_record("opened", _peers(connection, self.writer))
            insert(connection, WRITER, ("id", "opened", "seen"), [(self.writer, stamp, stamp)])
            linked = self._link([opened])
            self._insert(connection, [opened], linked)
        self._advance(linked)

    def commit(self, items: Sequence[PendingRecord], *, probe: bool = False) -> list[Receipt]:
        """One transaction with all of `items`; a probe must write even without any."""
        linked, first = self._link(items), self.size
        with self.transaction() as connection:
            self._insert(connection, items, linked)
            for item in items:
                if item.work is not None:
                    item.work(connection)
            if probe:
                mine = update(WRITER).where(WRITER.c.id == self.writer)
                connection.execute(mine.values(seen=now_us()))
        self._advance(linked)
        self._stored_keys.update(i.key.id for i in items if i.key)
        return [
            Receipt(item.event_id, self.writer, seq, leaf)
            for seq, (item, (_, leaf)) in enumerate(zip(items, linked, strict=True), first)
        ]

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """On a connection that is kept for the next commit if that comes soon: taking one from the
        pool costs as much as writing several records, and asks PostgreSQL whether it is there,
        which is right after a failure or an idle while.
        """
        if time.monotonic() > self._fresh_until:
            self.release()
        held, self._held = self._held or self.engine.connect(), None
        try:
            with held.begin():
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
        records, hits, contents = list[Row](), list[Row](), list[Row]()
        words, keys = list[str](), dict[str, Row]()
        for seq, (i, (made, leaf)) in enumerate(zip(items, linked, strict=True), self.size):
            place = (self.writer, seq)
            records.append((*place, i.ts_us, leaf, made.decode(), i.subject, i.salt, *i.columns))
            hits.extend((*place, n, i.ts_us, *hit) for n, hit in enumerate(i.hits))
            if i.key and i.key.id not in self._stored_keys:
                keys[i.key.id] = (i.key.id, i.key.tenant, i.key.day, i.key.wrapped)
            if i.blob and i.key:
                contents.append((*place, i.ts_us, i.key.id, i.blob))
                words.append(i.terms if self._index else "")
        insert(connection, KEY, KEY_NAMES, _unknown(connection, keys))
        insert(connection, RECORD, RECORD_NAMES, records)
        insert(connection, HIT, HIT_NAMES, hits)
        insert_texts(connection, CONTENT_NAMES, contents, words)

    def read_back(self, connection: Connection) -> None:
        """Takes up what a commit of unknown outcome has stored."""
        mine = (RECORD.c.writer == self.writer) & (RECORD.c.seq >= self.size)
        rows = connection.execute(select(RECORD.c.leaf).where(mine).order_by(RECORD.c.seq))
        self._advance([(b"", bytes(row.leaf)) for row in rows])

    def absent(self, items: Sequence[PendingRecord]) -> list[PendingRecord]:
        """Those of a spool that a crash before its removal has not left in the database already."""
        found = select(RECORD.c.entry).where(RECORD.c.request_id.in_({i.columns[0] for i in items}))
        with self.transaction() as connection:
            stored = "\n".join(connection.execute(found).scalars())
        return [i for i in items if f'"id":"{i.event_id}"' not in stored]

    def store_checkpoint(self, size: int, stamp: int, note: str) -> None:
        """Once: an earlier attempt may have committed without our knowing."""
        same = (CHECKPOINT.c.writer == self.writer) & (CHECKPOINT.c.size == size)
        with self.transaction() as connection:
            if connection.execute(select(CHECKPOINT.c.size).where(same)).first() is None:
                row = (self.writer, size, stamp, note)
                insert(connection, CHECKPOINT, CHECKPOINT_NAMES, [row])

    def own_record(self, verb: str, peers: Sequence[dict[str, str | int]] = ()) -> PendingRecord:
        detail = {"verb": verb, "peers": list(peers), **self._detail}
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


def _unknown(connection: Connection, keys: dict[str, Row]) -> list[Row]:
    """A key may be stored already by a commit whose outcome we never saw, or by a replayed
    spool.
    """
    if not keys:
        return []
    stored = connection.execute(select(KEY.c.id).where(KEY.c.id.in_(keys))).scalars()
    known = set(stored)
    return [row for key_id, row in keys.items() if key_id not in known]


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
