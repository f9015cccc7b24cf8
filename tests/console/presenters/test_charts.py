from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from threegate.audit.report.report import SLOT_US, Calls
from threegate.console.local_time import SECOND_US, LocalTime, zone_of
from threegate.console.presenters.charts import (
    HEIGHT,
    MAX_BARS,
    WIDTH,
    columns,
    histogram,
    step_us,
)
from threegate.types import Action

HOUR = 3600 * SECOND_US
DAY = 24 * HOUR
UTC = LocalTime()


@given(st.integers(1, 400 * DAY), st.sampled_from([0, SLOT_US]))
def test_never_too_many_bars(length: int, least: int) -> None:
    step = step_us(0, length, least)
    assert length / step <= MAX_BARS
    assert step >= least


def series(drawn: dict[str, object]) -> dict[str, list[int]]:
    return {s["name"]: s["values"] for s in drawn["data"]["series"]}  # type: ignore[index]


def test_calls_land_in_their_slots() -> None:
    calls = [
        Calls(0, "completed", Action.ALLOW, 3),
        Calls(0, "blocked", Action.BLOCK, 1),
        Calls(2 * HOUR, "completed", Action.MASK, 5),
        Calls(HOUR, "interrupted", Action.ALLOW, 2),
    ]
    drawn = histogram(calls, 0, 3 * HOUR, HOUR, [], UTC)
    assert series(drawn) == {
        "passed": [3, 0, 0],
        "edited": [0, 0, 5],
        "stopped": [1, 0, 0],
        "undecided": [0, 0, 0],
        "unanswered": [0, 2, 0],
    }
    assert drawn["data"]["at"] == [0, 3600, 7200]


def test_days_begin_at_local_midnight() -> None:
    shanghai = LocalTime(zone_of("Asia/Shanghai"))
    since, until = shanghai.read("2026-11-01"), shanghai.read("2026-11-04")
    last_evening = shanghai.read("2026-11-02T23:45")
    drawn = histogram([Calls(last_evening, "completed", 0, 1)], since, until, DAY, [], shanghai)
    assert series(drawn)["passed"] == [0, 1, 0]
    assert drawn["from"] == "2026-11-01 00:00"


def test_bars_and_marks_stay_in_the_box() -> None:
    calls = [Calls(0, "completed", 0, 3), Calls(HOUR, "blocked", 7, 9)]
    changes = [{"ts_us": 2 * HOUR, "title": "p"}, {"ts_us": 9 * HOUR, "title": "outside"}]
    drawn = histogram(calls, 0, 4 * HOUR, HOUR, changes, UTC)
    assert [m["x"] for m in drawn["marks"]] == [WIDTH / 2]
    rects = [r for b in drawn["bars"] for r in b["rects"]]
    assert all(r["x"] >= 0 and r["x"] + r["w"] <= WIDTH for r in rects)
    assert all(r["y"] >= 0 and r["y"] + r["h"] <= HEIGHT + 0.2 for r in rects)
    assert max(r["h"] for r in rects) == HEIGHT


def test_an_empty_time_draws_nothing() -> None:
    assert histogram([], 0, 0, HOUR, [], UTC)["bars"] == []


def test_columns_are_as_high_as_their_values() -> None:
    drawn = columns([("a", 1.0, "one"), ("b", 2.0, "two")], "ms")
    assert [b["rects"][0]["h"] for b in drawn["bars"]] == [HEIGHT / 2, HEIGHT]
    assert (drawn["from"], drawn["to"], drawn["most"]) == ("a", "b", 2.0)
    assert columns([("a", 0.25, "")], "%", most=1.0)["bars"][0]["rects"][0]["h"] == HEIGHT / 4
    assert columns([], "ms")["bars"] == []
