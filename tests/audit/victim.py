"""A process that writes intents and records until it is killed, forked from a warm interpreter."""

from __future__ import annotations

import asyncio
import multiprocessing
from multiprocessing.connection import Connection

from threegate.audit import AuditLog, AuditSettings, Stage

from tests.audit.conftest import content, record

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])
CLIENTS = 8


def write_until_killed(settings: AuditSettings, answers: Connection) -> None:
    """Says the id of each request once its record is durable."""
    asyncio.run(_write(settings, answers))


async def _write(settings: AuditSettings, answers: Connection) -> None:
    log = await AuditLog.open(settings)

    async def client(name: int) -> None:
        for n in range(100_000):
            request = f"{log.writer_id}.{name}.{n}"
            made = record(request, Stage.COMPLETED)
            made.intent = await log.begin(request, made.caller, made.policy, b"{}")
            await log.append(made, content())
            answers.send_bytes(request.encode())

    await asyncio.gather(*(client(c) for c in range(CLIENTS)))
