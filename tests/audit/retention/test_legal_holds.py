"""What a hold names stays until its release."""

from __future__ import annotations

import pytest
from threegate.audit import AuditSettings
from threegate.audit.log.database import now_us
from threegate.audit.retention.erasure import DAY_US, Erasure, erase, retain
from threegate.audit.retention.legal_holds import hold, holds, release
from threegate.audit.settings import Retention
from threegate.errors import AuditError

from tests.audit.conftest import check
from tests.audit.retention.test_erasure import with_subjects


async def test_the_record_of_a_hold_outlives_its_retention(settings: AuditSettings) -> None:
    log = await with_subjects(settings)
    await hold(log, "tenant", "elsewhere", actor="counsel", reason="case 4")
    _, pruned = await retain(log, Retention(), at_us=now_us() + 400 * DAY_US)
    assert pruned
    await log.close()
    report = check(settings)
    assert report.ok, report.problems


async def test_a_hold_keeps_until_its_release(settings: AuditSettings) -> None:
    log = await with_subjects(settings)
    wanted = Erasure("dpo", "wish", tenant="retail", subject="u1")
    held = await hold(log, "subject", "u1", actor="counsel", reason="case 4", tenant="retail")
    assert await holds(log) == (held,)
    assert (await erase(log, wanted)).records == 0
    await release(log, held.id, actor="counsel", reason="closed")
    assert (await erase(log, wanted)).records == 3
    with pytest.raises(AuditError, match="no such hold"):
        await release(log, held.id, actor="counsel", reason="again")
    with pytest.raises(AuditError, match="needs one of"):
        await hold(log, "model", "x", actor="counsel", reason="r")
    await log.close()
    assert check(settings).ok
