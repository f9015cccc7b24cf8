from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Timer
from typing import Any

import pytest
from sqlalchemy import Connection, event, make_url, text
from threegate.audit import AuditLog, AuditSettings, Query, Record, Stage, migrations
from threegate.audit.log.appender import Appender
from threegate.audit.log.database import ensure_partitions, now_us, reader_engine, writer_engine
from threegate.audit.log.record import ENDS
from threegate.audit.log.schema import METADATA
from threegate.audit.report.report import gather
from threegate.errors import AuditError
from threegate.types import Action

from tests.audit.conftest import content, filled, record


def test_only_two_databases_are_known() -> None:
    for url in ("mysql://h/d", "sqlite://"):
        with pytest.raises(AuditError, match="expected"):
            reader_engine(url)


def test_an_address_as_libpq_writes_it_is_one_of_postgresql() -> None:
    engine = reader_engine("postgres://guard@127.0.0.1/audit")
    assert (engine.name, engine.url.drivername) == ("postgresql", "postgresql+pg8000")
    engine.dispose()


def test_sqlite_is_durable_and_overwrites_what_it_deletes(settings: AuditSettings) -> None:
    engine = writer_engine(settings.url)
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        }
    engine.dispose()
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "foreign_keys": 1,
    }


def test_a_new_database_that_another_writes_to_is_waited_for(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    ended = Timer(0.1, other.execute, ("COMMIT",))
    ended.start()
    engine = writer_engine(f"sqlite:///{tmp_path}/a.db")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine.dispose()
    ended.join()
    other.close()


async def test_a_database_of_a_newer_version_is_refused(
    settings: AuditSettings, caplog: pytest.LogCaptureFixture
) -> None:
    engine = writer_engine(settings.url)
    migrations.upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {migrations.VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(AuditError, match=r"schema of the audit database \(9999\) is newer"):
        migrations.upgrade(engine)
    engine.dispose()
    with pytest.raises(AuditError) as refused:
        await AuditLog.open(settings)
    assert refused.value.text.zh.startswith("审计数据库的结构（9999）")
    assert not caplog.text


def test_migrations_make_the_tables_that_queries_name(settings: AuditSettings) -> None:
    engine = writer_engine(settings.url)
    migrations.upgrade(engine)
    migrations.upgrade(engine)
    with engine.connect() as connection:
        assert migrations.revision(connection) == migrations.HEAD
        for table in METADATA.sorted_tables:
            names = {r[1] for r in connection.exec_driver_sql(f"PRAGMA table_info({table.name})")}
            assert names == set(table.c.keys()), table.name
    engine.dispose()


async def test_a_subject_is_looked_up_in_the_index_by_time(settings: AuditSettings) -> None:
    log = await filled(settings, 2)
    await log.close()
    asked = text("EXPLAIN QUERY PLAN SELECT ts FROM audit_record WHERE subject = 'x'")
    engine = reader_engine(settings.url)
    with engine.begin() as connection:
        plan = " ".join(str(row) for row in connection.execute(asked))
    engine.dispose()
    assert "COVERING INDEX audit_record_ts" in plan


async def test_what_is_counted_is_read_from_the_index_by_time(settings: AuditSettings) -> None:
    """The rows hold the entries: with 100,000 records they are 120 MB, the index 20."""
    log = await AuditLog.open(settings)
    await log.append(record("r", Stage.COMPLETED), content())
    statements: list[tuple[str, Any]] = []
    event.listen(log._reader, "before_cursor_execute", lambda *a: statements.append(a[2:4]))
    now = now_us()
    period = {"since_us": now - 3_600_000_000, "until_us": now}
    await log.search(Query(**period, stage=ENDS, action=(Action.MASK,), facets=True))
    await log.read(lambda c: gather(c, period["since_us"], now))
    counting = [(s, v) for s, v in statements if "count(" in s]
    assert len(counting) == 4
    await log.close()
    with sqlite3.connect(make_url(settings.url).database or "") as connection:
        for statement, values in counting:
            plan = str(connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall())
            assert "audit_record USING COVERING INDEX audit_record_ts" in plan


@pytest.mark.postgres
def test_a_worker_waits_for_the_one_that_makes_the_tables(postgres_settings: AuditSettings) -> None:
    """Longer than a database may be silent."""
    first, second = (writer_engine(postgres_settings.url, away_seconds=1) for _ in range(2))
    with ThreadPoolExecutor(1) as pool, first.connect() as connection:
        with migrations._alone(connection):
            waiting = pool.submit(migrations.upgrade, second)
            time.sleep(1.5)
            assert not waiting.done()
        waiting.result(timeout=60)
    with second.connect() as connection:
        assert migrations.revision(connection) == migrations.HEAD
    for engine in (first, second):
        engine.dispose()


@pytest.mark.postgres
async def test_postgres_records_are_partitioned_by_month(postgres_settings: AuditSettings) -> None:
    log = await filled(postgres_settings, 2)
    await log.close()
    month = f"audit_record_{datetime.now(UTC):%Y%m}"
    engine = writer_engine(postgres_settings.url)
    with engine.begin() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {month}")).scalar() == 6
        assert connection.execute(text("SELECT count(*) FROM audit_record_rest")).scalar() == 0
        ensure_partitions(connection)  # again: nothing to do
    engine.dispose()


@pytest.mark.postgres
async def test_workers_that_have_read_the_table_do_not_make_its_months(
    postgres_settings: AuditSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A partition is made when nobody reads the table: two who do both would wait for each other."""
    both, read = Barrier(2), Appender.read_back

    def read_together(self: Appender, connection: Connection) -> None:
        read(self, connection)
        both.wait(30)

    monkeypatch.setattr(Appender, "read_back", read_together)
    own = [replace(postgres_settings, directory=tmp_path / str(n)) for n in range(2)]
    logs = await asyncio.gather(*map(AuditLog.open, own))
    for log in logs:
        await log.append(record("r"), content())
        await log.close()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
async def test_a_new_log_is_its_owners_alone(settings: AuditSettings, umask: int) -> None:
    before = os.umask(umask)
    try:
        log = await AuditLog.open(settings)
        await log.append(Record(stage=Stage.ACCESS))
        files = [p for p in settings.directory.rglob("audit.db*") if p.is_file()]
        modes = {p.name: oct(p.stat().st_mode & 0o777) for p in files}
        await log.close()
    finally:
        os.umask(before)
    assert set(modes) >= {"audit.db", "audit.db-wal", "audit.db-shm"}
    assert set(modes.values()) == {"0o600"}, modes
