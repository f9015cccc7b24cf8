"""Acknowledges entries that are known to be lost (see `verify.gaps`)."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from threegate.audit.errors import trouble
from threegate.audit.log.append_queue import Receipt
from threegate.audit.log.record import Record, Stage
from threegate.audit.log.store import AuditLog
from threegate.audit.verify.gaps import GAP_RECORD, VERB, Gaps


async def acknowledge(
    log: AuditLog, found: Gaps, writers: Collection[str], *, actor: str, reason: str
) -> Receipt:
    """Acknowledges the gaps of these writers. Raises AuditError for a writer without one."""
    if not writers or not reason:
        raise trouble("gap-what")
    for writer in writers:
        if writer not in found:
            raise trouble("gap-unknown", writer=writer)
    places = [[writer, *found[writer]] for writer in sorted(writers)]
    detail = {"verb": VERB, "actor": actor, "reason": reason, "places": places}
    name = f"{GAP_RECORD}{secrets.token_hex(6)}"
    return await log.append(Record(stage=Stage.ACCESS, request_id=name, detail=detail))
