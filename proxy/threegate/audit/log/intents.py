"""Intents in the database, each of which becomes the record of its call, and which of them already
have one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from threegate.audit.log.record import ENDS
from threegate.audit.log.rows import Row
from threegate.audit.log.schema import INTENT, RECORD

INTENT_NAMES = ("id", "writer", "ts", "caller", "policy", "digest", "key_id", "salt")
ADOPTED = 256  # intents without a process or a record, in one transaction


def open_intents(connection: Connection, writers: Sequence[str], ids: Sequence[str]) -> list[Row]:
    """Intents of these writers or with these ids, oldest first, except those that another writer is
    about to take."""
    if not writers and not ids:
        return []
    wanted = INTENT.c.writer.in_(writers) | INTENT.c.id.in_(ids)
    listed = select(*(INTENT.c[n] for n in INTENT_NAMES)).where(wanted)
    rows = listed.order_by(INTENT.c.ts, INTENT.c.id).limit(ADOPTED)
    return [tuple(r) for r in connection.execute(rows.with_for_update(skip_locked=True))]


def recorded(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Requests that already have their record."""
    ended = [s.value for s in ENDS]
    found = select(RECORD.c.request_id).where(RECORD.c.request_id.in_(ids))
    return set(connection.execute(found.where(RECORD.c.stage.in_(ended))).scalars())
