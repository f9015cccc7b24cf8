"""Exports the result of an audit search as a file: every record, page by page; or, up to a size, a
signed folder that proves itself. It contains metadata and, on request, redacted texts. Originals
are exported on the command line.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import orjson
from sqlalchemy import Connection, func, select
from starlette.responses import Response, StreamingResponse

from threegate.audit.export import bundle
from threegate.audit.export.bundle import FOLDER, Omission, Reveal
from threegate.audit.export.formats import FLAT, Wording, cell
from threegate.audit.log.conditions import Query, where
from threegate.audit.log.log_keys import load_signer
from threegate.audit.log.query import MAX_PAGE, Entry, find
from threegate.audit.log.schema import RECORD
from threegate.audit.log.store import AuditLog
from threegate.audit.settings import AuditSettings, Format
from threegate.console.errors import refusal
from threegate.console.presenters import labels
from threegate.console.presenters.records import channel_of
from threegate.console.review import search_terms
from threegate.console.views.record import parts_in
from threegate.console.views.review.verdicts import Verdicts, query_of
from threegate.console.web import Answer, ConsoleRequest, reason_of
from threegate.i18n.catalog import texts as catalog

Written = Callable[[Sequence[Entry], Connection, AuditLog], str]
"""Records as lines of a file."""
LEFT_OUT = catalog("console", "export")["left-out"]
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
    query, verdicts = await query_of(visit, terms, limit=MAX_PAGE)
    texts = form == "csv" and visit.form.get("texts") == "1"
    records = await visit.parts.audit.read(lambda c: _count(c, query))
    kept = search_terms.recorded(terms, visit.parts.audit.master)
    await visit.note("export", format=form, records=records, terms=kept, texts=texts)
    name = {"content-disposition": f'attachment; filename="threegate-audit.{form}"'}
    lines = (
        _table(visit.parts.audit, query, visit.language, texts=texts)
        if form == "csv"
        else _lines(
            visit.parts.audit, query, partial(_jsonl, verdicts=verdicts, reader=visit.me.name)
        )
    )
    return StreamingResponse(lines, media_type=MEDIA[form], headers=name)


async def _with_proofs(visit: ConsoleRequest, terms: Mapping[str, str]) -> Answer:
    """A zip that others can verify. A proof covers the record as it is, so records with a verdict
    that the visitor must not know yet are left out, which the zip and the log say. Raises
    ConsoleError without a reason and for too many."""
    reason, texts = reason_of(visit), visit.form.get("texts") == "1"
    (query, verdicts), audit = await query_of(visit, terms), visit.parts.audit
    records = await audit.read(lambda c: _count(c, query))
    if records > MOST_PROVEN:
        raise refusal("too-many-proven", count=records, most=MOST_PROVEN)
    left_out = await audit.read(lambda c: verdicts.secrets(c, query, visit.me.name))
    kept = search_terms.recorded(terms, audit.master)
    facts = {"records": records - left_out, "terms": kept, "texts": texts}
    more = {"left_out": left_out} if left_out else {}
    await visit.note("export", format="proofs", reason=reason, **facts, **more)
    secret = partial(verdicts.secret, reader=visit.me.name)
    omission = Omission(secret, LEFT_OUT.get(visit.language))
    wording = wording_in(visit.language)
    settings = visit.parts.audit_settings
    made = await visit.checked(partial(_zipped, audit, settings, query, texts, wording, omission))
    name = {"content-disposition": f'attachment; filename="{FOLDER}.zip"'}
    return Response(made, media_type="application/zip", headers=name)


def _zipped(
    audit: AuditLog,
    settings: AuditSettings,
    query: Query,
    texts: bool,
    wording: Wording,
    omission: Omission,
) -> bytes:
    reveal, packed = Reveal.REDACTED if texts else Reveal.NOTHING, io.BytesIO()
    with TemporaryDirectory() as scratch, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        folder, signer = Path(scratch) / FOLDER, load_signer(settings)
        bundle.export(
            settings.url, query, folder, signer,
            form=Format.CSV, reveal=reveal, master=audit.master, wording=wording,
            omission=omission,
        )  # fmt: skip
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            out.write(file, file.relative_to(scratch))
    return packed.getvalue()


def _count(connection: Connection, query: Query) -> int:
    counted = select(func.count()).select_from(RECORD).where(*where(connection, query))
    return int(connection.execute(counted).scalar_one())


async def _table(
    audit: AuditLog, query: Query, language: str, *, texts: bool
) -> AsyncIterator[str]:
    wording = wording_in(language)
    heads = (*wording.heads, head(TEXTS, language)) if texts else wording.heads
    yield "\ufeff" + _row(heads)  # a byte order mark, so that spreadsheets read Chinese
    async for lines in _lines(audit, query, partial(_csv, wording=wording, texts=texts)):
        yield lines


async def _lines(audit: AuditLog, query: Query, written: Written) -> AsyncIterator[str]:
    """The end of the period is fixed by the query, so records written meanwhile do not shift
    pages."""
    after = ""
    while True:
        page = partial(_page, audit, replace(query, after=after), written)
        lines, after = await audit.read(page)
        yield lines
        if not after:
            return


def _page(
    audit: AuditLog, query: Query, written: Written, connection: Connection
) -> tuple[str, str]:
    """A page of records as lines, and where the next one begins. Made in the reader's thread: cells
    take as long as reading, and calls would wait for those of every export."""
    page = find(connection, query)
    return written(page.entries, connection, audit), page.next


def _joined(parts: Sequence[Mapping[str, str]]) -> str:
    return "\n".join(f"{channel_of(part['part'])}: {part['redacted']}" for part in parts)


def _jsonl(
    entries: Sequence[Entry],
    connection: Connection,
    audit: AuditLog,
    *,
    verdicts: Verdicts,
    reader: str,
) -> str:
    return "".join(verdicts.line(entry, reader) for entry in entries)


def _csv(
    entries: Sequence[Entry],
    connection: Connection,
    audit: AuditLog,
    *,
    wording: Wording,
    texts: bool,
) -> str:
    """Writes cells so that none is a formula."""
    out = []
    for entry in entries:
        row = wording.row(orjson.loads(entry.entry))
        if texts:
            row.append(cell(_joined(parts_in(connection, audit.master, [entry]))))
        out.append(_row(row))
    return "".join(out)


def _row(cells: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


HEADS = catalog("console", "columns")
TEXTS: Final = "texts"
"""The column after the others, where texts were asked for."""
_BOOKS: Final = {each: each for each in ("stage", "action", "language", "verb", "error")}
_YES: Final = ("stream", "spooled")


def wording_in(language: str) -> Wording:
    return Wording(tuple(head(column, language) for column in FLAT), partial(_code, language))


def head(column: str, language: str) -> str:
    return HEADS[column].get(language)


def _code(language: str, column: str, value: str | int) -> str | int:
    if column in _YES:
        return labels.name("yes", "yes" if value else "no", language)
    if column == "kinds":
        return ("；" if language == "zh" else "; ").join(
            labels.name("kind", kind, language) for kind in str(value).split()
        )
    return labels.name(_BOOKS[column], str(value), language) if column in _BOOKS else value
