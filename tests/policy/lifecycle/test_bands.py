"""A share is inside its band, outside on one side, or not known yet; counts add up in any order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.policy.lifecycle.bands import BandMinute, BandSide, Count, Tally, side_of
from threegate.policy.model import Band

BAND = Band(max=20, min=1, minutes=10, calls=100)
CALLS = st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(1, 3)), max_size=40)


@pytest.mark.parametrize(
    ("calls", "acted", "side"),
    [
        (99, 99, None),  # too few calls to tell
        (100, 20, None),
        (100, 21, BandSide.ABOVE),
        (100, 1, None),
        (100, 0, BandSide.BELOW),
        (1000, 9, BandSide.BELOW),
    ],
)
def test_sides(calls: int, acted: int, side: BandSide | None) -> None:
    assert side_of(BAND, Count(calls, acted)) is side


def test_nothing_leaves_a_band_that_bounds_nothing() -> None:
    assert {side_of(Band(), Count(1000, n)) for n in (0, 500, 1000)} == {None}


def test_no_call_is_no_share() -> None:
    assert Count().percent == 0.0


@given(CALLS)
def test_taking_and_putting_back_lose_nothing(calls: list[tuple[str, bool, int]]) -> None:
    tally, expected = Tally(), dict[BandMinute, Count]()
    for rule, acted, minute in calls:
        tally.put_back(tally.take())
        tally.add("p", [(rule, acted)], minute)
        key = BandMinute("p", rule, minute)
        expected[key] = expected.get(key, Count()) + Count(1, int(acted))
    assert tally.take() == expected
    assert tally.take() == {}
