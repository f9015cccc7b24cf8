"""Erasing without breaking the proofs: by subject, request or conversation; by age; by destroying
keys.

An entry is never changed. Erasure removes what is stored outside it (text, search words, salt,
subject) or, when its retention ends, the entry itself, whose leaf hash stays. Each deletion happens
in the transaction of its *tombstone*, a record that says which places were erased, by whom and why,
so verification can distinguish erased from removed. Whatever a legal hold names is kept.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, exists, func, insert, select, text, update

from threegate.audit.errors import trouble
from threegate.audit.log.append_queue import Receipt
from threegate.audit.log.conditions import of_subject
from threegate.audit.log.database import PATIENT_SECONDS, is_postgres, now_us, writer_engine
from threegate.audit.log.record import DAY_US, PROXY, Record, Stage
from threegate.audit.log.schema import CONTENT, KEY, RECORD, STUB, of_record
from threegate.audit.log.store import AuditLog, today
from threegate.audit.retention.legal_holds import HOLD_RECORD, unheld
from threegate.audit.settings import Retention
from threegate.audit.verify.gaps import GAP_RECORD

BATCH = 2_000  # places per tombstone, which bounds the transaction and the entry
MERGE_PAGES = 500  # rows of the text index per transaction, so that records are written in between
MERGE = "INSERT INTO audit_text(audit_text, rank) VALUES ('merge', ?)"
MAX_MERGES = 100_000
VACUUM = "VACUUM audit_content, audit_text, audit_record, audit_key"
STAYS = ("writer", "erased", "policy")  # what the proofs and the policy history need

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Erasure:
    """Whose texts are erased. All given conditions must hold, and at least one must be given.
    `subject` is the end user's id."""

    actor: str
    reason: str
    tenant: str = ""
    subject: str = field(default="", repr=False)
    request_id: str = ""
    conversation: str = ""


@dataclass(frozen=True, slots=True)
class Erased:
    """How many records were affected, the records that state it, and how many a legal hold kept."""

    records: int
    tombstones: tuple[Receipt, ...] = ()
    held: int = 0


async def erase(log: AuditLog, wanted: Erasure) -> Erased:
    """Erases text, search words, salt and subject. Raises AuditError if too few conditions are
    given."""
    if not (wanted.subject or wanted.request_id or wanted.conversation):
        raise trouble("erase-what")
    if wanted.subject and not wanted.tenant:
        raise trouble("erase-tenant")
    conditions = [_present()]
    if wanted.subject:
        conditions.append(of_subject(log.master.pseudonym(wanted.tenant, wanted.subject)))
    for name in ("tenant", "request_id", "conversation"):
        if getattr(wanted, name):
            conditions.append(RECORD.c[name] == getattr(wanted, name))
    done = await _sweep(log, conditions, "erase", wanted.actor, wanted.reason, _forget)
    await asyncio.to_thread(scrub, log)
    held = select(func.count()).select_from(RECORD).where(*conditions, ~unheld())
    return replace(done, held=await log.read(lambda c: int(c.execute(held).scalar_one())))


async def shred(log: AuditLog, tenant: str, day: str, *, actor: str, reason: str) -> int:
    """Destroys the data keys of a tenant's UTC day (before today). Returns the number of keys.

    Its texts become unreadable, also in every copy of the database whose `audit_key` rows are
    deleted.
    """
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
        raise trouble("day", text=day)
    if day >= today():
        raise trouble("shred-today")
    wanted = (KEY.c.tenant == tenant) & (KEY.c.day == day)
    found = await log.read(lambda c: c.execute(select(KEY.c.id).where(wanted)).scalars().all())
    keys = list(found)
    if not keys:
        return 0
    if await log.read(lambda c: _held_texts(c, keys)):
        raise trouble("shred-held")
    detail = {"verb": "shred", "actor": actor, "reason": reason, "day": day, "keys": keys}

    def destroy(connection: Connection) -> None:
        _delete_texts(connection, CONTENT.c.key_id.in_(keys))
        connection.execute(delete(KEY).where(KEY.c.id.in_(keys)))

    await log.append_with(Record(stage=Stage.ERASED, detail=detail), destroy)
    await asyncio.to_thread(scrub, log)
    return len(keys)


def _held_texts(connection: Connection, keys: Sequence[str]) -> bool:
    held = (
        select(RECORD.c.seq)
        .where(of_record(CONTENT), CONTENT.c.key_id.in_(keys), ~unheld())
        .limit(1)
    )
    return connection.execute(held).first() is not None


async def retain(
    log: AuditLog, retention: Retention, *, at_us: int = 0, actor: str = PROXY, reason: str = ""
) -> tuple[int, int]:
    """The work of the daily job, or of a person who names days and reason. Returns (texts erased,
    records pruned) as of `at_us` (now)."""
    at = at_us or now_us()
    old = [_present(), RECORD.c.ts < at - retention.content_days * DAY_US]
    texts = (await _sweep(log, old, "erase", actor, reason or "content_days", _forget)).records
    ended: list[ColumnElement[bool]] = [RECORD.c.stage.not_in(STAYS)]
    ended += [~RECORD.c.request_id.startswith(kept) for kept in (HOLD_RECORD, GAP_RECORD)]
    ended.append(RECORD.c.ts < at - retention.metadata_days * DAY_US)
    pruned = (await _sweep(log, ended, "prune", actor, reason or "metadata_days", _prune)).records
    if texts or pruned:
        await asyncio.to_thread(scrub, log)
    return texts, pruned


def _present() -> ColumnElement[bool]:
    """Condition: there is something to erase (text, salt or subject)."""
    return RECORD.c.salt.is_not(None) | exists().where(of_record(CONTENT))


async def _sweep(
    log: AuditLog,
    conditions: Sequence[ColumnElement[bool]],
    verb: str,
    actor: str,
    reason: str,
    work: Callable[[Connection, Sequence[Place]], None],
) -> Erased:
    """Runs `work` on the matching records, batch by batch, each with its tombstone."""
    wanted = select(RECORD.c.writer, RECORD.c.seq).where(*conditions, unheld())
    wanted = wanted.order_by(RECORD.c.writer, RECORD.c.seq).limit(BATCH)
    total, receipts = 0, list[Receipt]()
    while places := await log.read(lambda c: [(w, int(s)) for w, s in c.execute(wanted)]):
        detail = {"verb": verb, "actor": actor, "reason": reason, "places": ranges(places)}
        record = Record(stage=Stage.ERASED, detail=detail)
        receipts.append(await log.append_with(record, _bound(work, places)))
        total += len(places)
    return Erased(total, tuple(receipts))


def _bound(
    work: Callable[[Connection, Sequence[Place]], None], places: Sequence[Place]
) -> Callable[[Connection], None]:
    return lambda connection: work(connection, places)


def ranges(places: Sequence[Place]) -> list[list[Any]]:
    """Sorted places as [writer, first, last]."""
    out: list[list[Any]] = []
    for writer, seq in places:
        if out and out[-1][0] == writer and out[-1][2] == seq - 1:
            out[-1][2] = seq
        else:
            out.append([writer, seq, seq])
    return out


def _forget(connection: Connection, places: Sequence[Place]) -> None:
    for writer, first, last in ranges(places):
        texts = (CONTENT.c.writer == writer) & CONTENT.c.seq.between(first, last)
        _delete_texts(connection, texts)
        entries = (RECORD.c.writer == writer) & RECORD.c.seq.between(first, last)
        connection.execute(update(RECORD).where(entries).values(salt=None, subject=None))


def _prune(connection: Connection, places: Sequence[Place]) -> None:
    for writer, first, last in ranges(places):
        entries = (RECORD.c.writer == writer) & RECORD.c.seq.between(first, last)
        kept = select(RECORD.c.writer, RECORD.c.seq, RECORD.c.leaf).where(entries)
        connection.execute(insert(STUB).from_select(["writer", "seq", "leaf"], kept))
        _delete_texts(connection, (CONTENT.c.writer == writer) & CONTENT.c.seq.between(first, last))
        connection.execute(delete(RECORD).where(entries))


def _delete_texts(connection: Connection, which: ColumnElement[bool]) -> None:
    key = "id" if is_postgres(connection) else "rowid"
    ids = connection.execute(select(CONTENT.c.id).where(which)).scalars().all()
    words = text(f"DELETE FROM audit_text WHERE {key} = :id")  # noqa: S608
    if ids:
        connection.execute(words, [{"id": i} for i in ids])
        connection.execute(delete(CONTENT).where(which))


def scrub(log: AuditLog) -> None:
    """Overwrites remains of deleted data: old index segments, WAL frames and dead rows."""
    engine = writer_engine(log.settings.url, PATIENT_SECONDS)
    try:
        if engine.dialect.name == "postgresql":
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(VACUUM))
            return
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            for pages in (-MERGE_PAGES, *[MERGE_PAGES] * MAX_MERGES):
                before = driver.total_changes
                driver.execute(MERGE, (pages,))
                if driver.total_changes - before < 2:  # FTS5: nothing was left to merge
                    break
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        engine.dispose()
