"""One chained record a call: what an intent promises, and what becomes of one without a record."""

from __future__ import annotations

import dataclasses
import sqlite3

import pytest
from sqlalchemy import select
from threegate.audit import AuditLog, AuditSettings, ContentLevel, OnFailure, Stage
from threegate.audit.export.backup import backup, restore
from threegate.audit.log.chain import SHA256
from threegate.audit.log.content import request_digest
from threegate.audit.log.database import writer_engine
from threegate.audit.log.query import Entry
from threegate.audit.log.schema import INTENT, KEY, RECORD
from threegate.errors import AuditError
from threegate.types import Caller

from tests.audit.conftest import Outage, check, content, record
from tests.audit.migrations.versions.before import to_rows_of_hits

CALLER = Caller("retail", "k1", "/v1/chat/completions", "deepseek-r1", "zh", "c1")
BODY = b'{"model":"deepseek-r1","messages":[{"role":"user","content":"13800138000"}]}'
DATABASES = ["settings", pytest.param("postgres_settings", marks=pytest.mark.postgres)]


@pytest.fixture(params=DATABASES)
def place(request: pytest.FixtureRequest) -> AuditSettings:
    settings: AuditSettings = request.getfixturevalue(request.param)
    return settings


async def intents(log: AuditLog) -> list[str]:
    return await log.read(lambda c: list(c.execute(select(INTENT.c.id)).scalars()))


async def digest_of(log: AuditLog, entry: Entry, body: bytes) -> str:
    """As an auditor with the master key works it out."""
    named = entry.event["intent"]
    row = await log.read(lambda c: c.execute(select(KEY).where(KEY.c.id == named["key"])).one())
    key = log.master.unwrap(row.id, row.tenant, row.day, bytes(row.wrapped))
    mine = (RECORD.c.writer == entry.writer) & (RECORD.c.seq == entry.seq)
    salt = await log.read(lambda c: c.execute(select(RECORD.c.salt).where(mine)).scalar_one())
    return request_digest(body, key, bytes(salt), SHA256)


async def test_a_call_has_one_record_that_names_its_intent(place: AuditSettings) -> None:
    log = await AuditLog.open(place)
    made = record("r1", Stage.COMPLETED, caller=CALLER)
    made.intent = await log.begin("r1", CALLER, "sha256:abc", BODY)
    assert await intents(log) == ["r1"]
    assert await log.get("r1") == ()
    assert check(place).in_flight == 1
    await log.append(made, content())
    (entry,) = await log.get("r1")
    assert entry.event["intent"]["digest"] == await digest_of(log, entry, BODY)
    assert entry.event["intent"]["digest"] != await digest_of(log, entry, BODY + b" ")
    assert [p["part"] for p in await log.content(entry)] == ["messages/0/user"]
    report = check(place)
    assert (report.ok, report.in_flight, report.unanswered) == (True, 0, 0)
    await log.close()
    report = check(place)
    assert report.ok, report.problems


@pytest.mark.parametrize("level", list(ContentLevel))
async def test_what_is_not_to_be_kept_is_not_even_hashed(
    settings: AuditSettings, level: ContentLevel
) -> None:
    log = await AuditLog.open(settings)
    made = await log.begin("r1", CALLER, "p", BODY, level)
    assert bool(made.digest) is bool(made.nonce) is (level is not ContentLevel.NONE)
    data = "".join(str(r) for r in await log.read(lambda c: c.execute(select(INTENT)).all()))
    assert "13800138000" not in data
    await log.close()


async def test_an_intent_of_a_process_that_died_is_chained_as_interrupted(
    place: AuditSettings,
) -> None:
    """The first log is left as a killed process leaves it: its lock free, its row there."""
    first = await AuditLog.open(place)
    await first.begin("r1", CALLER, "sha256:abc", BODY)
    await first.begin("r2", CALLER, "sha256:abc", BODY)
    second = await AuditLog.open(place)
    assert await second.get("r1") == ()  # its process is there
    rows = await second.read(lambda c: c.execute(select(INTENT).order_by(INTENT.c.id)).all())
    done = record("r2", Stage.COMPLETED, caller=CALLER)
    await first.append(done)
    await first.close()
    (closed,) = await second.get("r1")
    assert closed.stage is Stage.INTERRUPTED  # at its own end nothing of it is in flight
    with second._writer.chain.engine.begin() as connection:  # as if it had been killed instead
        connection.execute(INTENT.insert(), [{**r._mapping, "id": f"{r.id}x"} for r in rows])
        connection.execute(INTENT.insert(), [dict(rows[1]._mapping)])  # its record is there
    third = await AuditLog.open(place)
    found = await third.get("r1x")
    assert [e.stage for e in found] == [Stage.INTERRUPTED]
    event = found[0].event
    assert event["caller"]["conversation"] == "c1"
    assert (event["policy"]["digest"], event["model"]["requested"]) == ("sha256:abc", "deepseek-r1")
    assert event["intent"]["writer"] == first.writer_id
    assert event["intent"]["digest"] == await digest_of(third, found[0], BODY)
    assert [e.stage for e in await third.get("r2")] == [Stage.COMPLETED]
    assert await intents(third) == []
    assert third.counters.interrupted == 2
    await second.close()
    await third.close()
    report = check(place)
    assert report.ok, report.problems
    assert (report.unanswered, report.in_flight) == (3, 0)


async def test_without_a_durable_intent_there_is_no_call(settings: AuditSettings) -> None:
    log = await AuditLog.open(settings)
    with Outage(settings, "audit_intent"), pytest.raises(AuditError):
        await log.begin("r1", CALLER, "p", BODY)
    assert (await log.begin("r2", CALLER, "p", BODY)).digest
    assert await intents(log) == ["r2"]
    await log.close()


async def test_a_spooled_intent_is_closed_by_its_record_or_chained(
    settings: AuditSettings,
) -> None:
    log = await AuditLog.open(dataclasses.replace(settings, on_failure=OnFailure.SPOOL))
    with Outage(settings, "audit_intent"):
        await log.begin("r1", CALLER, "p", BODY)
        await log.begin("r2", CALLER, "p", BODY)
        assert log.counters.spooled == 2
    made = record("r1", Stage.COMPLETED, caller=CALLER)
    await log.append(made)
    await log.close()
    later = await AuditLog.open(settings)
    assert [e.stage for e in await later.get("r1")] == [Stage.COMPLETED]
    assert [e.stage for e in await later.get("r2")] == [Stage.INTERRUPTED]
    await later.close()
    assert check(settings).ok


async def test_a_call_whose_record_could_not_be_stored_is_chained_when_the_database_is_back(
    settings: AuditSettings,
) -> None:
    log = await AuditLog.open(settings)
    for name in ("lost", "running"):
        await log.begin(name, CALLER, "p", BODY)
    with Outage(settings), pytest.raises(AuditError):
        await log.append(record("lost", Stage.COMPLETED, caller=CALLER))
    assert await log.healthy()
    assert [e.stage for e in await log.get("lost")] == [Stage.INTERRUPTED]
    assert await intents(log) == ["running"]
    await log.close()
    assert check(settings).ok


async def test_a_copy_knows_what_was_in_flight(settings: AuditSettings) -> None:
    log = await AuditLog.open(settings)
    await log.begin("r1", CALLER, "p", BODY)
    file = settings.directory / "copy.db"
    assert backup(settings.url, file)["audit_intent"] == 1
    await log.close()
    other = dataclasses.replace(settings, url=f"sqlite:///{settings.directory / 'other.db'}")
    restore(other.url, file)
    again = await AuditLog.open(other)
    assert [e.stage for e in await again.get("r1")] == [Stage.INTERRUPTED]
    await again.close()


async def test_a_copy_of_the_schema_before_is_restored(settings: AuditSettings) -> None:
    log = await AuditLog.open(settings)
    await log.append(record("r1"))
    await log.close()
    file = settings.directory / "old.db"
    backup(settings.url, file)
    engine = writer_engine(f"sqlite:///{file}")
    with engine.begin() as before:
        to_rows_of_hits(before)
    engine.dispose()
    with sqlite3.connect(file) as old:
        old.execute("DROP TABLE audit_intent")
        old.execute("UPDATE audit_version SET version_num = '0002'")
    old.close()
    copy = dataclasses.replace(settings, url=f"sqlite:///{file}")
    assert check(copy).ok
    other = dataclasses.replace(settings, url=f"sqlite:///{settings.directory / 'other.db'}")
    restore(other.url, file)
    assert check(other).ok
