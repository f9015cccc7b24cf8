"""Rewraps the data keys of a log after a change of the master key, so that the old one can be
retired. Texts, entries and proofs stay unchanged. Each batch changes in the transaction of the
record that states it; after an interruption the next run does the rest. A key that is destroyed
meanwhile stays destroyed.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, LargeBinary, Row, case, cast, select, update

from threegate.audit.log.keys import MasterKey
from threegate.audit.log.query import of_requests
from threegate.audit.log.record import Record, Stage
from threegate.audit.log.schema import KEY
from threegate.audit.log.store import AuditLog
from threegate.errors import AuditError

logger = logging.getLogger(__name__)

BATCH = 500  # data keys per statement; a driver that sends single rows would take too long
NEWEST = 200  # data keys that are checked when the server starts
REWRAP = "rewrap"  # the name of these records
UNREADABLE = ""  # used in place of a master key's id


def by_master(connection: Connection, master: MasterKey) -> Counter[str]:
    """How many data keys each master key has wrapped, by its id."""
    found: Counter[str] = Counter()
    for row in connection.execute(select(KEY)):
        try:
            found[master.wrapped_by(row.id, row.tenant, row.day, bytes(row.wrapped))] += 1
        except AuditError:
            found[UNREADABLE] += 1
    return found


async def rewrap(log: AuditLog, *, actor: str, reason: str) -> int:
    """Rewraps all data keys under the newest master key and returns how many it changed. Those that
    cannot be opened stay unchanged."""
    keys, last = 0, ""
    while rows := await log.read(partial(_page, after=last)):
        changes, _ = _changes(log.master, rows)
        if changes:
            record = _record(log.master, actor, reason, len(changes))
            await log.append_with(record, partial(_wrap, changes=changes))
        keys, last = keys + len(changes), rows[-1].id
    return keys


async def check(log: AuditLog) -> None:
    """Reports in the server's log that a key is missing, so that texts cannot be read or persons
    not be found. Otherwise this would show only when somebody needs them."""
    try:
        unreadable, subjects = await log.read(partial(_known, master=log.master))
    except AuditError:  # the database is unavailable
        return
    if unreadable:
        text = (
            "audit: %d of the newest data keys open with no master key: see audit_old_master_keys"
        )
        logger.error(text, unreadable)
    if subjects not in ("", log.master.subject_key_id):
        own = log.master.subject_key_id
        logger.error(
            "audit: persons were stored under the key %s, not %s: see audit_subject_key",
            subjects,
            own,
        )


def _known(connection: Connection, master: MasterKey) -> tuple[int, str]:
    """How many of the newest data keys no key opens, and the id of the key of pseudonyms as the
    last change of the master key recorded it."""
    newest = connection.execute(select(KEY).order_by(KEY.c.day.desc()).limit(NEWEST)).all()
    _, unreadable = _changes(master, newest)
    noted = of_requests(connection, [REWRAP])
    return unreadable, str(noted[-1].event["detail"]["subjects"]) if noted else ""


def _page(connection: Connection, after: str) -> Sequence[Row[Any]]:
    wanted = select(KEY).where(KEY.c.id > after).order_by(KEY.c.id).limit(BATCH)
    return connection.execute(wanted).all()


def _wrap(connection: Connection, changes: Mapping[str, bytes]) -> None:
    typed = {id: cast(wrapped, LargeBinary) for id, wrapped in changes.items()}
    after = case(typed, value=KEY.c.id)
    connection.execute(update(KEY).where(KEY.c.id.in_(changes)).values(wrapped=after))


def _changes(master: MasterKey, rows: Sequence[Row[Any]]) -> tuple[dict[str, bytes], int]:
    """The new form of each data key to store, and how many no key opens."""
    changes, unknown = dict[str, bytes](), 0
    for row in rows:
        try:
            after = master.rewrapped(row.id, row.tenant, row.day, bytes(row.wrapped))
        except AuditError:
            unknown += 1
            continue
        if after is not None:
            changes[row.id] = after
    return changes, unknown


def _record(master: MasterKey, actor: str, reason: str, keys: int) -> Record:
    detail = {"verb": "rewrap", "actor": actor, "reason": reason, "keys": keys}
    detail |= {"master": master.id, "subjects": master.subject_key_id}
    return Record(stage=Stage.ACCESS, request_id=REWRAP, detail=detail)
