"""A lock that one process at a time can hold, of all processes that share a database."""

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
    """Whether no other process on this database is at this `work`. An advisory lock in PostgreSQL,
    a lock on a file next to SQLite's; both end with the process at the latest."""
    engine = reader_engine(url)
    try:
        if engine.dialect.name == "postgresql":
            with engine.connect() as connection:
                statement = text("SELECT pg_try_advisory_lock(:id)")
                number = zlib.crc32(f"threegate {work}".encode())
                yield bool(connection.execute(statement, {"id": number}).scalar())
                connection.invalidate()  # closes the session, and so gives the lock back
            return
        path = Path(f"{engine.url.database}.{work}")
        create_private(path)
        with path.open("w") as file:
            yield try_lock(file)
    finally:
        engine.dispose()


def try_lock(file: IO[Any]) -> bool:
    """Takes the lock of an open file until it is closed. False where somebody has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
