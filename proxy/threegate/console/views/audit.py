"""The audit desk: search, saved searches, verification. Every access is itself recorded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, Final

from anyio.to_thread import run_sync
from sqlalchemy import Connection

from threegate.audit.log.conditions import Query
from threegate.audit.log.query import Entry, find, request_of
from threegate.audit.log.record import Stage
from threegate.audit.retention import lost_entries
from threegate.audit.verify.findings import VerifyReport
from threegate.audit.verify.gaps import gaps
from threegate.audit.verify.verifier import verify_all
from threegate.console.errors import refusal
from threegate.console.presenters import records as explained
from threegate.console.presenters.snippets import snippet
from threegate.console.review import search_terms
from threegate.console.review.review_store import SavedSearch
from threegate.console.views.record import parts_in
from threegate.console.views.review.verdicts import TERM, Verdicts, verdicts_for
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking, reason_of

GIVEN_ID: Final = re.compile(r"(?:tg|dec)_[0-9a-f]{20,}")
MAX_NAME = 60


async def search(visit: ConsoleRequest) -> Answer:
    """Finds the record for an id that a client was given."""
    terms, clock = search_terms.terms_of(visit.query), visit.clock
    if GIVEN_ID.fullmatch(given := terms.get("q", "").strip()):
        request = await visit.parts.audit.read(lambda c: request_of(c, given))
        if request:
            return Redirect(f"/audit/record/{request}")
    after = visit.query.get("after", "")
    if moment := visit.query.get("jump", ""):
        after = search_terms.jump(moment, clock)
    query = search_terms.to_query(terms, clock, limit=search_terms.PAGE, after=after)
    verdicts = await verdicts_for(visit)
    query = search_terms.counting(verdicts.narrowed(query, terms.get(TERM, "")), clock)
    found = await visit.parts.audit.read(lambda c: _found(c, query, visit, terms, verdicts))
    kept = search_terms.recorded(terms, visit.parts.audit.master)
    await visit.note("search", terms=kept, found=len(found["rows"]))
    return Shown(
        "audit/audit.html",
        found
        | {
            "terms": terms,
            "later": bool(after),
            "since": clock.field(query.since_us) if "since" in terms else "",
            "until": clock.field(query.until_us) if "until" in terms else "",
            "zoom": search_terms.address(terms, days="", since="", until=""),
            "view": search_terms.address(terms),
            "everybody": search_terms.address(terms, subject=""),
            "saved": [
                asdict(v) for v in await blocking(visit.parts.review_store.saved.of, visit.me.name)
            ],
        },
    )


def _found(
    connection: Connection,
    query: Query,
    visit: ConsoleRequest,
    terms: Mapping[str, str],
    verdicts: Verdicts,
) -> dict[str, Any]:
    page, language = find(connection, query), visit.language
    serving, master = visit.serving, visit.parts.audit.master
    known, settings = explained.titles(serving), explained.constraint_ids(serving)

    def row(entry: Entry) -> dict[str, Any]:
        cut = snippet(entry.event, parts_in(connection, master, [entry]), query.text)
        judged = verdicts.shown.get(entry.request_id, [])
        made = explained.row(entry, language, known) | {"snippet": cut, "judged": judged}
        return made | {"detail": verdicts.readable(made["detail"], visit.me.name)}

    facets = dict(page.facets)
    if terms.get("stage") in (Stage.ACCESS, Stage.POLICY):  # of no call, so without an outcome
        facets.pop("action", None)
    if "stage" not in terms:
        every = sum(page.facets.get("stage", {}).values())
        facets[TERM] = verdicts.counts(connection, query, every)
    more = search_terms.address(terms) + f"&after={page.next}" if page.next else ""
    return {
        "rows": [row(entry) for entry in page.entries],
        "facets": search_terms.facet_groups(facets, terms, language, known, settings),
        "timeline": search_terms.timeline(connection, query, page, language, visit.clock),
        "more": more.lstrip("&"),
    }


async def keep_view(visit: ConsoleRequest) -> Answer:
    """Saves the current search under a name; `shared` shows it to every reviewer."""
    name = visit.form.get("name", "").strip()[:MAX_NAME]
    query = search_terms.address(search_terms.terms_of(visit.form))
    if not name:
        raise refusal("view-name")
    view = SavedSearch(visit.me.name, name, query, visit.form.get("shared") == "1")
    await visit.note("save-view", shared=view.shared)
    await blocking(visit.parts.review_store.saved.keep, view)
    return Redirect(f"/audit?{query}", done="view-saved", data={"name": name})


async def drop_view(visit: ConsoleRequest) -> Answer:
    """Deletes only the visitor's own."""
    await visit.note("drop-view")
    await blocking(visit.parts.review_store.saved.drop, visit.me.name, visit.form.get("name", ""))
    return Redirect("/audit", done="view-dropped")


async def _read_log(visit: ConsoleRequest) -> VerifyReport:
    """Verifies the whole log when it is this visitor's turn."""
    work = partial(verify_all, visit.parts.audit_settings)
    return await run_sync(work, limiter=visit.parts.verifications)


async def verify(visit: ConsoleRequest) -> Answer:
    """Runs the independent verifier over the whole log and shows its result for one record, if
    named."""
    report = await _read_log(visit)
    await visit.note("verify", ok=report.ok, problems=len(report.problems))
    writer, seq = visit.form.get("writer", ""), visit.form.get("seq", "")
    back = {"back_to": visit.form.get("request", "")}
    return Shown("audit/verify.html", _verified(report, writer, seq, visit.language) | back)


async def acknowledge(visit: ConsoleRequest) -> Answer:
    """Acknowledges the lost end of a chain exactly as the page showed it, because more may have
    gone missing since. It takes effect with the next checkpoint."""
    reason, writer = reason_of(visit), visit.form.get("writer", "")
    report = await _read_log(visit)
    if writer not in (found := gaps(report)):
        raise refusal("no-gap")
    if [visit.form.get("first"), visit.form.get("last")] != list(map(str, found[writer])):
        raise refusal("other-gap")
    who = {"actor": visit.me.name, "reason": reason}
    await lost_entries.acknowledge(visit.parts.audit, found, [writer], **who)
    return Redirect("/audit", done="gap-known", data={"writer": writer})


def _verified(report: VerifyReport, writer: str, seq: str, language: str) -> dict[str, Any]:
    here = [p for p in report.problems if p.writer == writer and str(p.seq) == seq]
    chain = next((c for c in report.chains if c.writer == writer), None)
    signed = chain is not None and seq.isdigit() and int(seq) < chain.integrated
    return {
        "good": report.ok,
        "chains": [chain.as_dict() for chain in report.chains],
        "unanswered": report.unanswered,
        "in_flight": report.in_flight,
        "problems": [p.as_dict(language) for p in report.problems[:100]],
        "acknowledged": [a.as_dict(language) for a in report.acknowledged[:100]],
        "gaps": [{"writer": w, "first": a, "last": b} for w, (a, b) in gaps(report).items()],
        "one": {"writer": writer, "seq": seq, "sound": not here, "signed": signed}
        if writer
        else {},
    }
