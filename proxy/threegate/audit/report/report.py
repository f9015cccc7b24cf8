"""The periodic report: how many calls arrived and what the guard did, by category and rule. Counts
only, no text.

`gather` counts; `page` prints it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Connection, func, select

from threegate.audit.log.encoding import ACTION_NAMES, ACTION_OF, UNDECIDED
from threegate.audit.log.query import hit_counts
from threegate.audit.log.record import ENDS, Stage
from threegate.audit.log.schema import RECORD
from threegate.types import Action

SLOT_US = 900 * 1_000_000  # every time zone's offset is a multiple of it
MAX_TIMED = 5_000  # records whose timings are read
UNANSWERED = (Stage.RECEIVED, Stage.INTERRUPTED)


class Outcome(StrEnum):
    """The outcome of a call, as grouped in charts and tables; each call has exactly one."""

    PASSED = "passed"
    EDITED = "edited"
    STOPPED = "stopped"
    UNANSWERED = "unanswered"
    UNDECIDED = "undecided"  # refused before a decision


def outcome_of(stage: str, action: int) -> Outcome:
    if stage in UNANSWERED:
        return Outcome.UNANSWERED
    if action == ACTION_OF[UNDECIDED]:
        return Outcome.UNDECIDED
    if action >= Action.ANSWER:
        return Outcome.STOPPED
    return Outcome.EDITED if action > Action.FLAG else Outcome.PASSED


class Calls(NamedTuple):
    """How many calls in a quarter of an hour had this stage, action and language. `at`: its start
    in microseconds."""

    at: int
    stage: str
    action: int
    number: int
    language: str = ""

    @property
    def outcome(self) -> Outcome:
        return outcome_of(self.stage, self.action)


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of [since, until). Every number of calls is a sum over `calls`: a report, its chart
    and its table by day cannot differ. The other counts are by name, most first."""

    since_us: int
    until_us: int
    calls: tuple[Calls, ...] = ()
    kinds: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, int] = field(default_factory=dict)
    shadow: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    latency_ms: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # day → p50, p95

    @property
    def requests(self) -> int:
        return sum(c.number for c in self.calls)

    @property
    def unanswered(self) -> int:
        """Calls whose process died, or whose end is not in the log."""
        return sum(c.number for c in self.calls if c.outcome is Outcome.UNANSWERED)

    @property
    def actions(self) -> dict[str, int]:
        answered = (c for c in self.calls if c.outcome is not Outcome.UNANSWERED)
        return _summed((ACTION_NAMES[c.action], c.number) for c in answered)

    @property
    def languages(self) -> dict[str, int]:
        answered = (c for c in self.calls if c.outcome is not Outcome.UNANSWERED)
        return _summed((c.language or "und", c.number) for c in answered)

    @property
    def stages(self) -> dict[str, int]:
        return _summed((c.stage, c.number) for c in self.calls)

    def table(self, zone: tzinfo = UTC) -> dict[str, Any]:
        """Everything as names and numbers, for JSON and pages."""
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "calls"}
        names = ("requests", "unanswered", "stages", "actions", "languages")
        sums = {name: getattr(self, name) for name in names}
        days = [
            {"day": day, "requests": sum(counts.values())} | {o.value: n for o, n in counts.items()}
            for day, counts in self.days(zone).items()
        ]
        return plain | sums | {"days": days}

    def days(self, zone: tzinfo = UTC) -> dict[str, dict[Outcome, int]]:
        """By day in `zone`, in order, with every outcome for each day."""
        found: dict[str, dict[Outcome, int]] = {}
        for calls in sorted(self.calls):
            day = datetime.fromtimestamp(calls.at // 1_000_000, zone).date().isoformat()
            counts = found.setdefault(day, dict.fromkeys(Outcome, 0))
            counts[calls.outcome] += calls.number
        return found


def gather(
    connection: Connection, since_us: int, until_us: int, tenant: str = "", zone: tzinfo = UTC
) -> Figures:
    """`zone` sets the days of the latencies."""
    within = [RECORD.c.ts >= since_us, RECORD.c.ts < until_us]
    within += [RECORD.c.tenant == tenant] if tenant else []
    final = [*within, RECORD.c.stage.in_([s.value for s in ENDS if s not in UNANSWERED])]
    calls = tuple(_calls(connection, within))
    answered = sum(c.number for c in calls if c.outcome is not Outcome.UNANSWERED)
    return Figures(
        since_us,
        until_us,
        calls,
        latency_ms=latencies(connection, final, answered, zone),
        **_hits(connection, final),
    )


def _calls(connection: Connection, within: Sequence[ColumnElement[bool]]) -> Iterable[Calls]:
    """Each call by its last record; a call with both a `received` record and an end counts at its
    end. Only logs from before intents have `received` records, which are examined separately."""
    at = (RECORD.c.ts - RECORD.c.ts % SLOT_US).label("at")
    groups = (at, RECORD.c.stage, RECORD.c.action, RECORD.c.language)
    every = select(*groups, func.count()).where(*within, _in((Stage.RECEIVED, *ENDS)))
    found = [
        Calls(int(t), str(s), int(a), int(n), str(language))
        for t, s, a, language, n in connection.execute(every.group_by("at", *groups[1:]))
    ]
    yield from (c for c in found if c.stage != Stage.RECEIVED)
    if any(c.stage == Stage.RECEIVED for c in found):
        yield from _lost(connection, within, at)


def _lost(
    connection: Connection, within: Sequence[ColumnElement[bool]], at: ColumnElement[int]
) -> Iterable[Calls]:
    """`received` records without an end anywhere."""
    end = RECORD.alias()
    has_end = (end.c.request_id == RECORD.c.request_id) & end.c.stage.in_([s.value for s in ENDS])
    lost = ~select(end.c.seq).where(has_end).correlate(RECORD).exists()
    number = func.count(RECORD.c.request_id.distinct())
    received = select(at, number).where(*within, _in((Stage.RECEIVED,)), lost).group_by("at")
    for start, count in connection.execute(received):
        yield Calls(int(start), Stage.RECEIVED.value, ACTION_OF[UNDECIDED], int(count))


def _in(stages: Iterable[Stage]) -> ColumnElement[bool]:
    return RECORD.c.stage.in_([s.value for s in stages])


def _hits(
    connection: Connection, within: Sequence[ColumnElement[bool]]
) -> dict[str, dict[str, int]]:
    """Hits of final records; each request counts once."""
    number = func.count(RECORD.c.request_id.distinct())
    out: dict[str, dict[str, int]] = {"kinds": {}, "rules": {}, "shadow": {}, "failures": {}}
    for hits, n in hit_counts(connection, number, within):
        for kind in {h.kind for h in hits}:
            _add(out["failures" if kind.startswith("failed.") else "kinds"], kind, n)
        for rule, shadow in {(h.rule, h.shadow) for h in hits}:
            _add(out["shadow" if shadow else "rules"], rule, n)
    return {name: _sorted(counts) for name, counts in out.items()}


def latencies(
    connection: Connection, final: Sequence[ColumnElement[bool]], number: int, zone: tzinfo = UTC
) -> dict[str, tuple[float, float]]:
    """Median and 95th percentile of each day's latency in milliseconds; of many records (`number`)
    only every n-th is read."""
    every = -(-number // MAX_TIMED) or 1
    chosen = select(RECORD.c.ts, RECORD.c.entry).where(*final, RECORD.c.seq % every == 0)
    days: dict[str, list[float]] = {}
    for ts, entry in connection.execute(chosen):
        took = orjson.loads(entry)["event"].get("timings_ms", {}).get("total")
        if took is not None:
            day = datetime.fromtimestamp(int(ts) // 1_000_000, zone).date().isoformat()
            days.setdefault(day, []).append(float(took))
    return {day: _halves(days[day]) for day in sorted(days)}


def _halves(took: list[float]) -> tuple[float, float]:
    took.sort()
    return took[(len(took) - 1) // 2], took[(len(took) - 1) * 95 // 100]


def _add(counts: dict[str, int], name: str, number: int) -> None:
    counts[name] = counts.get(name, 0) + int(number)


def _summed(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for name, number in counts:
        _add(totals, name, number)
    return _sorted(totals)


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
