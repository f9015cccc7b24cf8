from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, make_url, text
from threegate.audit import AuditLog, AuditSettings, Query, migrations
from threegate.audit.export.backup import backup, restore
from threegate.audit.log.database import writer_engine
from threegate.audit.migrations import rows_of_hits
from threegate.audit.migrations.versions import v0006_hit_sets as v0006

from tests.audit.conftest import check, filled, record
from tests.audit.migrations.versions.before import to_rows_of_hits

FOUND = Query(rule="pii.cn.id_card", facets=True)


async def _as_before(settings: AuditSettings, calls: int = 3) -> None:
    """A log with hits, and records without, as version 0005 stored it."""
    log = await filled(settings, calls)
    await log.append(record("none", decisions=()))
    await log.close()
    engine = writer_engine(settings.url)
    with engine.begin() as connection:
        to_rows_of_hits(connection)
        connection.execute(text(f"UPDATE {migrations.VERSION_TABLE} SET version_num = '0005'"))
    engine.dispose()


async def _found(settings: AuditSettings) -> tuple[list[str], dict[str, int]]:
    log = await AuditLog.open(settings)
    page = await log.search(FOUND)
    await log.close()
    return [e.request_id for e in page.entries], dict(page.facets["kind"])


def _migrated(engine: Engine) -> list[int]:
    """How many rows each set has."""
    migrations.upgrade(engine)
    with engine.connect() as connection:
        sizes = text("SELECT count(*) FROM audit_hit_set GROUP BY id")
        return list(connection.execute(sizes).scalars())


async def _becomes_sets(settings: AuditSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_of_hits, "PAGE", 5)  # a page ends within a record
    await _as_before(settings)
    assert check(settings).ok  # a reader needs no migration
    engine = writer_engine(settings.url)
    assert _migrated(engine) == [2]
    engine.dispose()
    assert check(settings).ok
    requests = [f"r{n}" for n in (2, 2, 1, 1, 0, 0)]
    assert await _found(settings) == (requests, {"failed.timeout": 6, "pii.cn.id_card": 6})
    assert check(settings).ok


async def test_rows_of_hits_become_sets(
    settings: AuditSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _becomes_sets(settings, monkeypatch)
    path = make_url(settings.url).database or ""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("PRAGMA index_info(audit_record_ts)").fetchall()
    connection.close()
    assert [name for _, _, name in rows] == v0006.COLUMNS


@pytest.mark.postgres
async def test_the_same_on_postgres(
    postgres_settings: AuditSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _becomes_sets(postgres_settings, monkeypatch)


@pytest.mark.postgres
async def test_on_postgres_a_statement_of_the_migration_may_take_longer_than_a_commit(
    postgres_settings: AuditSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _as_before(postgres_settings)
    slow, pages = text("SELECT pg_sleep(1.5)"), rows_of_hits._pages

    def slowly(source: Connection) -> object:
        source.execute(slow)
        return pages(source)

    monkeypatch.setattr(rows_of_hits, "_pages", slowly)
    engine = writer_engine(postgres_settings.url, 1)
    assert _migrated(engine) == [2]
    with engine.connect() as connection, pytest.raises(TimeoutError):
        connection.execute(slow)
    engine.dispose()


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM audit_hit WHERE seq = 2 AND n = 1",
        "UPDATE audit_hit SET n = 2 WHERE seq = 2 AND n = 1",
        "UPDATE audit_hit SET ts = ts + 1 WHERE seq = 2",
        "UPDATE audit_hit SET rule = 'other' WHERE seq = 2 AND n = 0",
    ],
)
async def test_rows_of_a_version_before_are_checked_as_before(
    settings: AuditSettings, change: str
) -> None:
    await _as_before(settings)
    with sqlite3.connect(make_url(settings.url).database or "") as connection:
        connection.execute(change)
    connection.close()
    assert [(p.seq, p.code) for p in check(settings).problems] == [(2, "hits")]


async def test_a_changed_row_is_still_found_after_the_migration(settings: AuditSettings) -> None:
    await _as_before(settings)
    engine = writer_engine(settings.url)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_hit WHERE seq = 2 AND n = 1"))
    assert sorted(_migrated(engine)) == [1, 2]
    engine.dispose()
    assert [(p.seq, p.code) for p in check(settings).problems] == [(2, "hits")]


async def test_a_restored_copy_of_a_version_before_has_sets(
    settings: AuditSettings, tmp_path: Path
) -> None:
    await _as_before(settings)
    second = AuditSettings(url=f"sqlite:///{tmp_path}/second.db", directory=settings.directory)
    restore(second.url, Path(settings.url.removeprefix("sqlite:///")))
    assert len((await _found(second))[0]) == 6
    assert check(second).ok


async def test_a_backup_of_a_log_that_is_not_yet_migrated_has_sets(
    settings: AuditSettings, tmp_path: Path
) -> None:
    await _as_before(settings)
    backup(settings.url, tmp_path / "copy.db")
    second = AuditSettings(url=f"sqlite:///{tmp_path}/copy.db", directory=settings.directory)
    assert check(second).ok
    assert len((await _found(second))[0]) == 6
