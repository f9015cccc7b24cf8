"""Seeing what a draft does before anybody is affected: one text, all tests, recorded traffic.

Real detectors, real machines; what is tried is not stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import Connection

from threegate.audit.query import MAX_PAGE, Entry, Query, find, read_content
from threegate.audit.record import Stage as AuditStage
from threegate.audit.store import AuditLog
from threegate.check import Runner
from threegate.console import searching
from threegate.console.drafts import Workspace
from threegate.console.explained import channel_of, policies_of
from threegate.console.spans import Mark, pieces
from threegate.console.views.drafts import base_of, draft_page
from threegate.console.views.policies import space_of
from threegate.console.web import Answer, Refusal, Shown, Step, Visit, Watched, blocking
from threegate.console.words import family
from threegate.guard.mask import MaskMap
from threegate.guard.redact import Renderer, edited
from threegate.policy.cases import Case, ConstraintCase, Outcome, Report, cases
from threegate.policy.lifecycle import Role
from threegate.policy.model import CompiledPolicy, PolicySet
from threegate.policy.store import today_utc
from threegate.replay import Change, Recorded, Replay, Side
from threegate.replay import replay as replayed
from threegate.types import Action, Caller, Channel, Finding, Layer, Locus, Passage, Ruled, Source

MAX_TEXT = 20_000
MAX_REPLAY = 1000
EXCERPT = 120
AT_ONCE = 4
"""Texts judged before other requests get their turn: a few milliseconds."""
ANSWERS = (Channel.CONTENT, Channel.REASONING)
TRIED = (Channel.USER, Channel.SYSTEM, Channel.TOOL_RESULT, Channel.CONTENT, Channel.REASONING)


async def _policies(visit: Visit) -> tuple[PolicySet, Workspace]:
    """The draft compiled. Raises Refusal while it has errors."""
    space = await space_of(visit)
    checked = await blocking(space.check)
    if checked.policies is None:
        raise Refusal(422, "草稿有错误，请先改正", "the draft has errors; mend them first")
    return checked.policies, space


async def try_page(visit: Visit) -> Answer:
    return Shown("try.html", {**_blank(visit), "trace": None})


def _blank(visit: Visit) -> dict[str, Any]:
    names = ("text", "question", "source")
    given = {n: visit.form.get(n, "") for n in names}
    channel = visit.form.get("channel", Channel.USER.value)
    return {**given, "channel": channel, "channels": [c.value for c in TRIED]}


async def try_it(visit: Visit) -> Answer:
    """One text through every rule of its place."""
    text, form = visit.form.get("text", ""), _blank(visit)
    if not text or len(text) > MAX_TEXT or form["channel"] not in form["channels"]:
        raise Refusal(400, "请输入文字（最多两万字）", "give a text of at most 20,000 characters")
    channel = Channel(form["channel"])
    policies, space = await _policies(visit)
    policy = policies_of(policies)[-1]
    passage = _passage(text, channel, form)
    runner = Runner(policy, visit.parts.suite_of(policy), today=today_utc())
    ruled = await runner.ruled(passage)
    trace = _trace(policy, text, ruled, visit.language)
    return Shown("try.html", {**form, "trace": trace | {"draft": bool(space.files)}})


def _passage(text: str, channel: Channel, form: dict[str, Any]) -> Passage:
    layer = Layer.OUTPUT if channel in ANSWERS else Layer.INPUT
    sources = (Source("context:0", form["source"]),) if form["source"] else ()
    return Passage(Locus(layer, channel), text, question=form["question"], sources=sources)


def _trace(
    policy: CompiledPolicy, text: str, ruled: Sequence[Ruled], language: str
) -> dict[str, Any]:
    action = max((r.action for r in ruled if not r.shadow), default=Action.ALLOW)
    rules = {r.id: r for r in policy.rules}
    result = (
        "" if action >= Action.ANSWER else edited(text, ruled, Renderer(rules, MaskMap(b"try")))
    )
    return {
        "action": action.name.lower(),
        "pieces": pieces(text, [_mark(r) for r in ruled if isinstance(r.finding, Finding)]),
        "ruled": [_row(r, rules[r.rule_id].title.get(language)) for r in ruled],
        "result": result,
        "edited": result != text,
    }


def _mark(ruled: Ruled) -> Mark:
    found = ruled.finding
    assert isinstance(found, Finding)
    span = found.span
    return Mark(
        span.start, span.end, found.kind, ruled.rule_id, ruled.action.name.lower(), ruled.shadow
    )


def _row(ruled: Ruled, title: str) -> dict[str, Any]:
    found = ruled.finding
    hit = isinstance(found, Finding)
    return {
        "rule": ruled.rule_id,
        "title": title,
        "action": ruled.action.name.lower(),
        "shadow": ruled.shadow,
        "exception": ruled.exception_id,
        "detector": found.detector,
        "kind": found.kind if isinstance(found, Finding) else "",
        "family": family(found.kind) if isinstance(found, Finding) else "failed",
        "level": found.level.name.lower() if isinstance(found, Finding) else "",
        "score": round(found.score, 3) if isinstance(found, Finding) else "",
        "span": [found.span.start, found.span.end] if isinstance(found, Finding) else [],
        "failed": "" if hit else getattr(found, "reason", ""),
    }


async def tests(visit: Visit) -> Answer:
    """Every test of the packs in force, with the draft in place."""
    policies, space = await _policies(visit)
    bundle = await blocking(space.bundle)
    policy = policies_of(policies)[-1]
    runner = Runner(policy, visit.parts.suite_of(policy))
    title = visit.says("正在运行测试", "Running the tests")
    return Watched(title, _tested(visit, runner, cases(bundle)))


async def _tested(
    visit: Visit, runner: Runner, every: Sequence[Case | ConstraintCase]
) -> AsyncIterator[Step | Shown]:
    """A few tests at a time, with a pause after each: the proxy serves on the same loop."""
    outcomes: list[Outcome] = []
    left_out = 0
    for start in range(0, len(every), AT_ONCE):
        yield Step(start, len(every))
        some = every[start : start + AT_ONCE]
        report = await runner.run(some, partial=visit.parts.partial)
        outcomes += report.outcomes
        left_out += report.left_out
        await asyncio.sleep(0)
    whole = Report(runner.policy.name, tuple(outcomes), left_out)
    yield Shown("draft.html", await draft_page(visit, report=_report(whole)))


def _report(report: Report) -> dict[str, Any]:
    return {
        "passed": report.passed,
        "total": len(report.outcomes),
        "left_out": report.left_out,
        "failures": [
            {"id": o.case.id, "rule": o.case.rule_id, "detail": o.detail, "line": o.case.at.line}
            for o in report.failures
        ],
    }


async def replay(visit: Visit) -> Answer:
    """Recorded texts under the policy in force and under the draft: what would change."""
    limit = visit.form.get("limit", "200")
    if not limit.isdigit() or not 0 < int(limit) <= MAX_REPLAY:
        raise Refusal(400, "条数应为 1 到 1000", "the number of calls is 1 to 1000")
    new, _ = await _policies(visit)
    old = await base_of(visit)
    before, after = (policies_of(s)[-1] for s in (old, new))
    sides = (Side(before, visit.parts.suite_of(before)), Side(after, visit.parts.suite_of(after)))
    title = visit.says("正在重放最近的请求", "Replaying recent calls")
    return Watched(title, _replayed(visit, sides, int(limit)))


async def _replayed(
    visit: Visit, sides: tuple[Side, Side], limit: int
) -> AsyncIterator[Step | Shown]:
    yield Step()
    calls, texts = await recorded(visit.parts.audit, limit)
    found = Replay(0, ())
    for start in range(0, len(texts), AT_ONCE):
        yield Step(start, len(texts))
        some = await replayed(texts[start : start + AT_ONCE], *sides, today=today_utc())
        found = Replay(found.total + some.total, found.differences + some.differences)
        await asyncio.sleep(0)  # the proxy serves on the same loop
    await visit.note("replay", calls=calls, texts=len(texts), changed=len(found.differences))
    result = _replay(found, calls, shown=visit.may(Role.REVIEWER))
    result |= {"limit": limit, "titles": _titles(sides, visit.language)}
    yield Shown("draft.html", await draft_page(visit, replay=result, limit=limit))


def _titles(sides: tuple[Side, Side], language: str) -> dict[str, str]:
    return {r.id: r.title.get(language) for side in sides for r in side.policy.rules}


async def recorded(audit: AuditLog, limit: int) -> tuple[int, list[Recorded]]:
    """How many of the newest calls kept a text, and those texts, as the log has them."""
    stages = (AuditStage.RECEIVED, *searching.FINAL)

    def work(connection: Connection) -> tuple[int, list[Recorded]]:
        entries = [e for e in newest(connection, stages, 2 * limit) if e.has_content]
        calls = list(dict.fromkeys(e.request_id for e in entries))[:limit]
        texts = [
            made
            for e in entries
            if e.request_id in set(calls)
            for part in read_content(connection, audit.master, e)
            for made in _recorded(e.request_id, e.event, part)
        ]
        return len(calls), list(dict.fromkeys(texts))

    return await audit.read(work)


def newest(connection: Connection, stages: tuple[AuditStage, ...], limit: int) -> list[Entry]:
    """Records of these stages, at most `limit`, page by page."""
    entries: list[Entry] = []
    after = ""
    while len(entries) < limit:
        size = min(MAX_PAGE, limit - len(entries))
        page = find(connection, Query(stage=stages, limit=size, after=after))
        entries += page.entries
        after = page.next
        if not after:
            break
    return entries


def _recorded(request: str, event: Any, part: dict[str, str]) -> list[Recorded]:
    name = channel_of(part["part"])
    if name not in {c.value for c in Channel}:
        return []
    layer = Layer.OUTPUT if part["part"].startswith("choices/") else Layer.INPUT
    caller = event.get("caller", {})
    who = Caller(
        tenant=caller.get("tenant", ""),
        key_id=caller.get("key", ""),
        route=caller.get("route", ""),
        model=event.get("model", {}).get("requested", ""),
        language=caller.get("language", "en"),
        conversation=caller.get("conversation", ""),
    )
    text = part.get("text", part["redacted"])
    return [Recorded(request, text, layer, Channel(name), who, shown=part["redacted"][:EXCERPT])]


def _replay(found: Replay, calls: int, *, shown: bool) -> dict[str, Any]:
    """Texts, masked as the log shows them, only to who may read the log."""
    counts = found.counts
    return {
        "calls": calls,
        "texts": found.total,
        "counts": {c.value: counts[c] for c in Change},
        "rules": {
            c.value: dict(found.by_rule(c).most_common(20)) for c in Change if c is not Change.SAME
        },
        "examples": [
            {
                "request": d.id,
                "change": d.change.value,
                "before": d.before.name.lower(),
                "after": d.after.name.lower(),
                "rules": list(d.rules),
                "tenant": d.tenant,
                "text": d.shown if shown else "",
            }
            for d in found.differences[:50]
        ],
    }
