"""Histograms as numbers for a template that draws them: no script, no style attribute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from threegate.audit.log.record import timestamp

WIDTH, HEIGHT = 960, 96
STEPS_S = (60, 300, 900, 3600, 3 * 3600, 6 * 3600, 86_400, 7 * 86_400, 30 * 86_400)
MAX_BARS = 90
SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: records that passed, that were edited, that were stopped."""

    start_us: int
    passed: int = 0
    edited: int = 0
    stopped: int = 0

    @property
    def total(self) -> int:
        return self.passed + self.edited + self.stopped


def step_us(since_us: int, until_us: int) -> int:
    """The smallest step of the list that gives at most `MAX_BARS` bars."""
    length = max(1, until_us - since_us)
    fit = (s * SECOND_US for s in STEPS_S if length / (s * SECOND_US) <= MAX_BARS)
    return next(fit, STEPS_S[-1] * SECOND_US * -(-length // (STEPS_S[-1] * SECOND_US * MAX_BARS)))


def slots(
    counts: Iterable[tuple[int, int, int]], since_us: int, until_us: int, step: int
) -> list[Bar]:
    """Every slot of the range from (slot start, action, number) rows; empty ones too."""
    sums: dict[int, list[int]] = {}
    for start, action, number in counts:
        group = 2 if action >= 6 else 1 if action >= 2 else 0
        sums.setdefault(start, [0, 0, 0])[group] += number
    first = since_us - since_us % step
    return [Bar(at, *sums.get(at, (0, 0, 0))) for at in range(first, until_us, step)]


def histogram(
    bars: Sequence[Bar], step: int, changes: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Rectangles and policy marks in a box of `WIDTH` × `HEIGHT`."""
    most = max((b.total for b in bars), default=0) or 1
    wide = WIDTH / max(1, len(bars))
    start = bars[0].start_us if bars else 0
    length = step * max(1, len(bars))
    marks = [
        {"x": round(WIDTH * (c["ts_us"] - start) / length, 1), "title": c["title"]} for c in changes
    ]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "bars": [_bar(b, i * wide, wide, most) for i, b in enumerate(bars)],
        "marks": [m for m in marks if 0 <= m["x"] <= WIDTH],
        "most": most,
        "from": timestamp(start)[:16].replace("T", " "),
        "to": timestamp(start + length)[:16].replace("T", " "),
    }


def _bar(slot: Bar, x: float, wide: float, most: int) -> dict[str, Any]:
    rects, top = [], float(HEIGHT)
    for name, number in (
        ("stopped", slot.stopped),
        ("edited", slot.edited),
        ("passed", slot.passed),
    ):
        high = HEIGHT * number / most
        top -= high
        if number:
            box = {"x": round(x, 1), "y": round(top, 1), "w": round(max(wide - 1, 1), 1)}
            rects.append(box | {"h": round(high, 1), "name": name})
    title = f"{timestamp(slot.start_us)[:16]} · {slot.total} · {slot.stopped}"
    return {"title": title, "rects": rects, "start_us": slot.start_us}


def columns(values: Sequence[tuple[str, float, str]], most: float = 0.0) -> dict[str, Any]:
    """One column for each (name, value, title); `most` is the height of the box, else the largest
    value."""
    top = most or max((v for _, v, _ in values), default=0.0) or 1.0
    wide = min(WIDTH / max(1, len(values)), WIDTH / 12)
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "bars": [
            {"title": title, "rects": [_column(n * wide, wide, value / top)]}
            for n, (_, value, title) in enumerate(values)
        ],
        "from": values[0][0] if values else "",
        "to": values[-1][0] if values else "",
        "most": round(top, 2),
    }


def _column(x: float, wide: float, share: float) -> dict[str, Any]:
    high = HEIGHT * share
    box = {"x": round(x, 1), "y": round(HEIGHT - high, 1), "w": round(max(wide - 1, 1), 1)}
    return box | {"h": round(high, 1), "name": "edited"}
