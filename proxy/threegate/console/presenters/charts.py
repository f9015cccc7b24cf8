"""Charts as numbers: a template draws them as bars without axes, a script (uPlot) with axes, values
under the pointer and zooming."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from threegate.audit.report.report import Calls, Outcome
from threegate.console.local_time import SECOND_US, LocalTime

WIDTH, HEIGHT = 960, 96
STEPS_S = (60, 300, 900, 3600, 3 * 3600, 6 * 3600, 86_400, 7 * 86_400, 30 * 86_400)
MAX_BARS = 90
STACK = (Outcome.STOPPED, Outcome.EDITED, Outcome.PASSED, Outcome.UNDECIDED, Outcome.UNANSWERED)
"""From bottom to top."""


def step_us(since_us: int, until_us: int, least: int = 0) -> int:
    """The smallest step of the list that gives at most `MAX_BARS` bars, and is not below `least`
    microseconds."""
    length = max(1, until_us - since_us)
    steps = (s * SECOND_US for s in STEPS_S)
    fit = (s for s in steps if length / s <= MAX_BARS and s >= least)
    return next(fit, STEPS_S[-1] * SECOND_US * -(-length // (STEPS_S[-1] * SECOND_US * MAX_BARS)))


def offset_us(since_us: int, clock: LocalTime) -> int:
    """The zone's offset at the start: bars of days begin at local midnight. If the clocks change
    within the period, later bars are an hour off."""
    offset = clock.local(since_us).utcoffset()
    return int(offset.total_seconds()) * SECOND_US if offset else 0


def histogram(
    calls: Iterable[Calls],
    since_us: int,
    until_us: int,
    step: int,
    changes: Sequence[Mapping[str, Any]],
    clock: LocalTime,
) -> dict[str, Any]:
    """Every slot of the period, including empty ones. `changes` are policy changes: `ts_us`,
    `title`."""
    shift = offset_us(since_us, clock)
    starts = range(since_us - (since_us + shift) % step, until_us, step)
    sums = {at: dict.fromkeys(Outcome, 0) for at in starts}
    for call in calls:
        slot = sums.get(call.at - (call.at + shift) % step)
        if slot is not None:
            slot[call.outcome] += call.number
    return _drawn(sums, step, changes, clock) | {
        "data": {
            "at": [at // SECOND_US for at in sums],
            "series": [{"name": o.value, "values": [c[o] for c in sums.values()]} for o in STACK],
            "marks": [{"at": c["ts_us"] / SECOND_US, "title": c["title"]} for c in changes],
            "step": step // SECOND_US,
            "zone": str(clock.zone),
        }
    }


def _drawn(
    sums: Mapping[int, Mapping[Outcome, int]],
    step: int,
    changes: Sequence[Mapping[str, Any]],
    clock: LocalTime,
) -> dict[str, Any]:
    """Rectangles and policy marks in a box of `WIDTH` × `HEIGHT`."""
    most = max((sum(counts.values()) for counts in sums.values()), default=0) or 1
    wide = WIDTH / max(1, len(sums))
    start = next(iter(sums), 0)
    length = step * max(1, len(sums))
    marks = [
        {"x": round(WIDTH * (c["ts_us"] - start) / length, 1), "title": c["title"]} for c in changes
    ]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "bars": [
            {
                "title": f"{clock.show(at)} · {sum(counts.values())} · {counts[Outcome.STOPPED]}",
                "rects": _stacked(counts, n * wide, wide, most),
            }
            for n, (at, counts) in enumerate(sums.items())
        ],
        "marks": [m for m in marks if 0 <= m["x"] <= WIDTH],
        "most": most,
        "from": clock.show(start),
        "to": clock.show(start + length),
    }


def _stacked(
    counts: Mapping[Outcome, int], x: float, wide: float, most: int
) -> list[dict[str, Any]]:
    rects: list[dict[str, Any]] = []
    top = float(HEIGHT)
    for outcome in STACK:
        if number := counts[outcome]:
            top -= HEIGHT * number / most
            rects.append(_rect(outcome.value, x, top, wide, HEIGHT * number / most))
    return rects


def _rect(name: str, x: float, y: float, wide: float, high: float) -> dict[str, Any]:
    box = {"x": x, "y": y, "w": max(wide - 1, 1), "h": high}
    return {k: round(v, 1) for k, v in box.items()} | {"name": name}


def columns(
    values: Sequence[tuple[str, float, str]], name: str, most: float = 0.0
) -> dict[str, Any]:
    """One column for each (day, value, title); `name` is what is measured, `most` the height of the
    box, else the largest value."""
    top = most or max((v for _, v, _ in values), default=0.0) or 1.0
    wide = min(WIDTH / max(1, len(values)), WIDTH / 12)
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "bars": [
            {"title": title, "rects": [_column(n * wide, wide, HEIGHT * value / top)]}
            for n, (_, value, title) in enumerate(values)
        ],
        "marks": [],
        "from": values[0][0] if values else "",
        "to": values[-1][0] if values else "",
        "most": round(top, 2),
        "data": {
            "names": [day for day, _, _ in values],
            "series": [{"name": "edited", "title": name, "values": [v for _, v, _ in values]}],
            "most": most,
        },
    }


def _column(x: float, wide: float, high: float) -> dict[str, Any]:
    return _rect("edited", x, HEIGHT - high, wide, high)
