from __future__ import annotations

import asyncio
import dataclasses
import os
import resource
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Connection, text
from threegate.audit import (
    AuditLog,
    AuditSettings,
    Content,
    ContentLevel,
    OnFailure,
    Part,
    Query,
    Receipt,
    Stage,
)
from threegate.audit.log.chain import SHA256, Algorithm
from threegate.audit.log.database import writer_engine
from threegate.errors import AuditError

from tests.audit.conftest import SECRET, TEXT, Outage, check, content, filled, record


async def test_a_record_is_durable_when_append_returns(settings: AuditSettings) -> None:
    log = await AuditLog.open(settings)
    receipt = await log.append(record(), content())
    with sqlite3.connect(settings.url.removeprefix("sqlite:///")) as other:
        ((leaf, entry),) = other.execute(
            "SELECT leaf, entry FROM audit_record WHERE writer = ? AND seq = ?",
            (receipt.writer, receipt.seq),
        )
    assert leaf == receipt.leaf == SHA256.leaf(entry.encode())
    assert "\n" not in entry
    await log.close()


async def test_concurrent_appends_share_commits_and_keep_one_chain(settings: AuditSettings) -> None:
    log = await AuditLog.open(settings)
    receipts = await asyncio.gather(*(log.append(record(f"r{n}")) for n in range(200)))
    assert sorted(r.seq for r in receipts) == list(range(1, 201))
    assert log.counters.batches < 50
    await log.close()
    report = check(settings)
    assert report.ok
    assert report.unanswered == 200
    assert [c.integrated for c in report.chains] == [202]


async def test_records_of_one_turn_of_the_loop_share_a_commit(settings: AuditSettings) -> None:
    log = await AuditLog.open(settings)
    await log.append(record("before"))
    before = log.counters.batches
    for turn in range(3):
        receipts = await asyncio.gather(*(log.append(record(f"r{turn}-{n}")) for n in range(8)))
        assert len({r.seq for r in receipts}) == 8
    assert log.counters.batches == before + 3
    await log.close()


async def test_get_gives_both_phases_in_order(settings: AuditSettings) -> None:
    log = await filled(settings)
    assert [e.stage for e in await log.get("r1")] == [Stage.RECEIVED, Stage.COMPLETED]
    assert await log.get("none") == ()
    assert await log.healthy()
    await log.close()


async def test_two_writers_at_once_have_two_chains(settings: AuditSettings) -> None:
    logs = await asyncio.gather(AuditLog.open(settings), AuditLog.open(settings))
    await asyncio.gather(*(log.append(record(f"r{n}")) for n in range(20) for log in logs))
    for log in logs:
        await log.close()
    report = check(settings)
    assert report.ok
    assert sorted(c.size for c in report.chains) == [22, 22]


async def test_a_log_goes_on_with_sm3_and_back(settings: AuditSettings) -> None:
    for algorithm in (Algorithm.SHA256, Algorithm.SM3, Algorithm.SHA256):
        log = await filled(dataclasses.replace(settings, algorithm=algorithm))
        await log.close()
    report = check(settings)
    assert report.ok
    assert [chain.integrated for chain in report.chains] == [8, 8, 8]


@pytest.mark.parametrize("level", ContentLevel)
async def test_levels_keep_what_they_say(settings: AuditSettings, level: ContentLevel) -> None:
    log = await AuditLog.open(settings)
    await log.append(record(), dataclasses.replace(content(), level=level))
    entry = (await log.get("r1"))[0]
    kept = level in (ContentLevel.REDACTED, ContentLevel.FULL)
    assert entry.has_content is kept
    assert ("content" in entry.event) is (level is not ContentLevel.NONE)
    assert bool((await log.search(Query(text="贷款"))).entries) is kept
    await log.close()
    assert check(settings).ok


async def test_no_text_or_subject_is_in_any_file(settings: AuditSettings, tmp_path: Path) -> None:
    log = await AuditLog.open(settings)
    whole = Content((Part("messages/0/user", TEXT, "gone"),), ContentLevel.FULL)
    await log.append(record(subject="canary-subject"), whole)
    await log.close()
    for path in tmp_path.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert SECRET.encode() not in data, path
        assert b"canary-subject" not in data, path


async def test_checkpoints_appear_after_so_many_records(settings: AuditSettings) -> None:
    log = await AuditLog.open(dataclasses.replace(settings, checkpoint_records=5))
    for n in range(12):
        await log.append(record(f"r{n}"))
    await log.healthy()
    assert log.counters.checkpoints >= 2
    entries = await log.search(Query(limit=50))
    assert {e.integrated for e in entries.entries} == {True, False}
    await log.close()


async def test_a_closed_log_refuses(settings: AuditSettings) -> None:
    log = await AuditLog.open(settings)
    await log.close()
    await log.close()
    with pytest.raises(AuditError):
        await log.append(record())
    assert not await log.healthy()


# --- failures


async def test_fail_request_refuses_and_recovers_without_restart(settings: AuditSettings) -> None:
    log = await filled(settings, 1)
    with Outage(settings):
        with pytest.raises(AuditError):
            await log.append(record("lost"))
        assert log.counters.failures == 1
    assert await log.healthy()
    await log.append(record("kept"))
    await log.close()
    report = check(settings)
    assert report.ok
    assert report.chains[0].size == 5


async def test_continue_goes_on_and_counts(settings: AuditSettings) -> None:
    log = await filled(dataclasses.replace(settings, on_failure=OnFailure.CONTINUE), 1)
    with Outage(settings):
        assert (await log.append(record("lost"))).lost
    assert await log.healthy()
    assert not (await log.append(record("kept"))).lost
    assert log.counters.lost == 1
    await log.close()
    assert check(settings).ok


async def test_spool_keeps_records_and_replays_them(settings: AuditSettings) -> None:
    log = await filled(dataclasses.replace(settings, on_failure=OnFailure.SPOOL), 1)
    with Outage(settings):
        receipts = [await log.append(record(f"s{n}"), content()) for n in range(3)]
        assert all(r.spooled for r in receipts)
        assert await log.get("s1") == ()
    assert await log.healthy()
    await log.append(record("later"))
    (stored,) = await log.get("s1")
    assert stored.id == receipts[1].id
    assert (await log.search(Query(text="贷款", request_id="s1"))).entries
    await log.close()
    assert not list((settings.directory / "spool").iterdir())
    assert check(settings).ok


async def test_each_record_of_a_batch_gets_what_it_asks_for(settings: AuditSettings) -> None:
    log = await filled(dataclasses.replace(settings, on_failure=OnFailure.CONTINUE), 1)
    asked = [None, OnFailure.FAIL_REQUEST, OnFailure.SPOOL, OnFailure.CONTINUE] * 3
    with Outage(settings):
        for _ in range(2):  # as it fails, and while it is known to have failed
            told = await asyncio.gather(
                *(log.append(record(f"r{n}"), content(), one) for n, one in enumerate(asked)),
                return_exceptions=True,
            )
            for one, answer in zip(asked, told, strict=True):
                if one is OnFailure.FAIL_REQUEST:
                    assert isinstance(answer, AuditError)
                else:
                    assert isinstance(answer, Receipt)
                    assert answer.spooled is (one is OnFailure.SPOOL)
                    assert answer.lost is (one is not OnFailure.SPOOL)
    assert await log.healthy()
    assert (log.counters.lost, log.counters.spooled, log.counters.replayed) == (12, 6, 6)
    assert len(await log.get("r2")) == 2
    assert await log.get("r3") == ()
    await log.close()
    assert check(settings).ok


@pytest.mark.parametrize("setting", OnFailure)
async def test_a_policy_cannot_ask_for_less_than_the_setting(
    settings: AuditSettings, setting: OnFailure
) -> None:
    log = await filled(dataclasses.replace(settings, on_failure=setting), 1)
    with Outage(settings):
        if setting is OnFailure.FAIL_REQUEST:
            with pytest.raises(AuditError):
                await log.append(record("lost"), None, OnFailure.CONTINUE)
        else:
            receipt = await log.append(record("lost"), None, OnFailure.CONTINUE)
            assert (receipt.spooled, receipt.lost) == (not receipt.lost, setting == "continue")
    await log.close()


async def test_who_can_go_elsewhere_does_not_wait_for_who_cannot(
    settings: AuditSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One batch holds both while the database is slow to come back."""
    log = await filled(dataclasses.replace(settings, on_failure=OnFailure.CONTINUE), 1)
    writing, fails, back = threading.Event(), threading.Event(), threading.Event()
    read_back = log._writer.chain.appender.read_back

    def broken(connection: Connection) -> None:
        writing.set()
        fails.wait(30)
        raise OSError(5, "Input/output error")

    def slow(connection: Connection) -> None:
        back.wait(30)
        read_back(connection)

    monkeypatch.setattr(log._writer.chain.appender, "read_back", slow)
    failing = asyncio.ensure_future(log.append_with(record("first"), broken))
    await asyncio.to_thread(writing.wait, 30)
    strict = asyncio.ensure_future(log.append(record("kept"), None, OnFailure.FAIL_REQUEST))
    lenient = asyncio.ensure_future(log.append(record("lost")))
    await asyncio.sleep(0)
    fails.set()
    assert (await lenient).lost
    assert not strict.done()
    back.set()
    assert (await strict).seq > 0
    with pytest.raises(AuditError):
        await failing
    await log.close()
    assert check(settings).ok


async def test_a_dead_process_spool_is_adopted(settings: AuditSettings) -> None:
    spooling = dataclasses.replace(settings, on_failure=OnFailure.SPOOL)
    log = await filled(spooling, 1)
    with Outage(settings):
        await log.append(record("orphan"), content())
        await log.close()
    spool = next((settings.directory / "spool").iterdir())
    spool.write_bytes(spool.read_bytes() + b"deadbeef {torn")
    log = await AuditLog.open(spooling)
    assert len(await log.get("orphan")) == 1
    await log.close()
    assert check(settings).ok


async def test_a_damaged_spooled_record_is_counted_as_lost_and_logged(
    settings: AuditSettings, caplog: pytest.LogCaptureFixture
) -> None:
    spooling = dataclasses.replace(settings, on_failure=OnFailure.SPOOL)
    log = await filled(spooling, 1)
    with Outage(settings):
        for number in range(3):
            await log.append(record(f"spooled{number}"), content())
        await log.close()
    spool = next((settings.directory / "spool").iterdir())
    lines = spool.read_bytes().splitlines(keepends=True)
    spool.write_bytes(b"".join([lines[0], b"0" + lines[1][1:-9] + b"\n", *lines[2:]]))
    log = await AuditLog.open(spooling)
    assert [len(await log.get(f"spooled{number}")) for number in range(3)] == [1, 0, 1]
    assert log.counters.lost == 1
    await log.close()
    assert [r.message for r in caplog.records if "spool" in r.message][-1].startswith(
        "audit: 1 damaged"
    )


async def test_an_absent_database_is_an_error_at_the_start(settings: AuditSettings) -> None:
    with pytest.raises(AuditError):
        await AuditLog.open(dataclasses.replace(settings, url="sqlite:////proc/none/a.db"))
    with pytest.raises(AuditError, match="expected"):
        await AuditLog.open(dataclasses.replace(settings, url="mysql://h/d"))


async def test_a_disk_without_room_for_a_call_is_not_ready(
    settings: AuditSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The probe's one row fits into pages that the write-ahead log has already."""
    log = await filled(settings, 1)
    assert await log.healthy()
    full = SimpleNamespace(free=4096)
    monkeypatch.setattr("threegate.audit.log.database.disk_usage", lambda _: full)
    assert not await log.healthy()
    monkeypatch.undo()
    settings.directory.rename(settings.directory.with_name("gone"))
    assert not await log.healthy()
    await log.close()


async def test_who_may_go_on_without_the_database_is_ready_while_the_spool_has_room(
    settings: AuditSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Load balancers would send no call that could go on; and one that cannot would be refused."""
    away = dataclasses.replace(settings, url="postgresql://guard@127.0.0.1:1/audit")
    full = SimpleNamespace(free=4096)
    for on_failure, without_room in ((OnFailure.SPOOL, False), (OnFailure.CONTINUE, True)):
        log = await AuditLog.open(dataclasses.replace(away, on_failure=on_failure))
        assert await log.ready()
        with monkeypatch.context() as patch:
            patch.setattr("threegate.audit.log.database.disk_usage", lambda _: full)
            assert await log.ready() == without_room
        await log.close()
        assert not await log.ready()


async def test_a_full_disk_refuses_and_recovers(
    settings: AuditSettings, caplog: pytest.LogCaptureFixture
) -> None:
    """The limit stands for a full disk: SQLite gets EFBIG from write(2), as it gets ENOSPC from a full one."""
    log = await filled(settings, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        for _ in range(2):
            with pytest.raises(AuditError):
                await log.append(record("lost"), content())
        assert not await log.healthy()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with caplog.at_level("INFO"):
        await log.append(record("kept"))
    assert caplog.text.count("audit: records cannot be stored: ") == 1
    assert caplog.text.count("audit: records are stored again") == 1
    await log.close()
    report = check(settings)
    assert report.ok
    assert report.chains[0].pending == 0


async def test_on_a_full_disk_each_record_gets_what_it_asks_for(settings: AuditSettings) -> None:
    """The spool lies on the same disk: what asks for it is refused when that is full too."""
    log = await filled(dataclasses.replace(settings, on_failure=OnFailure.CONTINUE), 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        assert (await log.append(record("lost"), content())).lost
        for asked in (OnFailure.FAIL_REQUEST, OnFailure.SPOOL):
            with pytest.raises(AuditError):
                await log.append(record("refused"), content(), asked)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert await log.healthy()
    await log.append(record("kept"), content(), OnFailure.FAIL_REQUEST)
    await log.close()
    assert check(settings).ok


async def test_a_read_only_database_refuses_and_recovers(settings: AuditSettings) -> None:
    log = await filled(settings, 1)
    for mode, works in (("ON", False), ("OFF", True)):
        log._writer.chain.appender.release()
        with closing(
            log._writer.chain.engine.raw_connection()
        ) as connection:  # the writer's only one
            connection.cursor().execute(f"PRAGMA query_only={mode}")
        if not works:
            with pytest.raises(AuditError):
                await log.append(record("lost"), content())
        assert await log.healthy() is works
    await log.append(record("kept"))
    assert not await log.get("lost")
    await log.close()
    assert check(settings).ok


async def test_a_checkpoint_whose_fsync_fails_is_written_again(
    settings: AuditSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records stay durable and pending meanwhile; requests go on."""
    log = await AuditLog.open(dataclasses.replace(settings, checkpoint_records=1))

    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        await log.append(record("meanwhile"))
        while not log.counters.checkpoint_failures:
            await asyncio.sleep(0.01)
    await log.append(record("after"))
    await log.close()
    report = check(settings)
    assert report.ok
    assert report.chains[0].pending == 0


@pytest.mark.parametrize("setting", OnFailure)
async def test_a_checkpoint_that_cannot_be_published_loses_no_record(
    settings: AuditSettings, setting: OnFailure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is as it was: nothing is spooled or lost, whatever was chosen."""
    chosen = dataclasses.replace(settings, checkpoint_records=1, on_failure=setting)
    log = await AuditLog.open(chosen)

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("threegate.audit.log.checkpoint.replace_file", full)
        receipts = [await log.append(record(f"r{n}")) for n in range(20)]
    assert 0 < log.counters.checkpoint_failures < 20  # not tried with each record
    assert all(r.seq > 0 for r in receipts)
    async with asyncio.timeout(30):
        signed = log.counters.checkpoints
        while log.counters.checkpoints == signed:
            await asyncio.sleep(0.05)
    await log.close()
    report = check(settings)
    assert report.ok
    assert report.chains[0].pending == 0


async def test_a_locked_database_times_out_and_recovers(settings: AuditSettings) -> None:
    """The lock outlives the caller's patience, however slow the machine is; what was written after all
    is there once.
    """
    log = await filled(settings, 1)
    holder = sqlite3.connect(settings.url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    log.settings = dataclasses.replace(settings, commit_timeout_seconds=0)
    log._deadlines.clear()
    with pytest.raises(AuditError, match="in time"):
        await log.append(record("late"))
    assert not await log.healthy()
    log.settings = settings
    log._deadlines.clear()
    holder.execute("ROLLBACK")
    holder.close()
    assert await log.healthy()
    assert len(await log.get("late")) == 1
    await log.append(record("after"))
    await log.close()
    report = check(settings)
    assert report.ok
    assert report.chains[0].size == 6


async def test_a_commit_of_unknown_outcome_is_read_back(settings: AuditSettings) -> None:
    """The commit happened, the answer got lost: the chain continues after what is really stored."""
    log = await filled(settings, 1)
    engine = log._writer.chain.engine
    dialect = engine.dialect

    def commit_then_fail(connection: sqlite3.Connection) -> None:
        connection.commit()
        del dialect.do_commit
        raise sqlite3.OperationalError("connection lost")

    dialect.do_commit = commit_then_fail
    with pytest.raises(AuditError):
        await log.append(record("in-doubt"))
    await log.append(record("after"))
    await log.close()
    report = check(settings)
    assert report.ok
    assert report.chains[0].size == 6


async def test_reading_an_absent_database_is_an_audit_error(settings: AuditSettings) -> None:
    log = await filled(settings, 1)
    with pytest.raises(AuditError):
        await log.read(lambda c: c.execute(text("SELECT * FROM nothing")))
    await log.close()


@pytest.mark.postgres
async def test_postgres_gone_and_back(postgres_settings: AuditSettings) -> None:
    """The server drops every connection: nothing is reported durable that is not, no restart needed."""
    log = await filled(postgres_settings, 1)
    admin = writer_engine(postgres_settings.url)
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    durable = []
    for n in range(20):
        with admin.begin() as connection:
            connection.execute(text(others)).all()
        try:
            await log.append(record(f"x{n}"))
        except AuditError:
            continue
        durable.append(f"x{n}")
    admin.dispose()
    assert await log.healthy()
    await log.append(record("after"))
    for request in [*durable, "after"]:
        assert len(await log.get(request)) == 1
    await log.close()
    assert check(postgres_settings).ok


async def test_a_clock_that_jumps_changes_no_order(
    settings: AuditSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Back by an hour (the end of summer time, a wrong clock), then ahead by a day (NTP)."""
    log = await AuditLog.open(settings)
    real, receipts = time.time_ns, []
    for n, jump_s in enumerate((0, -3600, -3600, 86_400, 0)):
        monkeypatch.setattr(time, "time_ns", lambda by=jump_s: real() + by * 10**9)
        receipts.append(await log.append(record(f"r{n}")))
    await log.close()
    assert [r.seq for r in receipts] == sorted(r.seq for r in receipts)
    report = check(settings)
    assert report.ok
    assert [c.integrated for c in report.chains] == [len(receipts) + 2]


async def test_writers_whose_clocks_differ_lose_nothing(
    settings: AuditSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two replicas, one of them two hours behind: only the order between them is wrong."""
    real, skew_s = time.time_ns, 7200
    right, behind = [await AuditLog.open(settings) for _ in range(2)]
    for n in range(3):
        for log, late_s in ((right, 0), (behind, skew_s)):
            monkeypatch.setattr(time, "time_ns", lambda by=late_s: real() - by * 10**9)
            await log.append(record(f"{late_s}-{n}"))
    found = await right.search(Query())
    calls = [e.event["request"] for e in found.entries if e.event["stage"] == "received"]
    assert calls == [f"{late_s}-{n}" for late_s in (0, skew_s) for n in (2, 1, 0)]
    for log in (right, behind):
        await log.close()
    report = check(settings)
    assert report.ok
    assert [c.integrated for c in report.chains] == [5, 5]
