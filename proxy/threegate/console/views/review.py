"""Judging what the guard did: queue, assignment, labels, precision per rule, tests from records."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from threegate.audit.log.query import Entry, Query, find, of_request
from threegate.audit.log.record import ENDS, Stage
from threegate.console.auth.accounts import now
from threegate.console.presenters import charts, records
from threegate.console.review import review_queue
from threegate.console.review.label_statistics import agreement, precision, wrong_by_day
from threegate.console.review.review_queue import Desktop, QueueReason
from threegate.console.review.review_store import LABELS, Proposal, ReviewLabel, new_id
from threegate.console.views.audit import entries_of, kept_parts
from threegate.console.web import Answer, ConsoleError, ConsoleRequest, Redirect, Shown, blocking
from threegate.policy.lifecycle.machine import Role
from threegate.types import Action

QUEUE = 50
LOOKED_AT = 500
"""How far back the queue looks, in records of each sort."""
DEFAULT_SAMPLE, DEFAULT_SECOND = 5, 20


async def label(visit: ConsoleRequest) -> Answer:
    """One judgement on one rule, or on the whole request where the guard missed something."""
    entries = await entries_of(visit)
    rule, said = visit.form.get("rule", ""), visit.form.get("label", "")
    rules = {r["rule"] for d in entries[-1].event.get("decisions", ()) for r in d["ruled"]}
    if said not in LABELS or (rule and rule not in rules):
        raise ConsoleError(400, "没有这种标注或规则", "no such label or rule")
    request, category = visit.path["request"], visit.form.get("category", "")[:64]
    made = ReviewLabel(
        request, rule, visit.me.name, said, category, now().isoformat(timespec="seconds")
    )
    await visit.note("label", object=request, rule=rule, label=said, category=category)
    await blocking(visit.parts.desk.label, made)
    back = "/audit/queue" if visit.form.get("from") == "queue" else f"/audit/record/{request}"
    return Redirect(back, done="labelled", data={"label": said})


async def propose(visit: ConsoleRequest) -> Answer:
    """A test from a kept text, redacted as the log has it, for the editors of the rule."""
    entries = await entries_of(visit)
    parts = await kept_parts(visit, entries)
    part = next((p for p in parts if p["part"] == visit.form.get("part", "")), None)
    rule, expect = visit.form.get("rule", ""), visit.form.get("expect", "")
    if part is None or not rule or expect not in ("match", "no_match"):
        raise ConsoleError(
            400, "请选择规则和保存下来的文本", "choose a rule and a text that was kept"
        )
    if rule not in records.titles(visit.parts.policies.pin()):
        raise ConsoleError(400, f"没有名为 {rule} 的规则", f"there is no rule called {rule}")
    request = visit.path["request"]
    channel = records.channel_of(part["part"])
    at = now().isoformat(timespec="seconds")
    made = Proposal(new_id(), rule, expect, channel, part["redacted"], request, visit.me.name, at)
    await visit.note("propose-test", object=request, rule=rule, expect=expect)
    await blocking(visit.parts.desk.propose, made)
    return Redirect(f"/audit/record/{request}", done="proposed", data={"id": made.id})


async def queue(visit: ConsoleRequest) -> Answer:
    """What waits for this reviewer, what is taken by them only where `show=mine`."""
    sample = _percent(visit.query.get("sample", str(DEFAULT_SAMPLE)))
    second = _percent(visit.query.get("second", str(DEFAULT_SECOND)))
    only_mine = visit.query.get("show", "") == "mine"
    waiting, desktop = await _waiting(visit, sample, second)
    shown = [(e, why) for e, why in waiting if not only_mine or desktop.mine(e.request_id)]
    await visit.note("queue", sample=sample, second=second, found=len(shown))
    known = records.titles(visit.parts.policies.pin())
    rows = [
        records.row(e, visit.language, known)
        | {"why": why.value, "holder": desktop.assigned.get(e.request_id, "")}
        for e, why in shown[:QUEUE]
    ]
    people = await blocking(visit.parts.accounts.all)
    return Shown(
        "review/queue.html",
        {
            "rows": rows,
            "waiting": len(waiting),
            "sample": sample,
            "second": second,
            "show": "mine" if only_mine else "",
            "mine": sum(desktop.mine(e.request_id) for e, _ in waiting),
            "done_by_me": _done(desktop),
            "reviewers": [a.name for a in people if not a.closed and Role.REVIEWER in a.roles],
        },
    )


def _done(desktop: Desktop) -> int:
    return sum(any(x.author == desktop.me for x in given) for given in desktop.labels.values())


async def take(visit: ConsoleRequest) -> Answer:
    """Assigns the next of what waits and nobody holds to a reviewer; `count=0` gives back what the
    reviewer holds."""
    sample = _percent(visit.form.get("sample", str(DEFAULT_SAMPLE)))
    second = _percent(visit.form.get("second", str(DEFAULT_SECOND)))
    count = _percent(visit.form.get("count", "10"))
    who = visit.form.get("reviewer", "") or visit.me.name
    account = await blocking(visit.parts.accounts.find, who)
    if account is None or account.closed or Role.REVIEWER not in account.roles:
        raise ConsoleError(400, "没有这位审核员", "there is no such reviewer")
    waiting, desktop = await _waiting(visit, sample, second, who)
    if count:
        chosen = [e.request_id for e, _ in waiting if e.request_id not in desktop.assigned][:count]
    else:
        chosen = [request for request, holder in desktop.assigned.items() if holder == who]
    await visit.note("assign", reviewer=who if count else "", found=len(chosen))
    at = now().isoformat(timespec="seconds")
    await blocking(visit.parts.desk.assign, chosen, who if count else "", at)
    return Redirect("/audit/queue?show=mine", done="assigned", data={"assigned": len(chosen)})


def _percent(text: str) -> int:
    if not text.isdigit() or int(text) > 100:
        raise ConsoleError(400, "应为 0 到 100 的整数", "a whole number up to 100 is expected")
    return int(text)


async def _waiting(
    visit: ConsoleRequest, sample: int, second: int, who: str = ""
) -> tuple[list[tuple[Entry, QueueReason]], Desktop]:
    desk = visit.parts.desk
    complaints = await blocking(desk.complaints.all)
    complained = {c.request for c in complaints if c.request and not c.outcome}
    assigned = await blocking(desk.assigned)
    name = who or visit.me.name
    named = complained | {request for request, holder in assigned.items() if holder == name}
    entries = await visit.parts.audit.read(lambda c: _looked_at(c, sample, named))
    labels = await blocking(desk.labels, [e.request_id for e in entries])
    desktop = Desktop(name, review_queue.by_request(labels), assigned, complained, second)
    reasons = ((e, desktop.why(e.request_id)) for e in entries)
    return [(e, why) for e, why in reasons if why is not None], desktop


def _looked_at(connection: Connection, sample: int, wanted: Collection[str]) -> list[Entry]:
    """Complaints and what is held first, then what was stopped, then the sample; each request
    once."""
    stops = Query(stage=ENDS, action=(Action.ANSWER, Action.BLOCK), limit=LOOKED_AT)
    rest = Query(stage=(Stage.COMPLETED, Stage.ABORTED), limit=LOOKED_AT)
    named = [entries[-1] for r in sorted(wanted) if (entries := of_request(connection, r))]
    others = [e for e in find(connection, rest).entries if review_queue.sampled(e.id, sample)]
    every = [*named, *find(connection, stops).entries, *others]
    return list({e.request_id: e for e in reversed(every)}.values())[::-1]


async def quality(visit: ConsoleRequest) -> Answer:
    labels: Sequence[ReviewLabel] = await blocking(visit.parts.desk.labels)
    known = records.titles(visit.parts.policies.pin())
    rows = [
        asdict(p)
        | {
            "precision": p.precision,
            "title": known[p.rule].get(visit.language) if p.rule in known else "",
        }
        for p in precision(labels)
    ]
    people = sorted({x.author for x in labels})
    counts = {p: sum(x.author == p for x in labels) for p in people}
    both = agreement(labels)
    return Shown(
        "review/quality.html",
        {
            "rows": rows,
            "people": counts,
            "total": len(labels),
            "agreement": asdict(both) | {"share": both.share},
            "wrong": _wrong_chart(labels),
        },
    )


def _wrong_chart(labels: Sequence[ReviewLabel]) -> dict[str, Any]:
    days = wrong_by_day(labels)
    columns = [(d, w / judged, f"{d} · {w}/{judged}") for d, (w, judged) in days.items()]
    return charts.columns(columns[-charts.MAX_BARS :], most=1.0)
