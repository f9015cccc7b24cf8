"""Stores the position of each feed in the database of the policy versions (with PostgreSQL the
log's own, else a separate file), so that the log's writer never waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import BigInteger, Engine, MetaData, Table, delete, insert, select

from threegate.sql_tables import create_tables, key, required

METADATA = MetaData()
POSITION = Table(
    "audit_feed_position",
    METADATA,
    *key("feed", "writer"),
    *required("seq", of=BigInteger),
)


@dataclass(frozen=True, slots=True)
class FeedPositions:
    """Methods block."""

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
