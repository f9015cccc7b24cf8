"""One record of the audit log: the decision, the kept texts, reveal. Every access is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from threegate.audit.log.encoding import timestamp
from threegate.audit.log.keys import MasterKey
from threegate.audit.log.query import Entry, read_content, subject_of
from threegate.audit.log.record import OF_CALLS
from threegate.console.auth.sessions import REVEAL_S, SITTING_COOKIE, SITTING_S
from threegate.console.errors import refusal
from threegate.console.presenters import records as explained
from threegate.console.presenters.explanation import explanation
from threegate.console.presenters.form_choices import kind_groups, missable
from threegate.console.presenters.log_facts import facts, is_verdict_of_another, without_verdict
from threegate.console.presenters.questions import rules_to_judge
from threegate.console.review.complaints import CLAIMS, SOURCES
from threegate.console.review.review_store import ReviewLabel
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking, reason_of
from threegate.errors import AuditError
from threegate.types import Bilingual


async def entries_of(visit: ConsoleRequest) -> Sequence[Entry]:
    """The records of the request in the address, oldest first. Raises ConsoleError."""
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
    last, request = entries[-1], visit.path["request"]
    subject = await visit.parts.audit.read(lambda c: subject_of(c, request))
    return Shown(
        "audit/record.html",
        {
            **shown,
            "subject": subject,
            "of_call": last.stage in OF_CALLS,
            "begun": visit.clock.field(entries[0].ts_us),  # nobody looked before
            "event": _facts(last),
            "facts": facts(shown["entry"]["detail"], visit.language),
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


async def _readable(visit: ConsoleRequest, entry: Entry) -> Mapping[str, Any]:
    """What a record says besides a decision; see `_shown_labels`."""
    detail: Mapping[str, Any] = entry.event.get("detail", {})
    if not is_verdict_of_another(detail, visit.me.name):
        return detail
    labels = await blocking(visit.parts.review_store.labels, [str(detail.get("object", ""))])
    return detail if _shown_labels(labels, visit) else without_verdict(detail)


async def opened(
    visit: ConsoleRequest, entries: Sequence[Entry], *, revealed: bool
) -> dict[str, Any]:
    """What each page about one request shows, once the access has been recorded."""
    request, language = visit.path["request"], visit.language
    await visit.note("open", object=request, revealed=revealed)
    texts, problem = await texts_of(visit, entries, revealed=revealed)
    row = explained.row(entries[-1], language, explained.titles(visit.serving))
    return {
        "request": request,
        "entry": row | {"detail": await _readable(visit, entries[-1])},
        "texts": texts,
        "text_problem": problem,
        "no_text": explained.why_no_text([e.event for e in entries]),
        "revealed": revealed,
        "sitting": bool(sitting(visit)),
        "kinds": await blocking(kind_groups, missable(visit.serving), language),
    }


def revealed_now(visit: ConsoleRequest) -> bool:
    ticket = visit.parts.signer.read("reveal", visit.query.get("ticket", ""), REVEAL_S)
    return ticket == [visit.me.name, visit.path["request"]]


async def kept_parts(visit: ConsoleRequest, entries: Sequence[Entry]) -> list[dict[str, str]]:
    """Every text that the records of a request kept: question first, then the answer. Raises
    AuditError if the key is gone."""
    audit = visit.parts.audit
    return await audit.read(lambda c: _parts(c, audit.master, entries))


def parts_in(
    connection: Connection, master: MasterKey, entries: Sequence[Entry]
) -> list[dict[str, str]]:
    """Like `kept_parts`; none if the key is gone."""
    try:
        return _parts(connection, master, entries)
    except AuditError:
        return []


def _parts(
    connection: Connection, master: MasterKey, entries: Sequence[Entry]
) -> list[dict[str, str]]:
    kept = (read_content(connection, master, e) for e in entries if e.has_content)
    return list({part["part"]: part for parts in kept for part in parts}.values())


async def texts_of(
    visit: ConsoleRequest, entries: Sequence[Entry], *, revealed: bool
) -> tuple[list[dict[str, Any]], str]:
    """The kept texts, coloured; a problem if they cannot be decrypted."""
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
    names = ("caller", "model", "policy", "usage", "timings_ms", "trace")
    return {n: event.get(n, {}) for n in names} | {
        "endpoint": event.get("endpoint", ""),
        "error": event.get("error", ""),
        "finish_reason": event.get("finish_reason", ""),
        "degraded": event.get("degraded", []),
        "masked": event.get("masked", []),
        "label": event.get("label", ""),
        "notes": event.get("notes", []),
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
    """Others' verdicts are shown only after one's own, so that a second opinion is independent."""
    return labels if any(x.author == visit.me.name for x in labels) else ()


async def reveal(visit: ConsoleRequest) -> Answer:
    """Issues a ticket for ten minutes, for this person and this record, once the reason is
    recorded. The reason applies for an hour: further records are revealed, and recorded, with
    it."""
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
