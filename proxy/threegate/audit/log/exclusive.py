"""A lock that only one of the processes sharing a database can hold at a time."""

from __future__ import annotations

import fcntl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from sqlalchemy import text

from threegate.audit.log.database import create_private, reader_engine


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
