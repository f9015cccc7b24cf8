"""A database that fell back to an earlier state under a running writer."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, delete, insert, select
from threegate.audit import AuditLog, AuditSettings, Stage, migrations
from threegate.audit.log.database import writer_engine
from threegate.audit.log.heads import Head, HeadLost, check_head, peers
from threegate.audit.log.schema import CHECKPOINT, CONTENT, INTENT, KEY, RECORD, STUB, WRITER

from tests.audit.conftest import check, content, filled, record

LEAVES = tuple(bytes([n]) * 32 for n in range(3))


@pytest.fixture
def connection(settings: AuditSettings) -> Iterator[Connection]:
    """Of a log whose one writer has three entries, all pruned."""
    engine = writer_engine(settings.url)
    migrations.upgrade(engine)
    with engine.begin() as made:
        rows = [{"writer": "w1", "seq": n, "leaf": leaf} for n, leaf in enumerate(LEAVES)]
        made.execute(insert(STUB), rows)
        yield made
    engine.dispose()


def test_a_pruned_entry_is_still_there(connection: Connection) -> None:
    check_head(connection, Head("w1", 3, LEAVES[2]))
    check_head(connection, Head("w2", 0, b""))


@pytest.mark.parametrize(
    ("head", "entries"),
    [
        (Head("w1", 5, LEAVES[2]), 2),
        (Head("w1", 3, LEAVES[0]), 1),
        (Head("w2", 4, LEAVES[2]), 4),
    ],
)
def test_how_many_entries_are_lost(connection: Connection, head: Head, entries: int) -> None:
    with pytest.raises(HeadLost) as lost:
        check_head(connection, head)
    assert lost.value.entries == entries


async def test_peers_are_the_last_entries_of_others(settings: AuditSettings) -> None:
    log = await filled(settings, 1)
    own = log.writer_id
    (head,) = await log.read(lambda c: peers(c, "another"))
    assert await log.read(lambda c: peers(c, own)) == []
    await log.close()
    assert (head.writer, head.size) == (own, 3)


def fall_back(log: AuditLog, records: int) -> None:
    """The database as a standby has it that had received only the first `records` of this writer;
    connections are made anew, as after a fail-over."""
    engine = log._writer.chain.engine
    with engine.begin() as connection:
        for table in (RECORD, CONTENT):
            connection.execute(delete(table).where(table.c.seq >= records))
        connection.execute(delete(CHECKPOINT).where(CHECKPOINT.c.size > records))
        connection.execute(delete(KEY))
        connection.execute(delete(INTENT))
    log._writer.chain.appender.release()
    engine.dispose()


@pytest.mark.parametrize(
    "at", ["settings", pytest.param("postgres_settings", marks=pytest.mark.postgres)]
)
async def test_after_a_fall_back_a_new_chain_begins_and_names_what_is_missing(
    at: str, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    settings: AuditSettings = request.getfixturevalue(at)
    caplog.set_level(logging.ERROR, "threegate.audit.log.kept_chain")
    log = await filled(dataclasses.replace(settings, checkpoint_seconds=3600), 3)
    first = log.writer_id
    fall_back(log, records=5)
    await log.append(record("after"), content())
    await log.append(record("after", Stage.COMPLETED), content())
    assert log.counters.missing == 2
    assert (log.counters.failures, log.writer_id != first) == (0, True)
    (entry, _) = await log.get("after")
    assert [c["part"] for c in await log.content(entry)] == ["messages/0/user"]
    await log.close()
    assert [r.getMessage() for r in caplog.records] == [
        f"audit: the database has lost the last 2 records of {first}"
    ]
    report = check(settings)
    assert [(p.writer, p.code) for p in report.problems] == [(first, "truncated")]
    assert "saw 7 entries, there are 5" in report.problems[0].message("en")
    new = next(c for c in report.chains if c.writer == log.writer_id)
    assert (new.integrated, new.pending) == (new.size, 0)


async def test_a_writer_that_is_gone_from_the_database_is_named_too(
    settings: AuditSettings,
) -> None:
    log = await filled(dataclasses.replace(settings, checkpoint_seconds=3600), 1)
    first = log.writer_id
    with log._writer.chain.engine.begin() as connection:
        connection.execute(delete(WRITER))
    fall_back(log, records=0)
    await log.append(record("after"))
    await log.close()
    assert log.counters.missing == 3
    assert [(p.writer, p.code) for p in check(settings).problems] == [(first, "writer_missing")]


async def test_calls_in_flight_are_not_taken_for_interrupted_ones(settings: AuditSettings) -> None:
    log = await filled(dataclasses.replace(settings, checkpoint_seconds=3600), 1)
    call = record("flying").caller
    intent = await log.begin("flying", call, "p", b"{}")
    engine = log._writer.chain.engine
    with engine.begin() as connection:
        kept = [tuple(row) for row in connection.execute(select(INTENT)).all()]
    fall_back(log, records=2)
    with engine.begin() as connection:
        connection.execute(insert(INTENT).values(kept))
    await log.append(record("after"))
    assert log._writer.chain.appender.adopt() == 0  # the writer itself is idle
    await log.append(record("flying", Stage.COMPLETED, intent=intent))
    await log.close()
    assert log.counters.interrupted == 0
    assert [p.code for p in check(settings).problems] == ["truncated"]
