from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import make_url
from threegate.audit import AuditSettings, Query, migrations
from threegate.audit.log.database import writer_engine
from threegate.audit.migrations.versions.v0004_counting import COLUMNS

from tests.audit.conftest import check, filled
from tests.audit.migrations.versions.before import to_rows_of_hits

OLD = (
    "DROP INDEX audit_record_ts; CREATE INDEX audit_record_ts ON audit_record (ts, subject);"
    f" UPDATE {migrations.VERSION_TABLE} SET version_num = '0003'"
)


async def test_a_log_of_the_version_before_is_counted_from_the_wide_index(
    settings: AuditSettings, caplog: pytest.LogCaptureFixture
) -> None:
    log = await filled(settings, 2)
    await log.close()
    assert "schema" not in caplog.text
    path = make_url(settings.url).database or ""
    engine = writer_engine(settings.url)
    with engine.begin() as before:
        to_rows_of_hits(before)
    engine.dispose()
    with sqlite3.connect(path) as connection:
        connection.executescript(OLD)
    engine = writer_engine(settings.url)
    migrations.upgrade(engine)
    with engine.connect() as open_connection:
        assert migrations.revision(open_connection) == migrations.HEAD
    engine.dispose()
    assert f"schema of the log goes from 0003 to {migrations.HEAD}" in caplog.text
    assert f"schema of the log is {migrations.HEAD}" in caplog.text
    with sqlite3.connect(path) as connection:
        rows = connection.execute("PRAGMA index_info(audit_record_ts)").fetchall()
    assert [name for _, _, name in rows][: len(COLUMNS)] == COLUMNS
    log = await filled(settings, 1)
    page = await log.search(Query(facets=True, stage=()))
    assert page.facets["stage"]["completed"] == 3
    await log.close()
    assert check(settings).ok
