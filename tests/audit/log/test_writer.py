"""Which records share a commit; and the writer under `kill -9`: what a caller was told is durable is
there, and the log verifies."""

from __future__ import annotations

import asyncio
import dataclasses
import random
import signal
import time
from contextlib import suppress

import pytest
from sqlalchemy import Connection, select
from threegate.audit import AuditLog, AuditSettings
from threegate.audit.log import writer
from threegate.audit.log.schema import INTENT, RECORD
from threegate.audit.verify.sources import connect

from tests.audit.conftest import check, record
from tests.audit.victim import CONTEXT, write_until_killed

BUSY_S = 3 * writer.QUIET_S
MAX_ANSWERS = 40
MAX_DELAY = 0.05  # within the next few commits, or within the start


async def busy_turn() -> None:
    """A turn in which the loop has other work."""
    time.sleep(BUSY_S)
    await asyncio.sleep(0)


async def test_records_of_a_busy_loop_share_a_commit(
    settings: AuditSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_WAIT_S", 60.0)
    log = await AuditLog.open(settings)
    before = log.counters.batches
    appends = []
    for n in range(5):
        appends.append(asyncio.ensure_future(log.append(record(f"r{n}"))))
        await busy_turn()
    await asyncio.gather(*appends)
    assert log.counters.batches == before + 1
    await log.close()


async def test_a_loop_that_stays_busy_does_not_keep_a_record_waiting(
    settings: AuditSettings,
) -> None:
    log = await AuditLog.open(settings)
    append = asyncio.ensure_future(log.append(record()))
    while not append.done():
        await busy_turn()
    assert append.result().seq == 1
    await log.close()


async def test_more_records_than_a_batch_are_all_written(settings: AuditSettings) -> None:
    log = await AuditLog.open(dataclasses.replace(settings, max_batch=2))
    before = log.counters.batches
    receipts = await asyncio.gather(*(log.append(record(f"r{n}")) for n in range(5)))
    assert [r.seq for r in receipts] == [1, 2, 3, 4, 5]
    assert log.counters.batches == before + 3
    await log.close()


def run_and_kill(settings: AuditSettings, dice: random.Random) -> list[str]:
    """The requests that a client saw answered before the process died."""
    ours, theirs = CONTEXT.Pipe(duplex=False)
    victim = CONTEXT.Process(target=write_until_killed, args=(settings, theirs))
    victim.start()
    theirs.close()
    answered = [ours.recv_bytes().decode() for _ in range(dice.randrange(MAX_ANSWERS))]
    time.sleep(dice.random() * MAX_DELAY)
    victim.kill()
    victim.join()
    assert victim.exitcode == -signal.SIGKILL
    with suppress(EOFError):
        while True:
            answered.append(ours.recv_bytes().decode())
    return answered


async def killed_often(settings: AuditSettings, kills: int) -> None:
    settings = dataclasses.replace(settings, checkpoint_records=25)
    dice, answered = random.Random(8), list[str]()
    for _ in range(kills):
        answered += run_and_kill(settings, dice)
    torn = check(settings)
    assert torn.ok, torn.problems[:3]
    begun = intents(settings)
    log = await AuditLog.open(settings)
    stages = await log.read(_stages)
    ended = {request for request, stage in stages if stage == "completed"}
    interrupted = {request for request, stage in stages if stage == "interrupted"}
    assert answered
    assert set(answered) <= ended
    assert not ended & interrupted
    assert begun <= ended | interrupted  # nothing that may have reached the model is without record
    assert await log.read(lambda c: c.execute(select(INTENT.c.id)).all()) == []
    await log.append(record("alive"))
    await log.close()
    whole = check(settings)
    assert whole.ok, whole.problems[:3]
    assert (whole.unanswered, whole.in_flight) == (len(interrupted) + 1, 0)  # "alive" never ended
    assert all(chain.pending == 0 for chain in whole.chains)  # the next writer covers dead tails
    print(f"{kills} kills: {len(answered)} answered, {len(interrupted)} interrupted, all verified")


def intents(settings: AuditSettings) -> set[str]:
    database = connect(settings.url)
    try:
        return set(database.intents())
    finally:
        database.close()


def _stages(connection: Connection) -> set[tuple[str, str]]:
    return {(r, s) for r, s in connection.execute(select(RECORD.c.request_id, RECORD.c.stage))}


async def test_kill_9_loses_nothing_that_was_answered(settings: AuditSettings) -> None:
    await killed_often(settings, 3)


@pytest.mark.postgres
async def test_kill_9_on_postgres(postgres_settings: AuditSettings) -> None:
    await killed_often(postgres_settings, 3)


@pytest.mark.slow
async def test_kill_9_two_hundred_times(settings: AuditSettings) -> None:
    await killed_often(settings, 200)


@pytest.mark.slow
@pytest.mark.postgres
async def test_kill_9_two_hundred_times_on_postgres(postgres_settings: AuditSettings) -> None:
    await killed_often(postgres_settings, 200)
