"""Exports the result of an audit search as a file: every record, page by page; or, up to a size, a
signed folder that proves itself. It contains metadata and, on request, redacted texts. Originals
are exported on the command line.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
from sqlalchemy import Connection, func, select
from starlette.responses import Response, StreamingResponse

from threegate.audit.export import bundle
from threegate.audit.export.bundle import Reveal
from threegate.audit.export.formats import FLAT, cell, flat
from threegate.audit.log.conditions import Query, where
from threegate.audit.log.log_keys import load_signer
from threegate.audit.log.query import MAX_PAGE, Entry, find
from threegate.audit.log.schema import RECORD
from threegate.audit.log.store import AuditLog
from threegate.audit.settings import AuditSettings, Format
from threegate.console.errors import refusal
from threegate.console.presenters.records import channel_of
from threegate.console.review import search_terms
from threegate.console.views.record import parts_in
from threegate.console.views.verdicts import query_of
from threegate.console.web import Answer, ConsoleRequest, reason_of

FOLDER = "threegate-export"
MOST_PROVEN = 20_000
"""The most records of an export that is built completely before it is sent."""
MEDIA = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


async def export(visit: ConsoleRequest) -> Answer:
    """Streams the file, so its length is unlimited; recorded before it begins."""
    terms = search_terms.terms_of(visit.form)
    form = visit.form.get("format", "jsonl")
    if form == "proofs":
        return await _with_proofs(visit, terms)
    if form not in MEDIA:
        raise refusal("no-format")
    query = await query_of(visit, terms, limit=MAX_PAGE)
    texts = form == "csv" and visit.form.get("texts") == "1"
    records = await visit.parts.audit.read(lambda c: _count(c, query))
    await visit.note("export", format=form, records=records, terms=sorted(terms), texts=texts)
    name = {"content-disposition": f'attachment; filename="threegate-audit.{form}"'}
    return StreamingResponse(
        _lines(visit.parts.audit, query, form, texts=texts), media_type=MEDIA[form], headers=name
    )


async def _with_proofs(visit: ConsoleRequest, terms: Mapping[str, str]) -> Answer:
    """A zip that others can verify. Raises ConsoleError without a reason, and for too many."""
    reason, texts = reason_of(visit), visit.form.get("texts") == "1"
    query, audit = await query_of(visit, terms), visit.parts.audit
    records = await audit.read(lambda c: _count(c, query))
    if records > MOST_PROVEN:
        raise refusal("too-many-proven", count=records, most=MOST_PROVEN)
    facts = {"records": records, "terms": sorted(terms), "texts": texts, "reason": reason}
    await visit.note("export", format="proofs", **facts)
    made = await visit.checked(partial(_zipped, audit, visit.parts.audit_settings, query, texts))
    name = {"content-disposition": f'attachment; filename="{FOLDER}.zip"'}
    return Response(made, media_type="application/zip", headers=name)


def _zipped(audit: AuditLog, settings: AuditSettings, query: Query, texts: bool) -> bytes:
    reveal, packed = Reveal.REDACTED if texts else Reveal.NOTHING, io.BytesIO()
    with TemporaryDirectory() as scratch, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        folder, signer = Path(scratch) / FOLDER, load_signer(settings)
        bundle.export(
            settings.url, query, folder, signer,
            form=Format.CSV, reveal=reveal, master=audit.master,
        )  # fmt: skip
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            out.write(file, file.relative_to(scratch))
    return packed.getvalue()


def _count(connection: Connection, query: Query) -> int:
    counted = select(func.count()).select_from(RECORD).where(*where(connection, query))
    return int(connection.execute(counted).scalar_one())


async def _lines(audit: AuditLog, query: Query, form: str, *, texts: bool) -> AsyncIterator[str]:
    """The end of the period is fixed by the query, so records written meanwhile do not shift
    pages."""
    if form == "csv":
        heads = (*FLAT, "texts") if texts else FLAT
        yield "\ufeff" + _row(heads)  # a byte order mark, so that spreadsheets read Chinese
    after = ""
    while True:
        page = partial(_page, audit, replace(query, after=after), form, texts)
        lines, after = await audit.read(page)
        yield lines
        if not after:
            return


def _page(
    audit: AuditLog, query: Query, form: str, texts: bool, connection: Connection
) -> tuple[str, str]:
    """A page of records as lines, and where the next one begins. Made in the reader's thread: cells
    take as long as reading, and calls would wait for those of every export."""
    page = find(connection, query)
    if form != "csv":
        return _jsonl(page.entries), page.next
    more: Sequence[Sequence[str]] = [()] * len(page.entries)
    if texts:
        parts = (parts_in(connection, audit.master, [entry]) for entry in page.entries)
        more = [(_joined(each),) for each in parts]
    return _csv(page.entries, more), page.next


def _joined(parts: Sequence[Mapping[str, str]]) -> str:
    return "\n".join(f"{channel_of(part['part'])}: {part['redacted']}" for part in parts)


def _jsonl(entries: Sequence[Entry]) -> str:
    return "".join(entry.entry + "\n" for entry in entries)


def _csv(entries: Sequence[Entry], more: Sequence[Sequence[str]]) -> str:
    """Writes cells so that none is a formula."""
    columns = (flat(orjson.loads(entry.entry)) for entry in entries)
    rows = (
        [*(each[name] for name in FLAT), *cells] for each, cells in zip(columns, more, strict=True)
    )
    return "".join(_row([cell(value) for value in row]) for row in rows)


def _row(cells: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
