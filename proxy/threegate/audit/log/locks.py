"""Locks between processes that share a database, which end with their process: whether a writer is
still alive (`Liveness`), and work that only one of them does at a time (`alone`).

SQLite: one locked file per writer next to the database, `<database>.live/<writer>`. PostgreSQL: a
shared advisory lock that every connection of the writer takes when it connects, so that a new
connection holds it as well. A writer cut off from PostgreSQL by the network counts as gone until it
reconnects.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Engine, event, text

from threegate.audit.log.database import create_private, is_postgres, reader_engine

LOCK_CLASS = 0x7467_6C76  # any constant of our own; the other half of the key is the writer's
TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(:kind, :key)")


class Liveness:
    """The lock of one writer. `engine` has no connection yet; `hold` needs the database."""

    def __init__(self, engine: Engine, writer: str) -> None:
        self._writer = writer
        self._file: FileIO | None = None
        self._folder = Path(f"{engine.url.database}.live")
        self._postgres = engine.dialect.name == "postgresql"
        if self._postgres:
            event.listen(engine, "connect", self._lock_shared)

    def _lock_shared(self, connection: Any, _record: object) -> None:
        lock = "SELECT pg_advisory_lock_shared(:kind, :key)"
        connection.run(lock, kind=LOCK_CLASS, key=_key(self._writer))
        connection.commit()

    def hold(self) -> None:
        """Idempotent. Raises OSError."""
        if self._postgres or self._file is not None:
            return
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._folder / self._writer
        self._file = FileIO(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def gone(self, connection: Connection, writer: str) -> bool:
        """Whether the lock of `writer` is free; the transaction holds it afterwards."""
        if is_postgres(connection):
            parameters = {"kind": LOCK_CLASS, "key": _key(writer)}
            return bool(connection.execute(TRY_LOCK, parameters).scalar())
        path = self._folder / writer
        return not path.exists() or ownerless(path)

    def forget(self, writer: str) -> None:
        """Cleans up after a writer that is gone."""
        if not self._postgres:
            (self._folder / writer).unlink(missing_ok=True)

    def release(self) -> None:
        """Releases the lock at the end; PostgreSQL's lock ends with the connections."""
        if self._file is not None:
            self.forget(self._writer)
            self._file.close()


def ownerless(path: Path) -> bool:
    """Whether no process holds the lock of this file."""
    with path.open("rb") as file:
        return try_lock(file)


def _key(writer: str) -> int:
    """A signed 32-bit number. Two writers with the same number both seem alive while either is."""
    return zlib.crc32(writer.encode()) - (1 << 31)


@contextmanager
def alone(url: str, work: str) -> Iterator[bool]:
    """Whether no other process on this database is doing this `work`. Uses an advisory lock in
    PostgreSQL, or a lock on a file next to an SQLite database; both end with the process at the
    latest."""
    engine = reader_engine(url)
    try:
        if engine.dialect.name == "postgresql":
            with engine.connect() as connection:
                statement = text("SELECT pg_try_advisory_lock(:id)")
                number = zlib.crc32(f"threegate {work}".encode())
                yield bool(connection.execute(statement, {"id": number}).scalar())
                connection.invalidate()  # closing the session releases the lock
            return
        path = Path(f"{engine.url.database}.{work}")
        create_private(path)
        with path.open("w") as file:
            yield try_lock(file)
    finally:
        engine.dispose()


def try_lock(file: IO[Any]) -> bool:
    """Takes the lock on an open file until it is closed. False if another process holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
