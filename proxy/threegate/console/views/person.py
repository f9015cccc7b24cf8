"""One person's records: overview, export, legal hold, erasure with a certificate. The person is
named in the form of each step, never in an address or the log, because both would retain what is to
be erased. The log finds them by a keyed hash within a tenant.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Connection, func, select
from starlette.responses import StreamingResponse

from threegate.audit.log.conditions import Query, of_subject
from threegate.audit.log.encoding import timestamp
from threegate.audit.log.query import MAX_PAGE, Entry, find
from threegate.audit.log.schema import CONTENT, RECORD, of_record
from threegate.audit.log.store import AuditLog
from threegate.audit.retention.erasure import Erased, Erasure, erase
from threegate.audit.retention.legal_holds import Hold, hold, holds, release, unheld
from threegate.console.auth.accounts import stamp
from threegate.console.errors import refusal
from threegate.console.presenters import records
from threegate.console.web import Answer, ConsoleRequest, Shown, reason_of
from threegate.errors import AuditError

NEWEST = 50


@dataclass(frozen=True, slots=True)
class Touched:
    """What an erasure would affect. Times are RFC 3339, empty without a record."""

    records: int
    texts: int
    held: int
    first: str
    last: str


async def form(visit: ConsoleRequest) -> Answer:
    """The person must be named at every step."""
    known = await _tenants(visit)
    only = known[0] if len(known) == 1 else ""
    return await _page(visit, "ask", only, subject="")


async def _page(visit: ConsoleRequest, step: str, tenant: str, **shown: Any) -> Shown:
    data = {"tenants": await _tenants(visit), "step": step, "tenant": tenant}
    return Shown("audit/person.html", data | shown)


async def look(visit: ConsoleRequest) -> Answer:
    """What is stored about a person: counts, dates and the newest calls, no text; the hash links to
    a search of these calls."""
    tenant, subject = _named(visit)
    audit, known = visit.parts.audit, records.titles(visit.serving)
    pseudonym = audit.master.pseudonym(tenant, subject)
    found = await audit.read(partial(_touched, pseudonym=pseudonym))
    newest = await audit.search(Query(subject=pseudonym, limit=NEWEST))
    await visit.note("person", tenant=tenant, found=found.records)
    rows = [records.row(e, visit.language, known) for e in newest.entries]
    kept = [
        {"id": h.id, "reason": h.reason, "since": timestamp(h.since_us)}
        for h in await _holds(audit, pseudonym)
    ]
    data = {"subject": subject, "found": asdict(found), "rows": rows, "holds": kept}
    data["hash"] = pseudonym
    return await _page(visit, "look", tenant, **data)


async def _holds(audit: AuditLog, pseudonym: str) -> tuple[Hold, ...]:
    """Holds that name the person; others may cover the same records."""
    return tuple(h for h in await holds(audit) if (h.name, h.value) == ("subject", pseudonym))


async def export(visit: ConsoleRequest) -> Answer:
    """Every record of the person with its kept texts, one JSON object per line."""
    (tenant, subject), reason = _named(visit), reason_of(visit)
    await visit.note("person-export", tenant=tenant, reason=reason)
    name = {"content-disposition": 'attachment; filename="threegate-person.jsonl"'}
    audit = visit.parts.audit
    lines = _lines(audit, audit.master.pseudonym(tenant, subject))
    return StreamingResponse(lines, media_type="application/x-ndjson", headers=name)


async def keep(visit: ConsoleRequest) -> Answer:
    """Places a legal hold: nothing about the person is erased or pruned until it is released."""
    (tenant, subject), reason = _named(visit), reason_of(visit)
    made = await hold(
        visit.parts.audit, "subject", subject, actor=visit.me.name, reason=reason, tenant=tenant
    )
    return await _page(visit, "held", tenant, hold=made.id)


async def lift(visit: ConsoleRequest) -> Answer:
    """Ends one of the holds that name the person."""
    (tenant, subject), reason = _named(visit), reason_of(visit)
    audit, wanted = visit.parts.audit, visit.form.get("hold", "")
    mine = await _holds(audit, audit.master.pseudonym(tenant, subject))
    if wanted not in {each.id for each in mine}:
        raise refusal("no-hold")
    await release(audit, wanted, actor=visit.me.name, reason=reason)
    return await _page(visit, "released", tenant, hold=wanted)


async def remove(visit: ConsoleRequest) -> Answer:
    """Erases, and shows a certificate that names the records of the log that prove it."""
    (tenant, subject), reason = _named(visit), reason_of(visit)
    wanted = Erasure(visit.me.name, reason, tenant=tenant, subject=subject)
    done = await erase(visit.parts.audit, wanted)
    return await _page(visit, "erased", tenant, certificate=_certificate(visit, wanted, done))


def _certificate(visit: ConsoleRequest, wanted: Erasure, done: Erased) -> dict[str, object]:
    return {
        "records": done.records,
        "held": done.held,
        "by": wanted.actor,
        "reason": wanted.reason,
        "at": stamp(),
        "person": visit.parts.audit.master.pseudonym(wanted.tenant, wanted.subject),
        "proofs": [
            {"writer": each.writer, "seq": each.seq, "leaf": each.leaf.hex()}
            for each in done.tombstones
        ],
    }


def _named(visit: ConsoleRequest) -> tuple[str, str]:
    """(tenant, subject). Raises ConsoleError if one is missing."""
    tenant, subject = (visit.form.get(n, "").strip() for n in ("tenant", "subject"))
    if not tenant or not subject:
        raise refusal("person")
    return tenant, subject


async def _tenants(visit: ConsoleRequest) -> list[str]:
    """Tenants with calls that are still in the log."""
    query = select(RECORD.c.tenant).where(RECORD.c.tenant != "").distinct().limit(200)
    rows = await visit.parts.audit.read(lambda c: c.execute(query).scalars().all())
    return sorted(str(row) for row in rows)


def _touched(connection: Connection, *, pseudonym: str) -> Touched:
    mine = of_subject(pseudonym)
    count, first, last = connection.execute(
        select(func.count(), func.min(RECORD.c.ts), func.max(RECORD.c.ts)).where(mine)
    ).one()
    texts = select(func.count()).select_from(CONTENT.join(RECORD, of_record(CONTENT))).where(mine)
    held = select(func.count()).select_from(RECORD).where(mine, ~unheld())
    return Touched(
        int(count),
        int(connection.execute(texts).scalar_one()),
        int(connection.execute(held).scalar_one()),
        timestamp(int(first)) if count else "",
        timestamp(int(last)) if count else "",
    )


async def _lines(audit: AuditLog, pseudonym: str) -> AsyncIterator[bytes]:
    query = Query(subject=pseudonym, limit=MAX_PAGE)
    while True:
        page = await audit.read(partial(find, query=query))
        for entry in page.entries:
            texts = await _kept(audit, entry) if entry.has_content else []
            yield orjson.dumps({"record": entry.event, "texts": texts}) + b"\n"
        if not page.next:
            return
        query = replace(query, after=page.next)


async def _kept(audit: AuditLog, entry: Entry) -> list[dict[str, str]]:
    """Nothing if the key is gone, because what cannot be read cannot be handed out."""
    try:
        return await audit.content(entry)
    except AuditError:
        return []
