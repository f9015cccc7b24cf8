"""The writer under `kill -9`: what a caller was told is durable is there, and the log verifies."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from threegate.audit import AuditLog, AuditSettings

from tests.audit.conftest import check, record

VICTIM = """
import asyncio, sys
from pathlib import Path
from tests.audit.conftest import content, record
from threegate.audit import AuditLog, AuditSettings, Stage

async def main(url, directory):
    log = await AuditLog.open(AuditSettings(url=url, directory=Path(directory), checkpoint_records=25))
    async def client(name):
        for n in range(100_000):
            request = f"{log.writer_id}.{name}.{n}"
            await log.append(record(request), content())
            await log.append(record(request, Stage.COMPLETED), content())
            print(request, flush=True)
    await asyncio.gather(*(client(c) for c in "abcdefgh"))

asyncio.run(main(*sys.argv[1:]))
"""


def run_and_kill(settings: AuditSettings, after_answers: int) -> list[str]:
    """The requests that a client saw answered before the process died."""
    command = [sys.executable, "-c", VICTIM, settings.url, str(settings.directory)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=root, env=environment
    ) as victim:
        assert victim.stdout is not None
        answered = [victim.stdout.readline().strip() for _ in range(after_answers)]
        victim.send_signal(signal.SIGKILL)
        answered += [line.strip() for line in victim.stdout if line.endswith("\n")]
    assert all(answered), "the victim failed before it was killed"
    return answered


async def killed_often(settings: AuditSettings, kills: int) -> None:
    dice, answered = random.Random(8), list[str]()
    for _ in range(kills):
        answered += run_and_kill(settings, dice.randint(1, 120))
    report = check(settings)
    assert report.ok, report.problems[:3]
    log = await AuditLog.open(settings)
    for request in answered:
        assert [e.stage for e in await log.get(request)] == ["received", "completed"]
    await log.append(record("alive"))
    await log.close()
    report = check(settings)
    assert report.ok, report.problems[:3]
    assert all(chain.pending == 0 for chain in report.chains)  # the next writer covers dead tails


async def test_kill_9_loses_nothing_that_was_answered(settings: AuditSettings) -> None:
    await killed_often(settings, 3)


@pytest.mark.slow
async def test_kill_9_two_hundred_times(settings: AuditSettings) -> None:
    await killed_often(settings, 200)


@pytest.mark.slow
@pytest.mark.postgres
async def test_kill_9_two_hundred_times_on_postgres(postgres_settings: AuditSettings) -> None:
    await killed_often(postgres_settings, 200)


@pytest.mark.postgres
async def test_kill_9_on_postgres(postgres_settings: AuditSettings) -> None:
    await killed_often(postgres_settings, 3)
