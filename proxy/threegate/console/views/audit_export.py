"""What a search of the audit log shows, as a file: every record of it, page by page.

Metadata only; texts are exported on the command line, with their proofs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial

import orjson
from sqlalchemy import Connection, func, select
from starlette.responses import StreamingResponse

from threegate.audit.export.formats import FLAT, cell, flat
from threegate.audit.log.query import MAX_PAGE, Entry, Query, find, where
from threegate.audit.log.schema import RECORD
from threegate.audit.log.store import AuditLog
from threegate.console.review import search_terms
from threegate.console.web import Answer, ConsoleError, ConsoleRequest

MEDIA = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


async def export(visit: ConsoleRequest) -> Answer:
    """Sends the file as it is read, so its length is unbounded; recorded before it begins."""
    terms = search_terms.terms_of(visit.form)
    form = visit.form.get("format", "jsonl")
    if form not in MEDIA:
        raise ConsoleError(400, "不支持的格式", "no such format")
    query = search_terms.to_query(terms, visit.clock, limit=MAX_PAGE)
    records = await visit.parts.audit.read(lambda c: _count(c, query))
    await visit.note("export", format=form, records=records, terms=sorted(terms))
    name = {"content-disposition": f'attachment; filename="threegate-audit.{form}"'}
    return StreamingResponse(
        _lines(visit.parts.audit, query, form), media_type=MEDIA[form], headers=name
    )


def _count(connection: Connection, query: Query) -> int:
    counted = select(func.count()).select_from(RECORD).where(*where(connection, query))
    return int(connection.execute(counted).scalar_one())


async def _lines(audit: AuditLog, query: Query, form: str) -> AsyncIterator[str]:
    """The end of the period is fixed by the query, so records written meanwhile do not shift it."""
    if form == "csv":
        yield "\ufeff" + _row(FLAT)  # a byte order mark, so that spreadsheets read Chinese
    written = _csv if form == "csv" else _jsonl
    after = ""
    while True:
        following = replace(query, after=after)
        page = await audit.read(partial(find, query=following))
        yield written(page.entries)
        if not (after := page.next):
            return


def _jsonl(entries: Sequence[Entry]) -> str:
    return "".join(entry.entry + "\n" for entry in entries)


def _csv(entries: Sequence[Entry]) -> str:
    """No cell is a formula."""
    columns = (flat(orjson.loads(entry.entry)) for entry in entries)
    return "".join(_row([cell(each[name]) for name in FLAT]) for each in columns)


def _row(cells: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
