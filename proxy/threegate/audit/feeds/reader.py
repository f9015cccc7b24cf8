"""Reads the records that a feed has not delivered yet, and stores how far it has come. A position
is the next `seq` of a writer.

Records of one writer are committed in the order of `seq`, so a position misses nothing, not even
old records that a writer stores late from its spool.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import BigInteger, Connection, Engine, MetaData, Table, delete, func, insert, select

from threegate.audit.log.encoding import timestamp
from threegate.audit.log.schema import RECORD, WRITER
from threegate.sql_tables import create_tables, key, required

Positions = Mapping[str, int]
BATCH = 256


@dataclass(frozen=True, slots=True)
class Item:
    """One record: its place, and its entry in the form that the formats take."""

    writer: str
    seq: int
    entry: Mapping[str, Any]


def heads(connection: Connection) -> dict[str, int]:
    """The position after the newest record of each writer."""
    newest = select(func.max(RECORD.c.seq)).where(RECORD.c.writer == WRITER.c.id)
    rows = connection.execute(select(WRITER.c.id, newest.scalar_subquery()))
    return {writer: 0 if seq is None else int(seq) + 1 for writer, seq in rows}


@dataclass(frozen=True, slots=True)
class Batch:
    """The next records, and the positions after them. `full`: there are more."""

    items: Sequence[Item]
    reached: Positions
    full: bool


def fresh(
    connection: Connection, positions: Positions, stages: Sequence[str] = (), most: int = BATCH
) -> Batch:
    """Up to `most` records after `positions`, in order for each writer; limited to `stages` if any
    are named. A writer without a position is new and is read from its first record."""
    items: list[Item] = []
    reached = dict(positions)
    for writer, end in heads(connection).items():
        start, left = positions.get(writer, 0), most - len(items)
        if start < end and left > 0:
            found = _of_writer(connection, writer, range(start, end), stages, left)
            reached[writer] = found[-1].seq + 1 if len(found) == left else end
            items += found
    return Batch(items, reached, len(items) == most)


def _of_writer(
    connection: Connection, writer: str, places: range, stages: Sequence[str], most: int
) -> list[Item]:
    wanted = (
        select(RECORD.c.seq, RECORD.c.ts, RECORD.c.entry)
        .where(RECORD.c.writer == writer, RECORD.c.seq.between(places[0], places[-1]))
        .order_by(RECORD.c.seq)
        .limit(most)
    )
    if stages:
        wanted = wanted.where(RECORD.c.stage.in_(stages))
    return [_item(writer, *row) for row in connection.execute(wanted)]


def _item(writer: str, seq: int, ts_us: int, entry: str) -> Item:
    event = orjson.loads(entry)["event"]
    made = {"event": event, "writer": writer, "seq": int(seq), "ts": timestamp(ts_us)}
    return Item(writer, int(seq), made)


METADATA = MetaData()
POSITION = Table(
    "audit_feed_position", METADATA, *key("feed", "writer"), *required("seq", of=BigInteger)
)


@dataclass(frozen=True, slots=True)
class FeedPositions:
    """The positions of all feeds, in the database of the policy versions (with PostgreSQL the log's
    own, else a separate file), so that the log's writer never waits for them. Methods block."""

    engine: Engine

    @classmethod
    def open(cls, engine: Engine) -> FeedPositions:
        create_tables(engine, METADATA)
        return cls(engine)

    def load(self, feed: str) -> dict[str, int] | None:
        """None for a feed that has never saved one."""
        query = select(POSITION.c.writer, POSITION.c.seq).where(POSITION.c.feed == feed)
        with self.engine.connect() as connection:
            found = {writer: int(seq) for writer, seq in connection.execute(query)}
        return found or None

    def save(self, feed: str, positions: Mapping[str, int]) -> None:
        rows = [{"feed": feed, "writer": w, "seq": s} for w, s in positions.items()]
        with self.engine.begin() as connection:
            connection.execute(delete(POSITION).where(POSITION.c.feed == feed))
            if rows:
                connection.execute(insert(POSITION), rows)
