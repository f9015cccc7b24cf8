"""Search terms in an address: the URL contains what a reviewer sees, so a link is a saved view."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, func, select

from threegate.audit.log.conditions import Query
from threegate.audit.log.database import now_us
from threegate.audit.log.encoding import ACTION_OF
from threegate.audit.log.keys import MasterKey
from threegate.audit.log.query import FACETS, Page, hit_counts, place_of
from threegate.audit.log.record import DAY_US, ENDS, Stage
from threegate.audit.log.schema import RECORD
from threegate.audit.report.report import SLOT_US, Calls, Figures
from threegate.console.errors import refusal
from threegate.console.local_time import LocalTime
from threegate.console.presenters import charts, labels
from threegate.types import Bilingual

NAMES = (
    "q", "days", "since", "until", "stage", "action", "layer", "kind", "rule", "tenant", "key_id",
    "model", "policy", "language", "shadow", "subject", "object", "viewed", "review",
)  # fmt: skip
SAME = (
    "layer", "kind", "rule", "tenant", "key_id", "model", "policy", "language", "subject", "object",
    "viewed",
)  # fmt: skip
"""`subject` and `viewed` are the hash of an end user as in the log, so that an address names
nobody."""
DEFAULT_DAYS = 7
PAGE = 50
# Facets in the order of the page; `stage` last, since most people look at requests only.
SHOWN = (
    "action",
    "review",
    "layer",
    "kind",
    "rule",
    "language",
    "model",
    "tenant",
    "key_id",
    "policy",
    "stage",
)


def terms_of(query: Mapping[str, str]) -> dict[str, str]:
    """Only the search terms, from which the address of this view is built."""
    return {name: query[name].strip() for name in NAMES if query.get(name, "").strip()}


def address(terms: Mapping[str, str], **changed: str) -> str:
    """The query string of a similar view; an empty value removes a term."""
    merged = {**terms, **changed}
    return urlencode({k: v for k, v in merged.items() if v})


def recorded(terms: Mapping[str, str], master: MasterKey) -> list[str]:
    """The terms as the log keeps them: searched words as a keyed hash, equal for equal words."""
    words = {"q": master.pseudonym("", terms["q"])} if "q" in terms else {}
    return sorted(f"{name}={value}" for name, value in {**terms, **words}.items())


def to_query(terms: Mapping[str, str], clock: LocalTime, **more: Any) -> Query:
    """Raises ConsoleError for an invalid term."""
    since, until = period(terms, clock)
    try:
        same: dict[str, Any] = {n: terms.get(n, "") for n in SAME}
        query = Query(
            text=terms.get("q", ""),
            since_us=since,
            until_us=until,
            stage=_stages(terms.get("stage", "")),
            action=tuple(ACTION_OF[a] for a in terms.get("action", "").split(",") if a),
            shadow=None if "shadow" not in terms else terms["shadow"] == "1",
        )
        if after := more.get("after"):
            place_of(after)
        return replace(query, **same, **more)
    except (ValueError, KeyError):
        raise refusal("search-term") from None


def _stages(text: str) -> tuple[Stage, ...]:
    if text == "all":
        return ()
    return tuple(Stage(s) for s in text.split(",") if s) or ENDS


def period(terms: Mapping[str, str], clock: LocalTime) -> tuple[int, int]:
    """[since, until) in microseconds. A date means a local day, and `until` is then the last day
    shown; a date with a time is a moment. Raises ConsoleError for anything else, for an invalid
    number of days, and for a period that ends before it begins."""
    try:
        until = _end(terms["until"], clock) if "until" in terms else now_us() + 1
        days = int(terms.get("days", DEFAULT_DAYS))
        since = clock.read(terms["since"]) if "since" in terms else until - days * DAY_US
    except (ValueError, OverflowError):
        since = until = -1
    if since < 0:
        raise refusal("search-date")
    if since >= until:
        raise refusal("period")
    return since, until


def _end(text: str, clock: LocalTime) -> int:
    if len(text) > len("2026-11-25"):
        return clock.read(text)
    following = date.fromisoformat(text) + timedelta(days=1)  # 23 or 25 hours where clocks change
    return clock.read(following.isoformat())


def jump(text: str, clock: LocalTime) -> str:
    """A cursor (`Query.after`) at a date (end of day) or a moment; what follows it is older. Raises
    ConsoleError."""
    try:
        return f"{_end(text, clock)}..0"
    except (ValueError, OverflowError):
        raise refusal("search-date") from None


def facet_groups(
    facets: Mapping[str, Mapping[str, int]],
    terms: Mapping[str, str],
    language: str,
    titles: Mapping[str, Bilingual],
    without: frozenset[str] = frozenset(),
) -> list[dict[str, Any]]:
    """Facets with the address for each value; a chosen value links back. Rules in `without` are
    left out."""
    facets = {
        name: {v: n for v, n in counts.items() if not (name == "rule" and v in without)}
        for name, counts in facets.items()
    }
    return [
        {"name": n, "values": _values(n, facets[n], terms, language, titles), "on": n in terms}
        for n in SHOWN
        if facets.get(n) and n in (*FACETS, "rule", "kind", "review")
    ]


def _values(
    name: str,
    counts: Mapping[str, int],
    terms: Mapping[str, str],
    language: str,
    titles: Mapping[str, Bilingual],
) -> list[dict[str, Any]]:
    out = []
    shown = [(v, n) for v, n in counts.items() if not (name == "kind" and _is_setting(v))]
    for value, count in shown[:12]:
        on = terms.get(name) == value
        known = titles.get(value) if name == "rule" else None
        label = known.get(language) if known else _label(name, value, language)
        to = address(terms, **{name: "" if on else value})
        out.append({"value": value, "label": label, "count": count, "on": on, "to": to})
    return out


def _label(name: str, value: str, language: str) -> str:
    if name == "policy":
        return value[:12]
    book = "label" if name == "review" else name if name in (*labels.BOOKS, "kind") else ""
    return labels.name(book, value, language) if book else value


def _is_setting(kind: str) -> bool:
    """Layer 2 changes settings of nearly every call; as findings these would only be noise."""
    return kind.startswith("constraint.")


def counting(query: Query, clock: LocalTime) -> Query:
    """`query` extended so that matches are also counted: by value, and by bar of the chart."""
    since, until = query.since_us, query.until_us
    step, shift = charts.step_us(since, until), charts.offset_us(since, clock)
    return replace(query, facets=True, step_us=step, shift_us=shift)


def timeline(
    connection: Connection, query: Query, page: Page, language: str, clock: LocalTime
) -> dict[str, Any]:
    """The histogram of a search, with the policy changes in its period."""
    calls = [Calls(*slot, number) for slot, number in page.slots.items()]
    marks = changes(connection, query.since_us, query.until_us, language, clock)
    return charts.histogram(calls, query.since_us, query.until_us, query.step_us, marks, clock)


def chart_of(
    connection: Connection, figures: Figures, language: str, clock: LocalTime
) -> dict[str, Any]:
    """The same histogram from the numbers of a report, so that both agree."""
    since, until = figures.since_us, figures.until_us
    step = charts.step_us(since, until, SLOT_US)
    marks = changes(connection, since, until, language, clock)
    return charts.histogram(figures.calls, since, until, step, marks, clock)


def changes(
    connection: Connection, since_us: int, until_us: int, language: str, clock: LocalTime
) -> list[dict[str, Any]]:
    """The first 200 policy changes of a period."""
    found = connection.execute(
        select(RECORD.c.ts, RECORD.c.policy)
        .where(RECORD.c.stage == Stage.POLICY.value)
        .where(RECORD.c.ts >= since_us, RECORD.c.ts < until_us)
        .order_by(RECORD.c.ts)
        .limit(200)
    )
    word = "策略变更" if language == "zh" else "policy change"
    return [
        {"ts_us": int(ts), "title": f"{clock.show(int(ts))} {word} {policy[:12]}"}
        for ts, policy in found
    ]


def hits_since(connection: Connection, since_us: int) -> dict[str, int]:
    """Requests in which a rule acted, or would have (shadow), by rule."""
    final = RECORD.c.stage.in_([s.value for s in ENDS])
    requests, since = func.count(RECORD.c.request_id.distinct()), RECORD.c.ts >= since_us
    counted = Counter[str]()
    for hits, number in hit_counts(connection, requests, (since, final)):
        counted.update(dict.fromkeys((h.rule for h in hits), number))
    return dict(counted)
