"""Legal holds: what a hold names is neither erased nor pruned until the hold is released. Both
steps are recorded."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, delete, exists, insert, or_, select

from threegate.audit.errors import trouble
from threegate.audit.log.database import now_us
from threegate.audit.log.record import Record, Stage
from threegate.audit.log.rows import hold_digest
from threegate.audit.log.schema import HOLD, RECORD
from threegate.audit.log.store import AuditLog

HOLD_FIELDS = ("tenant", "conversation", "subject", "request_id")
HOLD_RECORD = "hold-"  # prefix of the names of hold records, which retention keeps


def unheld() -> ColumnElement[bool]:
    """Condition: no hold names the record."""
    named = [(HOLD.c.field == name) & (HOLD.c.value == RECORD.c[name]) for name in HOLD_FIELDS]
    return ~exists().where(or_(*named))


@dataclass(frozen=True, slots=True)
class Hold:
    """`subject` values are pseudonyms."""

    id: str
    name: str
    value: str = field(repr=False)
    reason: str
    since_us: int


async def hold(
    log: AuditLog, name: str, value: str, *, actor: str, reason: str, tenant: str = ""
) -> Hold:
    """Records with `name` = `value` are neither erased nor pruned until `release`."""
    if name not in HOLD_FIELDS or not value or not reason:
        raise trouble("hold-what", fields=", ".join(HOLD_FIELDS))
    kept = log.master.pseudonym(tenant, value) if name == "subject" else value
    made = Hold(secrets.token_hex(6), name, kept, reason, now_us())
    row = {"id": made.id, "field": name, "value": kept, "reason": reason, "since": made.since_us}
    detail = {"verb": "hold", "actor": actor, "reason": reason, "hold": made.id, "field": name}
    detail["row"] = hold_digest(made.id, name, kept, reason, made.since_us)
    record = Record(stage=Stage.ACCESS, request_id=f"{HOLD_RECORD}{made.id}", detail=detail)
    await log.append_with(record, lambda c: c.execute(insert(HOLD), [row]))
    return made


async def release(log: AuditLog, hold_id: str, *, actor: str, reason: str) -> None:
    """Raises `AuditError` for an unknown hold, and without a reason."""
    if not reason:
        raise trouble("reason", verb="release")
    if hold_id not in {h.id for h in await holds(log)}:
        raise trouble("hold-unknown")
    detail = {"verb": "release", "actor": actor, "reason": reason, "hold": hold_id}
    gone = delete(HOLD).where(HOLD.c.id == hold_id)
    record = Record(stage=Stage.ACCESS, request_id=f"{HOLD_RECORD}{hold_id}", detail=detail)
    await log.append_with(record, lambda c: c.execute(gone))


async def holds(log: AuditLog) -> tuple[Hold, ...]:
    listed = select(HOLD.c.id, HOLD.c.field, HOLD.c.value, HOLD.c.reason, HOLD.c.since)
    return await log.read(lambda c: tuple(Hold(*row) for row in c.execute(listed)))
