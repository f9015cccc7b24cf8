"""The record of a loss names who, why and what; it stays as long as the log."""

from __future__ import annotations

import pytest
from threegate.audit import AuditLog, AuditSettings
from threegate.audit.log.database import now_us
from threegate.audit.log.record import DAY_US
from threegate.audit.retention.erasure import retain
from threegate.audit.retention.lost_entries import acknowledge
from threegate.audit.settings import Retention
from threegate.errors import AuditError

from tests.audit.conftest import accesses, record

FOUND = {"w": (7, 9), "v": (0, 3)}


async def test_the_record_says_who_why_and_what(settings: AuditSettings) -> None:
    log = await AuditLog.open(settings)
    await acknowledge(log, FOUND, ["w", "v"], actor="li", reason="restored")
    await log.close()
    (detail,) = await accesses(settings)
    assert detail == {
        "verb": "acknowledge",
        "actor": "li",
        "reason": "restored",
        "places": [["v", 0, 3], ["w", 7, 9]],
    }


@pytest.mark.parametrize(("writers", "reason"), [([], "why"), (["w"], ""), (["x"], "why")])
async def test_too_little_or_nothing_that_is_lost(
    settings: AuditSettings, writers: list[str], reason: str
) -> None:
    log = await AuditLog.open(settings)
    with pytest.raises(AuditError):
        await acknowledge(log, FOUND, writers, actor="li", reason=reason)
    await log.close()


async def test_retention_leaves_it(settings: AuditSettings) -> None:
    log = await AuditLog.open(settings)
    await acknowledge(log, FOUND, ["w"], actor="li", reason="restored")
    await log.append(record("old"))
    _, pruned = await retain(log, Retention(), at_us=now_us() + 900 * DAY_US)
    await log.close()
    assert pruned >= 1
    assert [d["verb"] for d in await accesses(settings)] == ["acknowledge"]
