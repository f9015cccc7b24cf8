"""What of the log a feed has not had yet. Pure queries; a position is the next `seq` of a writer.

Records of one writer are committed in the order of `seq`, so a position misses nothing, also of a
writer that was spooling and stores old records late.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, func, select

from threegate.audit.log.record import timestamp
from threegate.audit.log.schema import RECORD, WRITER

Positions = Mapping[str, int]
BATCH = 256


@dataclass(frozen=True, slots=True)
class Item:
    """One record: its place and its entry as the formats take it."""

    writer: str
    seq: int
    entry: Mapping[str, Any]


def heads(connection: Connection) -> dict[str, int]:
    """The position after the newest record of each writer."""
    newest = select(func.max(RECORD.c.seq)).where(RECORD.c.writer == WRITER.c.id)
    rows = connection.execute(select(WRITER.c.id, newest.scalar_subquery()))
    return {writer: 0 if seq is None else int(seq) + 1 for writer, seq in rows}


def fresh(connection: Connection, positions: Positions, most: int = BATCH) -> list[Item]:
    """Up to `most` records after `positions`, each writer's in order. A writer without a position
    is new and read from its first record."""
    items: list[Item] = []
    for writer, end in heads(connection).items():
        start, left = positions.get(writer, 0), most - len(items)
        if start < end and left > 0:
            items += _of_writer(connection, writer, start, left)
    return items


def advanced(positions: Positions, items: Sequence[Item]) -> dict[str, int]:
    return {**positions, **{item.writer: item.seq + 1 for item in items}}


def _of_writer(connection: Connection, writer: str, start: int, most: int) -> list[Item]:
    wanted = (
        select(RECORD.c.seq, RECORD.c.ts, RECORD.c.entry)
        .where(RECORD.c.writer == writer, RECORD.c.seq >= start)
        .order_by(RECORD.c.seq)
        .limit(most)
    )
    return [_item(writer, *row) for row in connection.execute(wanted)]


def _item(writer: str, seq: int, ts_us: int, entry: str) -> Item:
    event = orjson.loads(entry)["event"]
    made = {"event": event, "writer": writer, "seq": int(seq), "ts": timestamp(ts_us)}
    return Item(writer, int(seq), made)
