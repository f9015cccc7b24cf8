"""What a reviewer adds to a record: labels, and tests made from its texts."""

from __future__ import annotations

from threegate.console.auth.accounts import stamp
from threegate.console.errors import refusal
from threegate.console.presenters import records
from threegate.console.presenters.form_choices import missable
from threegate.console.presenters.questions import rules_to_judge
from threegate.console.review.review_store import LABELS, Proposal, ReviewLabel, new_id
from threegate.console.views.record import entries_of, kept_parts
from threegate.console.views.review import queue
from threegate.console.web import Answer, ConsoleRequest, Redirect, blocking


async def label(visit: ConsoleRequest) -> Answer:
    """One judgement on one rule, or on the whole request if the guard missed something."""
    entries = await entries_of(visit)
    rule, label = visit.form.get("rule", ""), visit.form.get("label", "")
    if label not in LABELS or (rule and rule not in rules_to_judge(entries[-1].event)):
        raise refusal("no-label-or-rule")
    request, category = visit.path["request"], visit.form.get("category", "")
    if category and category not in missable(visit.serving):
        raise refusal("no-category")
    made = ReviewLabel(request, rule, visit.me.name, label, category, stamp())
    await visit.note("label", object=request, rule=rule, label=label, category=category)
    await blocking(visit.parts.review_store.label, made)
    queued = visit.form.get("from") == "queue"
    back = await queue.following(visit) if queued else f"/audit/record/{request}"
    return Redirect(back, done="labelled", data={"label": label})


async def propose(visit: ConsoleRequest) -> Answer:
    """Proposes a test from a kept text, redacted as in the log, to the editors of the rule."""
    entries = await entries_of(visit)
    parts = await kept_parts(visit, entries)
    part = next((p for p in parts if p["part"] == visit.form.get("part", "")), None)
    rule, expect = visit.form.get("rule", ""), visit.form.get("expect", "")
    if part is None or not rule or expect not in ("match", "no_match"):
        raise refusal("test-source")
    if rule not in records.titles(visit.serving):
        raise refusal("no-rule-named", rule=rule)
    request = visit.path["request"]
    channel = records.channel_of(part["part"])
    me, text = visit.me.name, part["redacted"]
    made = Proposal(new_id(), rule, expect, channel, text, request, me, stamp())
    await visit.note("propose-test", object=request, rule=rule, expect=expect)
    await blocking(visit.parts.review_store.propose, made)
    return Redirect(f"/audit/record/{request}", done="proposed", data={"id": made.id})
