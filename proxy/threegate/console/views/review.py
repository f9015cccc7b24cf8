"""Judging what the guard did: queue, labels, precision per rule, tests from records, report."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from threegate.audit.query import Entry, Query, find
from threegate.audit.record import Stage, timestamp
from threegate.audit.report import Figures, gather
from threegate.console import explained, searching
from threegate.console.accounts import now
from threegate.console.desk import LABELS, Label, Proposal, new_id, precision
from threegate.console.views.audit import entries_of, kept_parts
from threegate.console.web import Answer, Moved, Refusal, Shown, Visit, blocking
from threegate.types import Action

QUEUE = 50
LOOKED_AT = 500
"""How far back the queue looks, in records of each sort."""
DEFAULT_SAMPLE = 5


async def label(visit: Visit) -> Answer:
    """One judgement on one rule, or on the whole request where the guard missed something."""
    entries = await entries_of(visit)
    rule, said = visit.form.get("rule", ""), visit.form.get("label", "")
    rules = {r["rule"] for d in entries[-1].event.get("decisions", ()) for r in d["ruled"]}
    if said not in LABELS or (rule and rule not in rules):
        raise Refusal(400, "没有这种标注或规则", "no such label or rule")
    request, category = visit.path["request"], visit.form.get("category", "")[:64]
    made = Label(request, rule, visit.me.name, said, category, now().isoformat(timespec="seconds"))
    await visit.note("label", object=request, rule=rule, label=said, category=category)
    await blocking(visit.parts.desk.label, made)
    back = "/audit/queue" if visit.form.get("from") == "queue" else f"/audit/record/{request}"
    return Moved(back, done="labelled", data={"label": said})


async def propose(visit: Visit) -> Answer:
    """A test from a kept text, redacted as the log has it, for the editors of the rule."""
    entries = await entries_of(visit)
    parts = await kept_parts(visit, entries)
    part = next((p for p in parts if p["part"] == visit.form.get("part", "")), None)
    rule, expect = visit.form.get("rule", ""), visit.form.get("expect", "")
    if part is None or not rule or expect not in ("match", "no_match"):
        raise Refusal(400, "请选择规则和保存下来的文本", "choose a rule and a text that was kept")
    request = visit.path["request"]
    channel = explained.channel_of(part["part"])
    at = now().isoformat(timespec="seconds")
    made = Proposal(new_id(), rule, expect, channel, part["redacted"], request, visit.me.name, at)
    await visit.note("propose-test", object=request, rule=rule, expect=expect)
    await blocking(visit.parts.desk.propose, made)
    return Moved(f"/audit/record/{request}", done="proposed", data={"id": made.id})


async def queue(visit: Visit) -> Answer:
    """What still waits for a judgement: everything that was stopped, and a sample of the rest."""
    sample = _percent(visit.query.get("sample", str(DEFAULT_SAMPLE)))
    entries = await visit.parts.audit.read(lambda c: _waiting(c, sample))
    known = explained.titles(visit.parts.policies.pin())
    labels = await blocking(visit.parts.desk.labels, [e.request_id for e in entries])
    mine = {x.request for x in labels if x.author == visit.me.name}
    open_entries = [e for e in entries if e.request_id not in mine][:QUEUE]
    await visit.note("queue", sample=sample, found=len(open_entries))
    rows = [explained.row(e, visit.language, known) for e in open_entries]
    return Shown("queue.html", {"rows": rows, "sample": sample, "done_by_me": len(mine)})


def _percent(text: str) -> int:
    if not text.isdigit() or int(text) > 100:
        raise Refusal(400, "抽样比例应为 0 到 100", "the sample is a whole number up to 100")
    return int(text)


def _waiting(connection: Connection, sample: int) -> list[Entry]:
    stops = Query(stage=searching.FINAL, action=(Action.ANSWER, Action.BLOCK), limit=LOOKED_AT)
    rest = Query(stage=(Stage.COMPLETED, Stage.ABORTED), limit=LOOKED_AT)
    stopped = find(connection, stops).entries
    seen = {e.request_id for e in stopped}
    others = [e for e in find(connection, rest).entries if e.request_id not in seen]
    return [*stopped, *(e for e in others if sampled(e.id, sample))]


def sampled(id: str, percent: int) -> bool:
    """The same records for everybody and at every look: nobody can choose what is reviewed."""
    return int.from_bytes(hashlib.sha256(id.encode()).digest()[:4], "big") % 100 < percent


async def quality(visit: Visit) -> Answer:
    labels = await blocking(visit.parts.desk.labels)
    known = explained.titles(visit.parts.policies.pin())
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
    return Shown("quality.html", {"rows": rows, "people": counts, "total": len(labels)})


async def report(visit: Visit) -> Answer:
    terms = searching.terms_of(visit.query)
    since, until = searching.period({"days": "30"} | terms)
    figures = await visit.parts.audit.read(lambda c: gather(c, since, until))
    await visit.note("report", since=timestamp(since)[:10])
    serving = visit.parts.policies.pin()
    known = explained.titles(serving)
    made = _figures(figures, explained.constraint_ids(serving))
    names = {r: known[r].get(visit.language) for r in made["rules"] if r in known}
    return Shown("report.html", {"figures": made, "terms": terms, "titles": names})


def _figures(figures: Figures, settings: frozenset[str]) -> dict[str, Any]:
    """Without the rules of layer 2, which take part in nearly every call and find nothing."""
    made = asdict(figures)
    made["rules"] = {r: n for r, n in figures.rules.items() if r not in settings}
    made["kinds"] = {k: n for k, n in figures.kinds.items() if not k.startswith("constraint.")}
    made["days"] = [{"day": d, "requests": r, "blocked": b} for d, (r, b) in figures.days.items()]
    made["since"], made["until"] = (timestamp(t)[:10] for t in (figures.since_us, figures.until_us))
    return made
