"""What a hold names stays until its release."""

from __future__ import annotations

import pytest
from threegate.audit import AuditSettings
from threegate.audit.retention.erasure import Erasure, erase
from threegate.audit.retention.legal_holds import hold, holds, release
from threegate.errors import AuditError

from tests.audit.conftest import check
from tests.audit.retention.test_erasure import with_subjects


async def test_a_hold_keeps_until_its_release(settings: AuditSettings) -> None:
    log = await with_subjects(settings)
    wanted = Erasure("dpo", "wish", tenant="retail", subject="u1")
    held = await hold(log, "subject", "u1", actor="counsel", reason="case 4", tenant="retail")
    assert await holds(log) == (held,)
    assert await erase(log, wanted) == 0
    await release(log, held.id, actor="counsel", reason="closed")
    assert await erase(log, wanted) == 3
    with pytest.raises(AuditError, match="no such hold"):
        await release(log, held.id, actor="counsel", reason="again")
    with pytest.raises(AuditError, match="needs one of"):
        await hold(log, "model", "x", actor="counsel", reason="r")
    await log.close()
    assert check(settings).ok
