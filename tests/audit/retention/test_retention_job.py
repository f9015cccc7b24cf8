from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from threegate.audit import AuditLog, AuditSettings
from threegate.audit.log.schema import RECORD
from threegate.audit.log.store import today
from threegate.audit.retention import erasure, retention_job
from threegate.audit.retention.erasure import DAY_US
from threegate.audit.retention.retention_job import CATCH_UP_DAYS, Done, alone, export_days, keep
from threegate.audit.settings import Retention
from threegate.audit.verify.export import verify_export
from threegate.audit.verify.verifier import own_keys

from tests.audit.conftest import check, filled


async def older(log: AuditLog, days: int) -> None:
    """As if the records had been written so many days ago (the entries say otherwise)."""
    moved = update(RECORD).values(ts=RECORD.c.ts - days * DAY_US)
    await log.read(lambda c: c.execute(moved))


async def kept_once(settings: AuditSettings) -> None:
    settings = dataclasses.replace(settings, retention=Retention(content_days=30))
    log = await filled(settings)
    await older(log, 31)
    done = await keep(log)
    assert done is not None
    assert (done.texts, done.pruned) == (6, 0)
    assert await keep(log) is None  # once a day, whichever process
    (entry,) = await log.get(f"upkeep-{today()}")
    assert entry.event["detail"]["texts"] == 6
    assert entry.event["detail"]["actor"] == "proxy"  # as where it drops a schedule
    await log.close()


async def test_texts_go_after_their_days_and_it_is_recorded(settings: AuditSettings) -> None:
    await kept_once(settings)


@pytest.mark.postgres
async def test_upkeep_on_postgres(postgres_settings: AuditSettings) -> None:
    await kept_once(postgres_settings)


def only_one(settings: AuditSettings) -> None:
    with alone(settings.url, "upkeep") as first, alone(settings.url, "upkeep") as second:
        assert (first, second) == (True, False)
    with alone(settings.url, "upkeep") as third:
        assert third


async def test_one_process_at_a_time(closed_log: AuditSettings) -> None:
    only_one(closed_log)
    log = await AuditLog.open(closed_log)
    with alone(closed_log.url, "upkeep"):
        assert await keep(log) is None
    assert await keep(log) is not None
    await log.close()


@pytest.mark.postgres
def test_one_process_at_a_time_on_postgres(postgres_settings: AuditSettings) -> None:
    only_one(postgres_settings)


async def test_a_clock_that_is_months_ahead_erases_nothing(
    settings: AuditSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = dataclasses.replace(settings, retention=Retention(content_days=30))
    log = await filled(settings)
    assert await keep(log) == Done()
    ahead = datetime.now(UTC) + timedelta(days=200)
    monkeypatch.setattr(retention_job, "today", lambda: f"{ahead:%Y-%m-%d}")
    monkeypatch.setattr(erasure, "now_us", lambda: int(ahead.timestamp() * 1e6))
    held = [await keep(log), await keep(log)]
    assert held == [Done(leapt=200)] * 2
    alarms = await log.get(f"clock-{ahead:%Y-%m-%d}")
    assert [entry.event["detail"]["days"] for entry in alarms] == [200]
    done = await keep(log, clock_is_right=True)
    assert done is not None
    assert done.texts == 6
    await log.close()


async def test_each_past_day_is_exported_once(closed_log: AuditSettings, tmp_path: Path) -> None:
    settings = dataclasses.replace(closed_log, export_to=tmp_path / "days")
    days = export_days(settings)
    assert len(days) == CATCH_UP_DAYS
    assert today() not in days  # it is not over
    assert export_days(settings) == []
    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    assert days[-1] == yesterday
    assert verify_export(tmp_path / "days" / yesterday, own_keys(settings)).ok
    assert check(settings).ok


async def test_an_export_that_broke_off_is_made_again(
    closed_log: AuditSettings, tmp_path: Path
) -> None:
    settings = dataclasses.replace(closed_log, export_to=tmp_path)
    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    (tmp_path / f".{yesterday}.part").mkdir()
    assert yesterday in export_days(settings)
    assert not list(tmp_path.glob(".*.part"))


async def test_the_loop_outlives_an_absent_database(
    closed_log: AuditSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention_job, "FIRST_LOOK", 0.0)
    monkeypatch.setattr(retention_job, "LOOK", 0.01)
    log = await AuditLog.open(closed_log)
    file = Path(closed_log.url.removeprefix("sqlite:///") + ".upkeep")
    file.mkdir()  # the lock cannot be taken
    running = asyncio.ensure_future(retention_job.run(log))
    await asyncio.sleep(0.2)
    assert not running.done()
    file.rmdir()
    while not await log.get(f"upkeep-{today()}"):
        await asyncio.sleep(0.05)
    running.cancel()
    await log.close()


async def test_a_look_that_fails_names_the_file_and_is_counted(
    closed_log: AuditSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(retention_job, "FIRST_LOOK", 0.0)
    (tmp_path / "days").write_text("a file where a folder should be")
    log = await AuditLog.open(dataclasses.replace(closed_log, export_to=tmp_path / "days"))
    running = asyncio.ensure_future(retention_job.run(log))
    while not log.counters.upkeep_failures:
        await asyncio.sleep(0.01)
    running.cancel()
    await log.close()
    (line,) = [r.getMessage() for r in caplog.records if "upkeep" in r.getMessage()]
    assert line.startswith(f"audit upkeep failed: {tmp_path / 'days'}")
