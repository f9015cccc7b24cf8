"""The review queue: what is waiting, judging one record after another, and assignments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from threegate.audit.log.query import Entry, of_requests
from threegate.console.auth.accounts import stamp
from threegate.console.errors import refusal
from threegate.console.presenters import records
from threegate.console.presenters.questions import questions
from threegate.console.review import review_queue
from threegate.console.review.candidates import candidates
from threegate.console.review.review_queue import (
    QueueReason,
    ReviewerQueue,
    ReviewShares,
    shares_of,
)
from threegate.console.views.record import entries_of, opened, parts_in, revealed_now
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking
from threegate.policy.lifecycle.people import Role

PAGE = 25
MAX_TAKEN = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for one reviewer, in order, with the reason of each."""

    reasons: dict[str, QueueReason]
    reviewer: ReviewerQueue
    shares: ReviewShares
    capped: bool

    @property
    def mine(self) -> list[str]:
        return [r for r in self.reasons if self.reviewer.mine(r)]

    def of(self, show: str) -> list[str]:
        return self.mine if show == "mine" else list(self.reasons)


async def waiting(visit: ConsoleRequest, who: str = "") -> Waiting:
    return await visit.parts.audit.read(lambda c: _waiting(c, visit, who or visit.me.name))


def _waiting(connection: Connection, visit: ConsoleRequest, name: str) -> Waiting:
    review_store = visit.parts.review_store
    shares = shares_of(records.policies_of(visit.serving))
    complaints = review_store.complaints.all()
    complained = {c.request for c in complaints if c.request and not c.outcome}
    assigned = review_store.assigned()
    first = complained | {request for request, holder in assigned.items() if holder == name}
    found = candidates(connection, shares.passed, first)
    labels = review_queue.by_request(review_store.labels())
    reviewer = ReviewerQueue(name, labels, assigned, complained, shares.twice)
    reasons = ((request, reviewer.why(request)) for request in found.requests)
    return Waiting({r: why for r, why in reasons if why}, reviewer, shares, found.capped)


async def queue(visit: ConsoleRequest) -> Answer:
    """A page of what is waiting for this reviewer; with `show=mine` only what is assigned to
    them."""
    found, show = await waiting(visit), visit.query.get("show", "")
    every = found.of(show)
    page = _page_number(visit.query.get("page", "1"), len(every))
    await visit.note("queue", found=len(every))
    shown = every[(page - 1) * PAGE : page * PAGE]
    rows = await visit.parts.audit.read(lambda c: _rows(c, visit, shown, found))
    people = await blocking(visit.parts.accounts.all)
    return Shown(
        "review/queue.html",
        {
            "rows": rows,
            "waiting": len(found.reasons),
            "found": len(every),
            "page": page,
            "pages": -(-len(every) // PAGE),
            "first": every[0] if every else "",
            "shares": {"passed": found.shares.passed, "twice": found.shares.twice},
            "capped": found.capped,
            "show": show if show == "mine" else "",
            "mine": len(found.mine),
            "done_by_me": sum(map(found.reviewer.judged_by_me, found.reviewer.labels)),
            "reviewers": [a.name for a in people if not a.closed and Role.REVIEWER in a.roles],
        },
    )


def _page_number(text: str, number: int) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise refusal("no-page-number")
    return min(int(text), max(1, -(-number // PAGE)))


def _rows(
    connection: Connection, visit: ConsoleRequest, requests: Sequence[str], found: Waiting
) -> list[dict[str, Any]]:
    """A row for each request that is still in the log, with the text around the first hit."""
    entries: dict[str, list[Entry]] = {}
    for entry in of_requests(connection, requests):
        entries.setdefault(entry.request_id, []).append(entry)
    known = records.titles(visit.serving)

    def row(request: str) -> dict[str, Any]:
        mine = entries[request]
        asked = _questions(connection, visit, mine, found.reviewer, revealed=False)
        return records.row(mine[-1], visit.language, known) | {
            "why": found.reasons[request].value,
            "holder": found.reviewer.assigned.get(request, ""),
            "excerpt": next((e["pieces"] for q in asked for e in q["excerpts"]), []),
        }

    return [row(request) for request in requests if request in entries]


def _questions(
    connection: Connection,
    visit: ConsoleRequest,
    entries: Sequence[Entry],
    reviewer: ReviewerQueue,
    *,
    revealed: bool,
) -> list[dict[str, Any]]:
    parts = parts_in(connection, visit.parts.audit.master, entries)
    given = reviewer.labels.get(entries[-1].request_id, ())
    mine = {x.rule: x.label for x in given if x.author == visit.me.name}
    known = records.titles(visit.serving)
    event = entries[-1].event
    return questions(event, parts, mine, known, visit.language, revealed=revealed)


async def look(visit: ConsoleRequest) -> Answer:
    """One record to read and judge, with the one before it and the one after it."""
    entries, request = await entries_of(visit), visit.path["request"]
    found, show = await waiting(visit), visit.query.get("show", "")
    revealed = revealed_now(visit)
    shown = await opened(visit, entries, revealed=revealed)
    questions = await visit.parts.audit.read(
        lambda c: _questions(c, visit, entries, found.reviewer, revealed=revealed)
    )
    return Shown(
        "review/look.html",
        {
            **shown,
            "why": found.reasons[request].value if request in found.reasons else "",
            "questions": questions,
            "current": next((q["rule"] for q in questions if not q["mine"]), None),
            "show": show,
            "was": visit.query.get("was", ""),
            **_neighbours(found.of(show), request),
        },
    )


def _neighbours(every: Sequence[str], request: str) -> dict[str, Any]:
    """The position of a record; one that is not (or no longer) waiting counts as before the
    first."""
    at = every.index(request) if request in every else -1
    return {
        "position": at + 1,
        "waiting": len(every),
        "previous": every[at - 1] if at > 0 else "",
        "next": every[at + 1] if at + 1 < len(every) else "",
    }


async def following(visit: ConsoleRequest) -> str:
    """Where a reviewer goes from a question: to the next of this record, or to the next record."""
    entries, request = await entries_of(visit), visit.path["request"]
    show = "mine" if visit.form.get("show") == "mine" else ""
    found = await waiting(visit)
    questions = await visit.parts.audit.read(
        lambda c: _questions(c, visit, entries, found.reviewer, revealed=False)
    )
    if any(not q["mine"] for q in questions):
        return f"/audit/queue/{request}?show={show}"
    every, wanted = found.of(show), visit.form.get("next", "")
    if not every:
        return f"/audit/queue?show={show}"
    return f"/audit/queue/{wanted if wanted in every else every[0]}?show={show}&was={request}"


async def take(visit: ConsoleRequest) -> Answer:
    """Assigns the next waiting, unassigned records to a reviewer; `count=0` releases the reviewer's
    assignments."""
    count, who = _count(visit.form.get("count", "10")), visit.form.get("reviewer") or visit.me.name
    account = await blocking(visit.parts.accounts.find, who)
    if account is None or account.closed or Role.REVIEWER not in account.roles:
        raise refusal("no-reviewer")
    found = await waiting(visit, who)
    assigned = found.reviewer.assigned
    free = [request for request in found.reasons if request not in assigned]
    held = [request for request, holder in assigned.items() if holder == who]
    chosen = free[:count] if count else held
    await visit.note("assign", reviewer=who if count else "", found=len(chosen))
    await blocking(visit.parts.review_store.assign, chosen, who if count else "", stamp())
    return Redirect("/audit/queue?show=mine", done="assigned", data={"assigned": len(chosen)})


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_TAKEN:
        raise refusal("share")
    return int(text)
