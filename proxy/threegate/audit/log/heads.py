"""The last entry of each chain: a new writer names those of the others, and a running writer checks
that the database still has the one it confirmed.

A database may fall back to an earlier state under a running writer: a fail-over to a standby that
had not received the last commits, or a backup restored in its place.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Table, func, select

from threegate.audit.log.schema import RECORD, STUB, WRITER

PEERS = 64  # how many earlier writers a new one names


@dataclass(frozen=True, slots=True)
class Head:
    """`size` entries; `leaf` is the hash of the last one."""

    writer: str
    size: int
    leaf: bytes

    def as_dict(self) -> dict[str, str | int]:
        return {"writer": self.writer, "size": self.size, "leaf": self.leaf.hex()}


class HeadLost(Exception):
    """The database no longer has the last `entries` entries that it confirmed to a writer."""

    def __init__(self, entries: int) -> None:
        super().__init__(f"{entries} entries")
        self.entries = entries


def check_head(connection: Connection, head: Head) -> None:
    """Raises HeadLost if it is missing. A pruned entry counts as present, because its leaf is."""
    if not head.size:
        return
    if not any(_is_last(connection, table, head) for table in (RECORD, STUB)):
        raise HeadLost(max(1, head.size - _stored(connection, head.writer)))


def _is_last(connection: Connection, table: Table, head: Head) -> bool:
    here = (table.c.writer == head.writer) & (table.c.seq == head.size - 1)
    return any(
        bytes(row.leaf) == head.leaf for row in connection.execute(select(table.c.leaf).where(here))
    )


def _stored(connection: Connection, writer: str) -> int:
    """The size of the chain in the database."""
    last = [
        connection.execute(select(func.max(t.c.seq)).where(t.c.writer == writer)).scalar()
        for t in (RECORD, STUB)
    ]
    return max(-1 if seq is None else int(seq) for seq in last) + 1


def peers(connection: Connection, own: str) -> list[Head]:
    """The last entry of each of the latest other writers."""
    writers = select(WRITER.c.id).where(WRITER.c.id != own).order_by(WRITER.c.opened.desc())
    heads: list[Head] = []
    for writer in connection.execute(writers.limit(PEERS)).scalars().all():
        last = (
            select(RECORD.c.seq, RECORD.c.leaf)
            .where(RECORD.c.writer == writer)
            .order_by(RECORD.c.seq.desc())
            .limit(1)
        )
        head = connection.execute(last).first()
        if head is not None:
            heads.append(Head(writer, int(head.seq) + 1, bytes(head.leaf)))
    return heads
