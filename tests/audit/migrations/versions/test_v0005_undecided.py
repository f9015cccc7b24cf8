from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from threegate.audit import AuditSettings, Query, Stage, migrations
from threegate.audit.export.backup import restore
from threegate.audit.log.database import writer_engine
from threegate.audit.log.encoding import ACTION_OF, UNDECIDED
from threegate.audit.log.store import AuditLog
from threegate.types import Action

from tests.audit.conftest import check, decision, record
from tests.audit.migrations.versions.before import to_rows_of_hits

REFUSED = Query(stage=(Stage.BLOCKED, Stage.COMPLETED), action=(ACTION_OF[UNDECIDED],))
PASSED = Query(stage=(Stage.BLOCKED, Stage.COMPLETED), action=(int(Action.ALLOW),))


async def _as_before(settings: AuditSettings) -> None:
    """A call that was refused before a decision and one that passed, as version 0004 stored them."""
    log = await AuditLog.open(settings)
    await log.append(record("refused", Stage.BLOCKED, decisions=(), error="unknown_path"))
    await log.append(record("passed", Stage.COMPLETED, decisions=(decision(Action.ALLOW),)))
    await log.close()
    engine = writer_engine(settings.url)
    with engine.begin() as connection:
        to_rows_of_hits(connection)
        connection.execute(text("UPDATE audit_record SET action = 0 WHERE action = -1"))
        connection.execute(text(f"UPDATE {migrations.VERSION_TABLE} SET version_num = '0004'"))
    engine.dispose()


async def _finds(settings: AuditSettings, query: Query) -> list[str]:
    log = await AuditLog.open(settings)
    found = [entry.request_id for entry in (await log.search(query)).entries]
    await log.close()
    return found


async def _migrated(settings: AuditSettings) -> None:
    await _as_before(settings)
    assert check(settings).ok  # a reader needs no migration
    assert await _finds(settings, REFUSED) == ["refused"]
    assert await _finds(settings, PASSED) == ["passed"]
    assert check(settings).ok


async def test_a_log_of_the_version_before_no_longer_counts_refusals_as_allowed(
    settings: AuditSettings,
) -> None:
    await _migrated(settings)


async def test_the_same_on_postgres(postgres_settings: AuditSettings) -> None:
    await _migrated(postgres_settings)


async def test_so_does_a_restored_copy_of_it(settings: AuditSettings, tmp_path: Path) -> None:
    await _as_before(settings)
    second = AuditSettings(url=f"sqlite:///{tmp_path}/second.db", directory=settings.directory)
    restore(second.url, Path(settings.url.removeprefix("sqlite:///")))
    assert await _finds(second, REFUSED) == ["refused"]
    assert check(second).ok


@pytest.mark.parametrize("request_id", ["refused", "passed"])
async def test_the_column_is_checked_as_before(settings: AuditSettings, request_id: str) -> None:
    await _migrated(settings)
    engine = writer_engine(settings.url)
    with engine.begin() as connection:
        turned = text("UPDATE audit_record SET action = -1 - action WHERE request_id = :id")
        connection.execute(turned, {"id": request_id})
    engine.dispose()
    assert [p.code for p in check(settings).problems] == ["columns"]
