"""Replay: recorded calls under the policy in force and under a draft, and what would change.

Texts are shown masked, as in the log, to people who may read the log; the stored result has none.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, func, select

from threegate.audit.log.conditions import Query, where
from threegate.audit.log.encoding import timestamp
from threegate.audit.log.query import MAX_PAGE, Entry, find, read_content
from threegate.audit.log.record import OF_CALLS
from threegate.audit.log.schema import RECORD
from threegate.audit.log.store import AuditLog
from threegate.console.errors import refusal
from threegate.console.presenters.records import channel_of, policies_of
from threegate.console.review import search_terms
from threegate.console.views.drafts import base_of, draft_page, draft_policies
from threegate.console.web import Answer, ConsoleRequest, LongTask, Shown, Step, blocking
from threegate.policy.lifecycle.people import Role
from threegate.policy.lifecycle.store import today_utc
from threegate.policy.model import PolicySet
from threegate.policy_ops.replay import CHANGE, Recorded, Replay, ReplaySide, VerdictChange
from threegate.policy_ops.replay import replay as replayed
from threegate.types import Caller, Channel, Layer

MAX_REPLAY = 1000
CHOICES = ("since", "until", "tenant", "rule")
EVER = "1971-01-01"
MAX_EXAMPLES = 50
MOST = 20
"""The most rules and callers named for one sort of change."""
DIFFERENT = tuple(c for c in CHANGE if c is not VerdictChange.SAME)
EXCERPT = 120
AT_ONCE = 4
"""Texts judged before other requests get their turn; takes a few milliseconds."""


async def replay(visit: ConsoleRequest) -> Answer:
    """Recorded texts under the policy in force and under the draft: what would change."""
    limit = visit.form.get("limit", "200")
    if not limit.isdigit() or not 0 < int(limit) <= MAX_REPLAY:
        raise refusal("calls")
    query = _chosen(visit, int(limit))
    new, _, _ = await draft_policies(visit)
    old = (await base_of(visit)).policies or visit.serving
    title = visit.text_in("正在重放请求", "Replaying calls")
    return LongTask(title, _replayed(visit, old, new, query))


def _chosen(visit: ConsoleRequest, limit: int) -> Query:
    """The calls that the form names: of a period, a tenant, a rule that acted. Raises
    ConsoleError."""
    given = {name: visit.form[name] for name in CHOICES if visit.form.get(name)}
    return search_terms.to_query({"since": EVER} | given, visit.clock, limit=limit)


async def _replayed(
    visit: ConsoleRequest, old: PolicySet, new: PolicySet, query: Query
) -> AsyncIterator[Step | Shown]:
    async for done in judged_again(visit, old, new, query):
        if isinstance(done, Step):
            yield done
            continue
        calls, found = done
        kept = {
            "limit": query.limit,
            "chosen": {name: visit.form.get(name, "") for name in CHOICES},
            "zone": visit.clock.title(query.since_us),
            "since": calls.since,
            "more": calls.more,
            "spread": calls.spread,
            "titles": _titles(old, new),
            **_counted(found, calls.number),
        }
        await blocking(visit.parts.drafts.keep, new.digest, "replay", kept)
        page = await draft_page(visit)
        if page["replay"]:  # unless the draft was changed meanwhile
            page["replay"]["examples"] = examples(found, shown=visit.may(Role.REVIEWER))
        yield Shown("policy/draft.html", page)


async def judged_again(
    visit: ConsoleRequest, old: PolicySet, new: PolicySet, query: Query
) -> AsyncIterator[Step | tuple[Calls, Replay]]:
    """Recorded calls of a search under both policies: steps, then those calls and what differs. The
    log says so, as of every access to its texts."""
    yield Step()
    sides = [ReplaySide(policies, visit.parts.detector_set_for) for policies in (old, new)]
    calls = await recorded(visit.parts.audit, query, spread=bool(visit.form.get("since")))
    texts = calls.texts
    found = Replay(0, ())
    for start in range(0, len(texts), AT_ONCE):
        yield Step(start, len(texts))
        some = await replayed(texts[start : start + AT_ONCE], *sides, today=today_utc())
        found = Replay(found.total + some.total, found.differences + some.differences)
        await asyncio.sleep(0)  # the proxy runs on the same loop
    terms = sorted(name for name in CHOICES if visit.form.get(name))
    counts = {"calls": calls.number, "texts": len(texts), "changed": found.changed}
    await visit.note("replay", terms=terms, **counts)
    yield calls, found


def _titles(*sets: PolicySet) -> dict[str, dict[str, str]]:
    return {r.id: asdict(r.title) for s in sets for p in policies_of(s) for r in p.rules}


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls with a kept text: how many, since when (empty: none), and those texts, as the log has
    them. `more`: the limit left out older records."""

    number: int
    since: str
    more: bool
    texts: tuple[Recorded, ...] = field(repr=False)
    spread: bool = False  # over the period, rather than the newest of it


async def recorded(audit: AuditLog, query: Query, *, spread: bool = False) -> Calls:
    """The newest calls of a search, or calls `spread` over its period; each has at most two
    records, some of them without a text."""

    def work(connection: Connection) -> Calls:
        sample = _spread(connection, query) if spread else None
        most = 2 * (len(sample) if sample else query.limit)
        some = replace(query, stage=OF_CALLS, limit=most + 1, among=sample)
        every = newest(connection, some)
        entries = [e for e in every[:most] if e.has_content]
        calls = list(dict.fromkeys(e.request_id for e in entries))
        wanted = set(_evenly(calls, query.limit) if sample else calls[: query.limit])
        texts = [
            made
            for e in entries
            if e.request_id in wanted
            for part in read_content(connection, audit.master, e)
            for made in _recorded(e.request_id, e.event, part)
        ]
        times = [e.ts_us for e in entries if e.request_id in wanted]
        since = timestamp(min(times)) if times else ""
        more = bool(sample) or len(every) > most or len(calls) > len(wanted)
        return Calls(len(wanted), since, more, tuple(dict.fromkeys(texts)), bool(sample))

    return await audit.read(work)


def _spread(connection: Connection, query: Query) -> frozenset[str] | None:
    """The calls of records at even distances over the whole period, twice as many as wanted, since
    some have no text; None where there are hardly more than that."""
    conditions, most = where(connection, replace(query, stage=OF_CALLS)), 2 * query.limit
    counted = select(func.count()).select_from(RECORD).where(*conditions)
    count = int(connection.execute(counted).scalar_one())
    if count < 2 * most:
        return None
    number = func.row_number().over(order_by=RECORD.c.ts).label("number")
    every = select(RECORD.c.request_id, number).where(*conditions).subquery()
    steps = every.c.number * most % count < most  # where a line of this slope reaches a whole one
    return frozenset(connection.execute(select(every.c.request_id).where(steps)).scalars())


def _evenly(calls: Sequence[str], most: int) -> Sequence[str]:
    few = min(most, len(calls))
    return [calls[n * len(calls) // few] for n in range(few)]


def newest(connection: Connection, query: Query) -> list[Entry]:
    """Records of a search, at most its limit, page by page."""
    entries: list[Entry] = []
    after = ""
    while len(entries) < query.limit:
        size = min(MAX_PAGE, query.limit - len(entries))
        page = find(connection, replace(query, limit=size, after=after))
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


def _counted(found: Replay, calls: int) -> dict[str, Any]:
    counts = found.counts
    return {
        "calls": calls,
        "texts": found.total,
        "counts": {c.value: counts[c] for c in CHANGE},
        "rules": {c.value: dict(found.by_rule(c).most_common(MOST)) for c in DIFFERENT},
        "callers": {c.value: dict(found.by_caller(c).most_common(MOST)) for c in DIFFERENT},
        "examples": examples(found, shown=False),
    }


def examples(found: Replay, *, shown: bool) -> list[dict[str, Any]]:
    return [
        {
            "request": d.id,
            "change": d.change.value,
            "before": d.before.name.lower(),
            "after": d.after.name.lower(),
            "rules": list(d.rules),
            "tenant": d.tenant,
            "text": d.shown if shown else "",
        }
        for d in found.differences[:MAX_EXAMPLES]
    ]
