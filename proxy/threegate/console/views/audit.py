"""The audit desk: search, one record, reveal, verify. Every look is itself recorded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection

from threegate.audit.log.conditions import Query
from threegate.audit.log.encoding import timestamp
from threegate.audit.log.keys import MasterKey
from threegate.audit.log.lookup import request_of
from threegate.audit.log.query import Entry, find, read_content
from threegate.audit.log.record import OF_CALLS
from threegate.audit.verify.findings import VerifyReport
from threegate.audit.verify.published import verify_all
from threegate.console.auth.sessions import REVEAL_S, SITTING_COOKIE, SITTING_S
from threegate.console.errors import refusal
from threegate.console.presenters import records as explained
from threegate.console.presenters.explanation import explanation
from threegate.console.presenters.form_choices import missable
from threegate.console.presenters.questions import rules_to_judge
from threegate.console.presenters.snippets import snippet
from threegate.console.review import search_terms
from threegate.console.review.complaints import CLAIMS, SOURCES
from threegate.console.review.review_store import ReviewLabel
from threegate.console.review.saved_searches import SavedSearch
from threegate.console.web import (
    Answer,
    ConsoleRequest,
    Redirect,
    Shown,
    blocking,
    reason_of,
)
from threegate.errors import AuditError
from threegate.types import Bilingual

GIVEN_ID: Final = re.compile(r"(?:tg|dec)_[0-9a-f]{20,}")
MAX_NAME = 60


async def search(visit: ConsoleRequest) -> Answer:
    """An id that a client was given leads to its record."""
    terms, clock = search_terms.terms_of(visit.query), visit.clock
    if GIVEN_ID.fullmatch(given := terms.get("q", "").strip()):
        request = await visit.parts.audit.read(lambda c: request_of(c, given))
        if request:
            return Redirect(f"/audit/record/{request}")
    after = visit.query.get("after", "")
    if moment := visit.query.get("jump", ""):
        after = search_terms.jump(moment, clock)
    query = search_terms.to_query(terms, clock, limit=search_terms.PAGE, after=after)
    query = search_terms.counting(query, clock)
    found = await visit.parts.audit.read(lambda c: _found(c, query, visit, terms))
    await visit.note("search", terms=sorted(terms), found=len(found["rows"]))
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
    connection: Connection, query: Query, visit: ConsoleRequest, terms: Mapping[str, str]
) -> dict[str, Any]:
    page, language = find(connection, query), visit.language
    serving, master = visit.serving, visit.parts.audit.master
    known, settings = explained.titles(serving), explained.constraint_ids(serving)

    def row(entry: Entry) -> dict[str, Any]:
        cut = snippet(entry.event, parts_in(connection, master, [entry]), query.text)
        return explained.row(entry, language, known) | {"snippet": cut}

    more = search_terms.address(terms) + f"&after={page.next}" if page.next else ""
    return {
        "rows": [row(entry) for entry in page.entries],
        "facets": search_terms.facet_groups(page.facets, terms, language, known, settings),
        "timeline": search_terms.timeline(connection, query, page, language, visit.clock),
        "more": more.lstrip("&"),
    }


def parts_in(
    connection: Connection, master: MasterKey, entries: Sequence[Entry]
) -> list[dict[str, str]]:
    """As `kept_parts`; none where the key is gone."""
    try:
        return _parts(connection, master, entries)
    except AuditError:
        return []


async def keep_view(visit: ConsoleRequest) -> Answer:
    """The search that is shown, under a name; `shared` shows it to every reviewer."""
    name = visit.form.get("name", "").strip()[:MAX_NAME]
    query = search_terms.address(search_terms.terms_of(visit.form))
    if not name:
        raise refusal("view-name")
    view = SavedSearch(visit.me.name, name, query, visit.form.get("shared") == "1")
    await visit.note("save-view", shared=view.shared)
    await blocking(visit.parts.review_store.saved.keep, view)
    return Redirect(f"/audit?{query}", done="view-saved", data={"name": name})


async def drop_view(visit: ConsoleRequest) -> Answer:
    """One's own only."""
    await visit.note("drop-view")
    await blocking(visit.parts.review_store.saved.drop, visit.me.name, visit.form.get("name", ""))
    return Redirect("/audit", done="view-dropped")


async def entries_of(visit: ConsoleRequest) -> Sequence[Entry]:
    """The life of the request in the address, oldest first. Raises ConsoleError."""
    found = await visit.parts.audit.get(visit.path["request"])
    if not found:
        raise refusal("no-record")
    return [e for e in found if e.stage in OF_CALLS] or found


async def record(visit: ConsoleRequest) -> Answer:
    entries = await entries_of(visit)
    shown = await opened(visit, entries, revealed=revealed_now(visit))
    known = explained.titles(visit.serving)
    labels = _shown_labels(
        await blocking(visit.parts.review_store.labels, [visit.path["request"]]), visit
    )
    complaints = await blocking(visit.parts.review_store.complaints.all, visit.path["request"])
    last = entries[-1]
    return Shown(
        "audit/record.html",
        {
            **shown,
            "event": _facts(last),
            "decisions": explained.decisions(last.event, visit.language, known),
            "explanation": explanation(
                last.event, visit.clock.show(last.ts_us), visit.language, known
            ),
            "complaints": [asdict(c) for c in complaints],
            "sources": SOURCES,
            "claims": CLAIMS,
            "records": [_place(e) for e in entries],
            "labels": [asdict(label) for label in labels],
            "judged": _judged(last, labels, visit.language, known),
            "rules": {rule: title.get(visit.language) for rule, title in known.items()},
        },
    )


async def opened(
    visit: ConsoleRequest, entries: Sequence[Entry], *, revealed: bool
) -> dict[str, Any]:
    """What each page about one request shows of it, once it is recorded who looks."""
    request, language = visit.path["request"], visit.language
    await visit.note("open", object=request, revealed=revealed)
    texts, problem = await texts_of(visit, entries, revealed=revealed)
    return {
        "request": request,
        "entry": explained.row(entries[-1], language, explained.titles(visit.serving)),
        "texts": texts,
        "text_problem": problem,
        "no_text": explained.why_no_text([e.event for e in entries]),
        "revealed": revealed,
        "sitting": bool(sitting(visit)),
        "kinds": await blocking(missable, language),
    }


def revealed_now(visit: ConsoleRequest) -> bool:
    ticket = visit.parts.signer.read("reveal", visit.query.get("ticket", ""), REVEAL_S)
    return ticket == [visit.me.name, visit.path["request"]]


async def kept_parts(visit: ConsoleRequest, entries: Sequence[Entry]) -> list[dict[str, str]]:
    """Every text that the records of a request kept: question first, then the answer. Raises
    AuditError where the key is gone."""
    audit = visit.parts.audit
    return await audit.read(lambda c: _parts(c, audit.master, entries))


def _parts(
    connection: Connection, master: MasterKey, entries: Sequence[Entry]
) -> list[dict[str, str]]:
    kept = (read_content(connection, master, e) for e in entries if e.has_content)
    return list({part["part"]: part for parts in kept for part in parts}.values())


async def texts_of(
    visit: ConsoleRequest, entries: Sequence[Entry], *, revealed: bool
) -> tuple[list[dict[str, Any]], str]:
    """The kept texts, coloured; a problem where they do not open."""
    try:
        parts = await kept_parts(visit, entries)
    except AuditError:
        gone = visit.text_in(
            "密钥已销毁，文本无法解密", "the key was destroyed: the text cannot be decrypted"
        )
        return [], gone
    return explained.texts(entries[-1].event, parts, revealed=revealed), ""


def _facts(entry: Entry) -> dict[str, Any]:
    event = entry.event
    names = ("caller", "model", "policy", "usage", "timings_ms", "detail", "trace")
    return {n: event.get(n, {}) for n in names} | {
        "endpoint": event.get("endpoint", ""),
        "error": event.get("error", ""),
        "finish_reason": event.get("finish_reason", ""),
        "degraded": event.get("degraded", []),
        "masked": event.get("masked", []),
        "label": event.get("label", ""),
    }


def _place(entry: Entry) -> dict[str, Any]:
    return {
        "stage": entry.stage.value,
        "writer": entry.writer,
        "seq": entry.seq,
        "at": timestamp(entry.ts_us),
        "leaf": entry.leaf.hex(),
        "integrated": entry.integrated,
    }


def _judged(
    entry: Entry, labels: Sequence[ReviewLabel], language: str, known: Mapping[str, Bilingual]
) -> list[dict[str, Any]]:
    """Rules that a reviewer can judge here, and the call as a whole, with their labels."""
    rules = dict.fromkeys((*rules_to_judge(entry.event), ""))
    return [
        {
            "rule": rule,
            "title": explained.title_of(rule, known, language),
            "labels": [x.label for x in labels if x.rule == rule],
        }
        for rule in rules
    ]


def _shown_labels(labels: Sequence[ReviewLabel], visit: ConsoleRequest) -> Sequence[ReviewLabel]:
    """Others' verdicts only after one's own: a second opinion is independent of the first."""
    return labels if any(x.author == visit.me.name for x in labels) else ()


async def reveal(visit: ConsoleRequest) -> Answer:
    """A ticket for ten minutes, for this person and this record, once the reason is recorded. The
    reason holds for an hour: further records are revealed, and recorded, with it."""
    reason, given = reason_of(visit, sitting(visit)), visit.form.get("reason", "").strip()
    request = visit.path["request"]
    await entries_of(visit)
    await visit.note("reveal", object=request, reason=reason, seconds=REVEAL_S)
    signer, name = visit.parts.signer, visit.me.name
    ticket = signer.sign("reveal", name, request)
    page = "queue" if visit.form.get("from") == "queue" else "record"
    show = "&show=mine" if visit.form.get("show") == "mine" else ""
    cookies = {SITTING_COOKIE: signer.sign("sitting", name, reason)} if given else {}
    to = f"/audit/{page}/{request}?ticket={ticket}{show}"
    return Redirect(to, data={"ticket": ticket}, cookies=cookies)


def sitting(visit: ConsoleRequest) -> str:
    """The reason that this reviewer gave within the last hour; empty without one."""
    token = visit.request.cookies.get(SITTING_COOKIE, "")
    match visit.parts.signer.read("sitting", token, SITTING_S):
        case [str(name), str(reason)] if name == visit.me.name:
            return reason
    return ""


async def verify(visit: ConsoleRequest) -> Answer:
    """The independent reader over the whole log; what it says of one record, where one is named."""
    report = await blocking(verify_all, visit.parts.audit_settings)
    await visit.note("verify", ok=report.ok, problems=len(report.problems))
    writer, seq = visit.form.get("writer", ""), visit.form.get("seq", "")
    back = {"back_to": visit.form.get("request", "")}
    return Shown("audit/verify.html", _verified(report, writer, seq, visit.language) | back)


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
        "one": {"writer": writer, "seq": seq, "sound": not here, "signed": signed}
        if writer
        else {},
    }
