"""A process that writes records until it is killed, forked from a warm interpreter."""

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
    """Says the id of each request once both of its records are durable."""
    asyncio.run(_write(settings, answers))


async def _write(settings: AuditSettings, answers: Connection) -> None:
    log = await AuditLog.open(settings)

    async def client(name: int) -> None:
        for n in range(100_000):
            request = f"{log.writer_id}.{name}.{n}"
            await log.append(record(request), content())
            await log.append(record(request, Stage.COMPLETED), content())
            answers.send_bytes(request.encode())

    await asyncio.gather(*(client(c) for c in range(CLIENTS)))
