"""The daily job of a log (once per UTC day): erases and prunes what is older than its retention
and, if configured, exports the previous days, signed and with proofs.

One process per database does it, under a lock; a record named `upkeep-<day>` states that it was
done and what it did. If that record is many days old, either the proxy was down or the clock is
ahead, and by a wrong clock all texts may seem too old: nothing is erased, a record named
`clock-<day>` raises an alarm, and a person must confirm that the clock is right.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, select

from threegate.audit.errors import loggable
from threegate.audit.export.bundle import export
from threegate.audit.log.conditions import Query
from threegate.audit.log.database import now_us
from threegate.audit.log.locks import alone
from threegate.audit.log.log_keys import load_signer
from threegate.audit.log.record import DAY_US, PROXY, Record, Stage
from threegate.audit.log.schema import RECORD
from threegate.audit.log.store import AuditLog, today
from threegate.audit.retention.erasure import retain
from threegate.audit.settings import AuditSettings

log = logging.getLogger(__name__)
FIRST_LOOK, LOOK = 60.0, 3600.0  # seconds after the start, and between two checks
CATCH_UP_DAYS = 7  # days to export after a standstill
MAX_LEAP_DAYS = 10
"""Days since the last upkeep. Machines are off longer than this less often than clocks are wrong,
and the months for which records must be kept leave little margin."""
UPKEEP = "upkeep-"


@dataclass(frozen=True, slots=True)
class Done:
    """What one day's upkeep did; `leapt`: it did nothing, because too many days had passed."""

    texts: int = 0
    pruned: int = 0
    exported: tuple[str, ...] = ()
    leapt: int = 0


async def run(audit: AuditLog) -> None:
    """Runs for ever. Failures are logged and retried at the next check."""
    await asyncio.sleep(FIRST_LOOK)
    while True:
        try:
            await keep(audit)
        except Exception as error:  # the loop must survive anything a driver raises
            log.error("audit upkeep failed: %s", loggable(error))
            audit.counters.upkeep_failures += 1
        await asyncio.sleep(LOOK)


async def keep(
    audit: AuditLog, *, clock_is_right: bool = False, actor: str = PROXY, reason: str = ""
) -> Done | None:
    """Today's upkeep; None if a process has done it or is doing it. `clock_is_right` is what a
    person says, with a reason."""
    name = f"{UPKEEP}{today()}"
    with ExitStack() as stack:
        mine = await asyncio.to_thread(stack.enter_context, alone(audit.settings.url, "upkeep"))
        if not mine or await audit.get(name):
            return None
        leapt = 0 if clock_is_right else await audit.read(_days_since_upkeep)
        if leapt > MAX_LEAP_DAYS:
            return await _hold_back(audit, leapt)
        kept = audit.settings.retention
        texts, pruned = await retain(audit, kept, actor=actor, reason=reason)
        exported = await asyncio.to_thread(export_days, audit.settings)
        detail = {"verb": "upkeep", "actor": actor, "texts": texts, "pruned": pruned}
        detail |= {"reason": reason} if reason else {}
        detail["exported"] = list(exported)
        await audit.append(Record(stage=Stage.ACCESS, request_id=name, detail=detail))
        return Done(texts, pruned, tuple(exported))


def _days_since_upkeep(connection: Connection) -> int:
    """0 if there was none at all."""
    now = datetime.fromisoformat(today())
    usual = [f"{UPKEEP}{now - timedelta(days=n):%Y-%m-%d}" for n in range(MAX_LEAP_DAYS + 1)]
    for named in (RECORD.c.request_id.in_(usual), RECORD.c.request_id.startswith(UPKEEP)):
        if last := connection.execute(select(func.max(RECORD.c.request_id)).where(named)).scalar():
            return (now - datetime.fromisoformat(last.removeprefix(UPKEEP))).days
    return 0


async def _hold_back(audit: AuditLog, days: int) -> Done:
    """Alarms once a day."""
    log.error("the last audit upkeep was %d days ago by this clock: nothing is erased", days)
    audit.counters.upkeep_failures += 1
    name = f"clock-{today()}"
    if not await audit.get(name):
        detail = {"verb": "clock", "actor": PROXY, "days": days}
        await audit.append(Record(stage=Stage.ACCESS, request_id=name, detail=detail))
    return Done(leapt=days)


def export_days(settings: AuditSettings) -> Sequence[str]:
    """Exports each of the last days that has none yet, as `<export_to>/<YYYY-MM-DD>`."""
    if settings.export_to is None:
        return ()
    made = []
    for day in _days_before(now_us()):
        if not (settings.export_to / day).exists():
            _export_day(settings, settings.export_to, day)
            made.append(day)
    return made


def _days_before(at_us: int) -> list[str]:
    now = datetime.fromtimestamp(at_us / 1e6, UTC)
    return [f"{now - timedelta(days=n):%Y-%m-%d}" for n in range(CATCH_UP_DAYS, 0, -1)]


def _export_day(settings: AuditSettings, target: Path, day: str) -> None:
    """The directory appears complete or not at all."""
    start = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 1_000_000
    query = Query(since_us=start, until_us=start + DAY_US)
    part = target / f".{day}.part"
    shutil.rmtree(part, ignore_errors=True)
    export(settings.url, query, part, load_signer(settings), form=settings.export_format)
    part.rename(target / day)
