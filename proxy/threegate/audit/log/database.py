"""Engines and bulk inserts for the two databases.

SQLite runs in WAL mode with `synchronous=FULL`: a commit returns after fsync. PostgreSQL takes a
whole batch of one table as one JSON parameter, so a group commit costs one round trip per table.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import disk_usage
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.pool import QueuePool

from threegate.audit.errors import trouble
from threegate.audit.log import postgres
from threegate.audit.log.rows import Row
from threegate.audit.log.schema import CONTENT

BUSY_SECONDS = 10  # how long SQLite waits for another process's transaction
AWAY_SECONDS = 5  # a PostgreSQL that takes longer for a commit counts as unavailable
PATIENT_SECONDS = 600  # for searches and maintenance
CACHE_KIB = 16_384
PAGE_BYTES = 2048  # for new databases: a commit writes whole pages, and a call's rows are small
WAL_PAGES = 8_000  # 16 MiB before a checkpoint, so that a page that changes often is written once

ROOM_BYTES = 1 << 20


def writer_engine(url: str, away_seconds: int = AWAY_SECONDS) -> Engine:
    """One connection; every transaction takes the write lock at its start."""
    return _engine(url, "BEGIN IMMEDIATE", 1, away_seconds)


def reader_engine(url: str) -> Engine:
    return _engine(url, "BEGIN", 4, PATIENT_SECONDS)


def _engine(url: str, begin: str, size: int, away_seconds: int) -> Engine:
    parsed = postgres.parsed(url)
    if parsed.get_backend_name() in ("postgresql", "postgres"):  # the latter as libpq takes it
        parsed, tls = postgres.with_tls(parsed.set(drivername="postgresql+pg8000"))
        engine = create_engine(
            parsed,
            pool_size=size,
            max_overflow=4,
            pool_pre_ping=True,
            connect_args={"timeout": away_seconds, **tls},
        )
        postgres.prepare(engine)
        return engine
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise trouble("database-url")
    create_private(Path(parsed.database))
    engine = create_engine(
        parsed,
        poolclass=QueuePool,
        pool_size=size,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _pragmas)
    event.listen(engine, "begin", lambda connection: _driver(connection).execute(begin))
    return engine


def has_room(engine: Engine) -> bool:
    """Whether the disk of an SQLite file has room for a record: a single row may still fit into the
    write-ahead log when a call's rows do not. A database server watches its own disk."""
    path = engine.url.database
    return engine.name != "sqlite" or not path or disk_has_room(Path(path).parent)


def disk_has_room(folder: Path) -> bool:
    try:
        return disk_usage(folder).free >= ROOM_BYTES
    except OSError:  # the disk is gone
        return False


def create_private(path: Path) -> None:
    """A new file is readable only by its owner, whatever the umask; files that SQLite creates next
    to a database get the same mode. An existing file keeps the mode that its operator chose."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _pragmas(connection: sqlite3.Connection, _record: object) -> None:
    """`secure_delete` overwrites what erasure deletes."""
    connection.isolation_level = None  # we control transactions, not the driver
    connection.execute(f"PRAGMA page_size={PAGE_BYTES}")  # must precede the first page
    _to_wal(connection)
    for pragma in (
        "synchronous=FULL",
        "secure_delete=ON",
        "foreign_keys=ON",
        f"cache_size=-{CACHE_KIB}",
        f"wal_autocheckpoint={WAL_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _to_wal(connection: sqlite3.Connection) -> None:
    """SQLite does not wait here: if two connections open a new database at the same time, one
    fails."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            time.sleep(0.01)


def is_postgres(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def insert(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    rows: Sequence[Row],
    *,
    unless_there: bool = False,
) -> None:
    """Inserts all `rows` of columns `names` in one statement, with `unless_there` only those whose
    key is new. Names come from our code, values are parameters."""
    if not rows:
        return
    listed, end = ", ".join(names), " ON CONFLICT DO NOTHING" if unless_there else ""
    if is_postgres(connection):
        packed = orjson.dumps([dict(zip(names, map(_json, row), strict=True)) for row in rows])
        statement = (
            f"INSERT INTO {table.name} ({listed}) SELECT {listed}"  # noqa: S608
            f" FROM json_populate_recordset(NULL::{table.name}, CAST(:rows AS json)){end}"
        )
        connection.execute(text(statement), {"rows": packed.decode()})
        return
    marks = ", ".join("?" * len(names))
    _many(connection, f"INSERT INTO {table.name} ({listed}) VALUES ({marks}){end}", rows)  # noqa: S608


def delete_ids(connection: Connection, table: Table, ids: Sequence[str]) -> None:
    """Deletes the rows with these `id`s, if they exist."""
    if not ids:
        return
    if is_postgres(connection):
        statement = text(f"DELETE FROM {table.name} WHERE id = ANY(:ids)")  # noqa: S608
        connection.execute(statement, {"ids": list(ids)})
        return
    _many(connection, f"DELETE FROM {table.name} WHERE id = ?", [(i,) for i in ids])  # noqa: S608


def _many(connection: Connection, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """Calls the driver directly: for the few rows of a commit SQLAlchemy's work costs as much as
    SQLite's."""
    _driver(connection).executemany(statement, rows)


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _json(value: Any) -> Any:
    """Bytes as PostgreSQL's hex input; NUL, which its text cannot contain, never occurs because
    fields are cleaned."""
    return "\\x" + value.hex() if isinstance(value, bytes) else value


NEXT_IDS_POSTGRES = (
    "SELECT nextval(pg_get_serial_sequence('audit_content', 'id')) FROM generate_series(1, :n)"
)
TERMS_SQLITE = "INSERT INTO audit_text (rowid, terms) VALUES (?, ?)"
TERMS_POSTGRES = (
    "INSERT INTO audit_text (id, terms) SELECT id, to_tsvector('simple', t)"
    " FROM json_to_recordset(CAST(:rows AS json)) AS r(id bigint, t text)"
)


def insert_texts(
    connection: Connection, names: Sequence[str], rows: Sequence[Row], terms: Sequence[str]
) -> None:
    """Rows of `audit_content` and the search words of each (empty: none), keyed by its id."""
    if not rows:
        return
    ids = _next_ids(connection, len(rows))
    numbered = [(id, *row) for id, row in zip(ids, rows, strict=True)]
    insert(connection, CONTENT, ("id", *names), numbered)
    index_texts(connection, [(id, t) for id, t in zip(ids, terms, strict=True) if t])


def _next_ids(connection: Connection, number: int) -> Sequence[int]:
    if is_postgres(connection):
        return connection.execute(text(NEXT_IDS_POSTGRES), {"n": number}).scalars().all()
    last = _driver(connection).execute("SELECT coalesce(max(id), 0) FROM audit_content")
    first = int(last.fetchone()[0]) + 1  # no other writer: the transaction has the lock
    return range(first, first + number)


def index_texts(connection: Connection, rows: Sequence[tuple[int, str]]) -> None:
    """Search words by the id of the `audit_content` row."""
    if not rows:
        return
    if is_postgres(connection):
        named = [{"id": id, "t": terms} for id, terms in rows]
        connection.execute(text(TERMS_POSTGRES), {"rows": orjson.dumps(named).decode()})
    else:
        _many(connection, TERMS_SQLITE, rows)


def ensure_partitions(connection: Connection, since_us: int | None = None) -> None:
    """PostgreSQL: the partitions of the months from `since_us` (now) to the next one. The default
    partition must not contain rows of these months."""
    if not is_postgres(connection):
        return
    now = datetime.now(UTC)
    month = _month(now if since_us is None else datetime.fromtimestamp(since_us / 1e6, UTC))
    while month <= now + _A_MONTH:
        following = _month(month + _A_MONTH)
        _create_partition(connection, month, following)
        month = following


_A_MONTH = timedelta(days=31)  # from the first of a month into the next one


def _month(moment: datetime) -> datetime:
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _create_partition(connection: Connection, first: datetime, following: datetime) -> None:
    bounds = f"FROM ({_us(first)}) TO ({_us(following)})"
    connection.execute(
        text(
            f"CREATE TABLE IF NOT EXISTS audit_record_{first:%Y%m}"
            f" PARTITION OF audit_record FOR VALUES {bounds}"
        )
    )


def _us(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


def now_us() -> int:
    return time.time_ns() // 1000
