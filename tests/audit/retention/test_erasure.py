"""Erased text is gone from every file; what stays still verifies; a hold stops it."""

from __future__ import annotations

import dataclasses
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.audit import AuditLog, AuditSettings, Content, ContentLevel, OnFailure, Part, Query
from threegate.audit.log.database import now_us
from threegate.audit.log.store import today
from threegate.audit.retention.erasure import DAY_US, Erasure, erase, ranges, retain, shred
from threegate.audit.retention.legal_holds import hold, release
from threegate.audit.settings import Retention
from threegate.errors import AuditError
from threegate.types import Caller

from tests.audit.conftest import Outage, check, record

CANARY = "qzxjwvbk"


async def with_subjects(settings: AuditSettings) -> AuditLog:
    """Nine records of three subjects, full text kept; those of `u1` hold the canary, redacted text as well."""
    log = await AuditLog.open(settings)
    for n in range(9):
        subject = f"u{n % 3}"
        text = f"{CANARY} 贷款 {n}" if subject == "u1" else f"other 贷款 {n}"
        whole = Content((Part("messages/0/user", text),), ContentLevel.FULL)
        caller = Caller(tenant="retail", conversation=f"c{n}")
        await log.append(record(f"r{n}", subject=subject, caller=caller), whole)
    return log


def traces(directory: Path) -> list[str]:
    """Files that hold the canary, or the end of it (indexes store common beginnings once)."""
    files = [p for p in directory.rglob("*") if p.is_file()]
    return [p.name for p in files if CANARY[3:].encode() in p.read_bytes()]


async def test_a_subject_is_erased_everywhere_and_the_log_verifies(
    settings: AuditSettings, tmp_path: Path
) -> None:
    log = await with_subjects(settings)
    await log.read(lambda c: c.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all())
    assert traces(tmp_path)  # the index has its words until they are erased
    wanted = Erasure("dpo", "request 17", tenant="retail", subject="u1")
    assert (await erase(log, wanted)).records == 3
    assert traces(tmp_path) == []
    assert (await log.search(Query(text=CANARY))).entries == ()
    assert len((await log.search(Query(text="贷款"))).entries) == 6
    (entry,) = await log.get("r1")
    assert not entry.has_content
    assert await log.content(entry) == []
    assert (await erase(log, wanted)).records == 0
    await log.close()
    report = check(settings)
    assert report.ok, report.problems
    assert report.chains[0].erased == 3


async def test_one_request_or_conversation_is_erased(settings: AuditSettings) -> None:
    log = await with_subjects(settings)
    assert (await erase(log, Erasure("dpo", "wish", request_id="r2"))).records == 1
    assert (await erase(log, Erasure("dpo", "wish", conversation="c3"))).records == 1
    assert len((await log.search(Query(text="贷款"))).entries) == 7
    await log.close()
    assert check(settings).ok


async def test_erasure_needs_to_know_whom(settings: AuditSettings) -> None:
    log = await with_subjects(settings)
    with pytest.raises(AuditError, match="name a subject"):
        await erase(log, Erasure("dpo", "everything", tenant="retail"))
    with pytest.raises(AuditError, match="belongs to a tenant"):
        await erase(log, Erasure("dpo", "all tenants", subject="u1"))
    await log.close()


async def test_shredding_a_day_destroys_its_keys(
    settings: AuditSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("threegate.audit.log.store.today", lambda: "2026-01-02")
    log = await with_subjects(settings)
    with pytest.raises(AuditError, match="yesterday is not a date"):
        await shred(log, "t", "yesterday", actor="a", reason="r")
    with pytest.raises(AuditError, match="in use"):
        await shred(log, "retail", today(), actor="dpo", reason="wish")
    held = await hold(log, "request_id", "r4", actor="counsel", reason="case")
    with pytest.raises(AuditError, match="legal hold"):
        await shred(log, "retail", "2026-01-02", actor="dpo", reason="end of contract")
    await release(log, held.id, actor="counsel", reason="closed")
    assert await shred(log, "retail", "2026-01-02", actor="dpo", reason="end of contract") == 1
    assert await shred(log, "retail", "2026-01-02", actor="dpo", reason="again") == 0
    assert (await log.search(Query(text="贷款"))).entries == ()
    await log.close()
    report = check(settings)
    assert report.ok, report.problems
    assert report.chains[0].erased == 9


async def test_retention_erases_text_first_and_prunes_later(settings: AuditSettings) -> None:
    log = await with_subjects(settings)
    await log.append(record("kept"))
    await hold(log, "request_id", "kept", actor="dpo", reason="court")
    retention = Retention(content_days=30)
    assert await retain(log, retention) == (0, 0)
    assert await retain(log, retention, at_us=now_us() + 31 * DAY_US) == (9, 0)
    later = now_us() + 191 * DAY_US
    assert await retain(log, retention, at_us=later) == (0, 9)  # the record of the hold stays
    assert len(await log.get("kept")) == 1
    assert await log.get("r1") == ()
    await log.close()
    report = check(settings)
    assert report.ok, report.problems
    assert report.chains[0].pruned == 9
    assert report.chains[0].pending == 0


async def test_a_tombstone_covers_only_what_it_names(settings: AuditSettings) -> None:
    log = await with_subjects(settings)
    await erase(log, Erasure("dpo", "wish", request_id="r2"))
    await log.close()
    with sqlite3.connect(settings.url.removeprefix("sqlite:///")) as thief:
        thief.execute("DELETE FROM audit_content WHERE seq = 5")
    thief.close()
    assert {p.code for p in check(settings).problems} == {"text_missing"}


@pytest.mark.parametrize("days", [0, 90, 183])
def test_metadata_is_kept_half_a_year(days: int) -> None:
    with pytest.raises(AuditError, match="184 days"):
        Retention(metadata_days=days)
    assert Retention(metadata_days=184)


@given(st.sets(st.tuples(st.sampled_from("ab"), st.integers(0, 30))))
def test_ranges_name_exactly_the_places(places: set[tuple[str, int]]) -> None:
    named = [(w, s) for w, first, last in ranges(sorted(places)) for s in range(first, last + 1)]
    assert named == sorted(places)


@pytest.mark.postgres
async def test_erasure_on_postgres(postgres_settings: AuditSettings) -> None:
    log = await with_subjects(postgres_settings)
    assert (await erase(log, Erasure("dpo", "wish", tenant="retail", subject="u1"))).records == 3
    assert (await log.search(Query(text=CANARY))).entries == ()
    assert len((await log.search(Query(text="贷款"))).entries) == 6
    later = now_us() + 200 * DAY_US
    assert await retain(log, Retention(), at_us=later) == (6, 9)
    await log.close()
    report = check(postgres_settings)
    assert report.ok, report.problems


async def test_a_deletion_is_never_spooled(settings: AuditSettings) -> None:
    log = await with_subjects(dataclasses.replace(settings, on_failure=OnFailure.SPOOL))
    with Outage(settings), pytest.raises(AuditError):
        await erase(log, Erasure("dpo", "wish", request_id="r2"))
    assert (await log.get("r2"))[0].has_content
    await log.close()
