"""Complaints about decisions: received, linked to a record, answered. The log records no text."""

from __future__ import annotations

from dataclasses import asdict

from threegate.audit.log.query import request_of
from threegate.console.auth.accounts import stamp
from threegate.console.errors import refusal
from threegate.console.review.complaints import CLAIMS, OUTCOMES, SOURCES, Complaint, new_id
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking

MAX_CHARS = 4_000


async def listing(visit: ConsoleRequest) -> Answer:
    found = await blocking(visit.parts.review_store.complaints.all)
    await visit.note("complaints", found=len(found))
    return Shown(
        "review/complaints.html",
        {
            "rows": [asdict(c) for c in found],
            "request": visit.query.get("request", "")[:64],
            "sources": SOURCES,
            "claims": CLAIMS,
            "outcomes": OUTCOMES,
        },
    )


async def take(visit: ConsoleRequest) -> Answer:
    """A complaint as received; `request` must be a request or decision in the log, or empty."""
    named, text = visit.form.get("request", "").strip(), visit.form.get("text", "").strip()
    source, claim = visit.form.get("source", ""), visit.form.get("claim", "")
    if source not in SOURCES or claim not in CLAIMS or not text or len(text) > MAX_CHARS:
        raise refusal("complaint")
    request = await visit.parts.audit.read(lambda c: request_of(c, named)) if named else ""
    if named and not request:
        raise refusal("no-request")
    made = Complaint(new_id(), request, source, claim, text, visit.me.name, stamp())
    await visit.note("complaint", object=request, complaint=made.id, source=source, claim=claim)
    await blocking(visit.parts.review_store.complaints.take, made)
    return Redirect(_back(visit, request), done="complained", data={"id": made.id})


async def answer(visit: ConsoleRequest) -> Answer:
    id, outcome = visit.path["id"], visit.form.get("outcome", "")
    text = visit.form.get("answer", "").strip()
    if outcome not in OUTCOMES or not text or len(text) > MAX_CHARS:
        raise refusal("complaint-answer")
    await visit.note("complaint-answered", complaint=id, outcome=outcome)
    complaints = visit.parts.review_store.complaints
    done = await blocking(complaints.answer, id, outcome, text, visit.me.name, stamp())
    if not done:
        raise refusal("no-complaint")
    return Redirect("/audit/complaints", done="answered", data={"id": id})


async def reopen(visit: ConsoleRequest) -> Answer:
    """Takes back an answer that was given too early."""
    id = visit.path["id"]
    await visit.note("complaint-reopened", complaint=id)
    if not await blocking(visit.parts.review_store.complaints.reopen, id):
        raise refusal("no-complaint")
    return Redirect("/audit/complaints", done="reopened", data={"id": id})


def _back(visit: ConsoleRequest, request: str) -> str:
    from_record = visit.form.get("from") == "record" and request
    return f"/audit/record/{request}" if from_record else "/audit/complaints"
