from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from threegate.console.presenters.charts import (
    HEIGHT,
    MAX_BARS,
    SECOND_US,
    WIDTH,
    columns,
    histogram,
    slots,
    step_us,
)

HOUR = 3600 * SECOND_US


@given(st.integers(1, 400 * 24 * 3600 * SECOND_US))
def test_never_too_many_bars(length: int) -> None:
    assert length / step_us(0, length) <= MAX_BARS


def test_counts_land_in_their_slots() -> None:
    made = slots([(0, 0, 3), (0, 7, 1), (2 * HOUR, 3, 5)], 0, 3 * HOUR, HOUR)
    assert [(s.passed, s.edited, s.stopped) for s in made] == [(3, 0, 1), (0, 0, 0), (0, 5, 0)]


def test_bars_and_marks_stay_in_the_box() -> None:
    made = slots([(0, 0, 3), (HOUR, 7, 9)], 0, 4 * HOUR, HOUR)
    changes = [{"ts_us": 2 * HOUR, "title": "p"}, {"ts_us": 9 * HOUR, "title": "outside"}]
    drawn = histogram(made, HOUR, changes)
    assert [m["x"] for m in drawn["marks"]] == [WIDTH / 2]
    rects = [r for b in drawn["bars"] for r in b["rects"]]
    assert all(r["x"] >= 0 and r["x"] + r["w"] <= WIDTH for r in rects)
    assert all(r["y"] >= 0 and r["y"] + r["h"] <= HEIGHT + 0.2 for r in rects)
    assert max(r["h"] for r in rects) == HEIGHT


def test_an_empty_time_draws_nothing() -> None:
    assert histogram([], HOUR, [])["bars"] == []


def test_columns_are_as_high_as_their_values() -> None:
    drawn = columns([("a", 1.0, "one"), ("b", 2.0, "two")])
    assert [b["rects"][0]["h"] for b in drawn["bars"]] == [HEIGHT / 2, HEIGHT]
    assert (drawn["from"], drawn["to"], drawn["most"]) == ("a", "b", 2.0)
    assert columns([("a", 0.25, "")], most=1.0)["bars"][0]["rects"][0]["h"] == HEIGHT / 4
    assert columns([])["bars"] == []
