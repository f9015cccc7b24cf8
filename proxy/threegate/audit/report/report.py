"""The periodic report: how many calls came and what the guard did, by category and rule. Counts
only, no text.

`gather` counts; `page` prints it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, case, func, select

from threegate.audit.log.record import ENDS, OF_CALLS, Stage, timestamp
from threegate.audit.log.schema import HIT, RECORD
from threegate.types import Action

ANSWERED = tuple(s for s in ENDS if s is not Stage.INTERRUPTED)
DAY_US = 86_400 * 1_000_000
MAX_TIMED = 5_000  # records whose timings are read


@dataclass(frozen=True, slots=True)
class Figures:
    """Of [since, until). `requests` counts each once, `unanswered` those whose process died or
    whose end is outside. The other counts are by name, most first."""

    since_us: int
    until_us: int
    requests: int = 0
    unanswered: int = 0
    stages: Mapping[str, int] = field(default_factory=dict)
    actions: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, int] = field(default_factory=dict)
    shadow: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    days: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # day → (requests, blocked)
    latency_ms: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # day → p50, p95


def gather(connection: Connection, since_us: int, until_us: int, tenant: str = "") -> Figures:
    within = [RECORD.c.ts >= since_us, RECORD.c.ts < until_us]
    within += [RECORD.c.tenant == tenant] if tenant else []
    final = [*within, RECORD.c.stage.in_([s.value for s in ANSWERED])]
    by_stage = select(RECORD.c.stage, func.count()).where(*within)
    stages = _counts(connection.execute(by_stage.group_by(RECORD.c.stage)))
    by_action = select(RECORD.c.action, func.count()).where(*final).group_by(RECORD.c.action)
    actions = {Action(int(a)).name.lower(): n for a, n in connection.execute(by_action)}
    by_language = select(RECORD.c.language, func.count()).where(*final)
    answered = sum(stages.get(s.value, 0) for s in ANSWERED)
    calls = select(func.count(RECORD.c.request_id.distinct())).where(*within, _of_requests())
    requests = int(connection.execute(calls).scalar() or 0)
    return Figures(
        since_us,
        until_us,
        requests,
        max(0, requests - answered),
        stages,
        _sorted(actions),
        languages=_counts(connection.execute(by_language.group_by(RECORD.c.language))),
        days=_days(connection, within),
        latency_ms=latencies(connection, final),
        **_hits(connection, final),
    )


def _hits(
    connection: Connection, within: Sequence[ColumnElement[bool]]
) -> dict[str, dict[str, int]]:
    """Of final records: each request counts once."""
    of_record = (HIT.c.writer == RECORD.c.writer) & (HIT.c.seq == RECORD.c.seq)
    number = func.count(RECORD.c.request_id.distinct())
    rows = connection.execute(
        select(HIT.c.rule, HIT.c.kind, HIT.c.shadow, number)
        .select_from(HIT.join(RECORD, of_record))
        .where(*within)
        .group_by(HIT.c.rule, HIT.c.kind, HIT.c.shadow)
    )
    out: dict[str, dict[str, int]] = {"kinds": {}, "rules": {}, "shadow": {}, "failures": {}}
    for rule, kind, shadow, n in rows:
        failed = kind.startswith("failed.")
        _add(out["failures" if failed else "kinds"], kind, n)
        _add(out["shadow" if shadow else "rules"], rule, n)
    return {name: _sorted(counts) for name, counts in out.items()}


def _days(
    connection: Connection, within: Sequence[ColumnElement[bool]]
) -> dict[str, tuple[int, int]]:
    day = (RECORD.c.ts - RECORD.c.ts % DAY_US).label("day")
    blocked = func.sum(case((RECORD.c.stage == Stage.BLOCKED.value, 1), else_=0))
    rows = connection.execute(
        select(day, func.count(RECORD.c.request_id.distinct()), blocked)
        .where(*within, _of_requests())
        .group_by(day)
        .order_by(day)
    )
    return {timestamp(int(start))[:10]: (int(n), int(stopped)) for start, n, stopped in rows}


def latencies(
    connection: Connection, final: Sequence[ColumnElement[bool]], step_us: int = DAY_US
) -> dict[str, tuple[float, float]]:
    """Half and 95 % of the requests of each slot took no longer than this, in milliseconds; of
    large logs each n-th record is read.
    """
    number = connection.execute(select(func.count()).where(*final)).scalar_one()
    every = -(-int(number) // MAX_TIMED) or 1
    chosen = select(RECORD.c.ts, RECORD.c.entry).where(*final, RECORD.c.seq % every == 0)
    slots: dict[int, list[float]] = {}
    for ts, entry in connection.execute(chosen):
        took = orjson.loads(entry)["event"].get("timings_ms", {}).get("total")
        if took is not None:
            slots.setdefault(int(ts) // step_us * step_us, []).append(float(took))
    return {timestamp(at)[:16]: _halves(slots[at]) for at in sorted(slots)}


def _halves(took: list[float]) -> tuple[float, float]:
    took.sort()
    return took[(len(took) - 1) // 2], took[(len(took) - 1) * 95 // 100]


def _of_requests() -> ColumnElement[bool]:
    return RECORD.c.stage.in_([s.value for s in OF_CALLS])


def _add(counts: dict[str, int], name: str, number: int) -> None:
    counts[name] = counts.get(name, 0) + int(number)


def _counts(rows: Iterable[Sequence[Any]]) -> dict[str, int]:
    return _sorted({str(name) or "-": int(n) for name, n in rows})


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
