"""Backup and restore of a log: all rows as of one moment in one SQLite file, which can be restored
into an empty SQLite or PostgreSQL database. A copy verifies like the log itself. It contains no
search words; they are regenerated from the texts on restore. The data keys may go to a separate
file. If each backup replaces that file, erasing a day (`shred`) makes the texts of that day
unreadable in all copies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import orjson
from sqlalchemy import Connection, Engine, Table, func, inspect, select, text

from threegate.audit import migrations
from threegate.audit.errors import trouble
from threegate.audit.log.content import indexed, unseal
from threegate.audit.log.database import (
    ensure_partitions,
    index_texts,
    insert,
    is_postgres,
    reader_engine,
    writer_engine,
)
from threegate.audit.log.encoding import ACTION_OF, UNDECIDED
from threegate.audit.log.keys import DataKey, MasterKey
from threegate.audit.log.schema import (
    CHECKPOINT,
    CONTENT,
    HIT,
    HOLD,
    INTENT,
    KEY,
    RECORD,
    STUB,
    UNDECIDED_BEFORE,
    WRITER,
)
from threegate.audit.migrations.rows_of_hits import ROWS, to_sets
from threegate.durable_files import sync_directory

TABLES = (WRITER, RECORD, STUB, HIT, CONTENT, CHECKPOINT, HOLD, INTENT)
PAGE = 5_000  # rows
Counts = Mapping[str, int]


def backup(url: str, target: Path, keys: Path | None = None) -> Counts:
    """Writes `target`, and `keys` if they are stored separately; neither may exist. Returns rows by
    table."""
    found = next((p for p in (target, keys) if p is not None and p.exists()), None)
    if found is not None:
        raise trouble("backup-exists", path=found)
    source = reader_engine(url)
    try:
        with source.connect() as connection:
            if is_postgres(connection):
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                counts = _to_file(connection, TABLES if keys else (*TABLES, KEY), target)
                return {**counts, **(_to_file(connection, (KEY,), keys) if keys else {})}
    finally:
        source.dispose()


def _to_file(source: Connection, tables: Sequence[Table], path: Path) -> Counts:
    """The file appears complete or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    engine = writer_engine(f"sqlite:///{part}")
    migrations.upgrade(engine)
    with engine.begin() as target:
        counts = _copy_all(source, target, tables)
    with engine.connect() as target, closing(target.connection.cursor()) as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.execute("PRAGMA journal_mode=DELETE")
    engine.dispose()
    part.with_name(f"{part.name}.lock").unlink(missing_ok=True)
    part.replace(path)
    sync_directory(path.parent)
    return counts


def restore(
    url: str, source: Path, keys: Path | None = None, master: MasterKey | None = None
) -> Counts:
    """Restores all or nothing, into a database without records. With `master`, texts whose keys are
    present become searchable."""
    engine = writer_engine(url)
    try:
        migrations.upgrade(engine)
        with engine.begin() as target:
            _check_empty(target)
            counts = _read_file(source, target, (*TABLES, KEY))
            counts |= _read_file(keys, target, (KEY,)) if keys else {}
            _settle(target)
            if master is not None:
                _index(target, master)
        return counts
    finally:
        engine.dispose()


def _check_empty(target: Connection) -> None:
    if any(target.execute(select(func.count()).select_from(t)).scalar() for t in (RECORD, WRITER)):
        raise trouble("restore-full")


def _read_file(path: Path, target: Connection, tables: Sequence[Table]) -> dict[str, int]:
    if not path.is_file():
        raise trouble("restore-file", path=path)
    engine: Engine = reader_engine(f"sqlite:///{path}")
    try:
        with engine.begin() as source:
            first = source.execute(select(func.min(RECORD.c.ts))).scalar()
            ensure_partitions(target, since_us=first)
            return _copy_all(source, target, tables)
    finally:
        engine.dispose()


def _copy_all(source: Connection, target: Connection, tables: Sequence[Table]) -> dict[str, int]:
    """The hits of a log or copy from before version 0006 become sets."""
    counts = {table.name: _copy(source, target, table) for table in tables}
    if RECORD in tables and inspect(source).has_table(ROWS):
        to_sets(source, target)
    return counts


def _copy(source: Connection, target: Connection, table: Table) -> int:
    if not inspect(source).has_table(table.name):  # a copy from before the table existed
        return 0
    there = {column["name"] for column in inspect(source).get_columns(table.name)}
    columns = [column for column in table.columns if column.name in there]
    names = [str(column.name) for column in columns]
    rows = source.execute(select(*columns), execution_options={"yield_per": PAGE})
    copied = 0
    for page in rows.partitions():
        insert(target, table, names, [tuple(row) for row in page])
        copied += len(page)
    return copied


def _settle(target: Connection) -> None:
    """Columns of a copy from an older version as they are stored now. Makes PostgreSQL number new
    texts after the restored ones."""
    before = RECORD.update().where(text(UNDECIDED_BEFORE))
    target.execute(before.values(action=ACTION_OF[UNDECIDED]))
    if is_postgres(target):
        place = "pg_get_serial_sequence('audit_content', 'id')"
        last = "SELECT coalesce(max(id), 0) + 1 FROM audit_content"
        target.execute(text(f"SELECT setval({place}, ({last}), false)"))


def _index(target: Connection, master: MasterKey) -> None:
    rows = target.execute(select(KEY.c.id, KEY.c.tenant, KEY.c.day, KEY.c.wrapped))
    keys = {r.id: master.unwrap(r.id, r.tenant, r.day, bytes(r.wrapped)) for r in rows}
    place = (RECORD.c.writer == CONTENT.c.writer) & (RECORD.c.seq == CONTENT.c.seq)
    wanted = select(CONTENT.c.id, CONTENT.c.key_id, CONTENT.c.blob, RECORD.c.entry)
    wanted = wanted.join_from(CONTENT, RECORD, place).order_by(CONTENT.c.id).limit(PAGE)
    last = 0
    while page := target.execute(wanted.where(CONTENT.c.id > last)).all():
        opened = [r for r in page if r.key_id in keys]
        words = [(r.id, _words(bytes(r.blob), r.entry, keys[r.key_id])) for r in opened]
        index_texts(target, [(id, found) for id, found in words if found])
        last = page[-1].id


def _words(blob: bytes, entry: str, key: DataKey) -> str:
    event_id = orjson.loads(entry)["event"]["id"]
    return indexed((p["part"], p["redacted"]) for p in unseal(blob, event_id, key))
