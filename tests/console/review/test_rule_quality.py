from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.console.review.rule_quality import (
    JudgedHit,
    Share,
    better_level,
    by_level,
    judged_hits,
    level_in,
)
from threegate.types import Level


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [  # R: binom::binom.wilson
        (8, 10, 0.4902, 0.9433),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I
        (1, 1, 0.2065, 1.0),
    ],
)
def test_wilson_s_interval(part: int, whole: int, low: float, high: float) -> None:
    assert Share(part, whole).interval == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_share_lies_in_its_interval(pair: tuple[int, int]) -> None:
    share = Share(*pair)
    assert share.interval is not None
    assert share.value is not None
    low, high = share.interval
    assert 0 <= low <= share.value + 1e-12
    assert share.value - 1e-12 <= high <= 1


def test_of_nothing_there_is_no_share() -> None:
    assert (Share(0, 0).value, Share(0, 0).interval) == (None, None)


def hits(level: Level, correct: int, wrong: int) -> list[JudgedHit]:
    return [JudgedHit(f"{level}{n}", n < correct, level) for n in range(correct + wrong)]


MIXED = [*hits(Level.MEDIUM, 2, 9), *hits(Level.HIGH, 20, 1)]


def test_what_another_level_would_have_done() -> None:
    low, medium, high = by_level(MIXED)
    assert (low.kept.part, low.kept.whole) == (medium.kept.part, medium.kept.whole) == (22, 32)
    assert (medium.here.part, medium.here.whole) == (2, 11)
    assert (high.kept.part, high.kept.whole) == (20, 21)
    assert (high.avoided, high.lost, high.gain) == (9, 2, 7)


def test_a_better_level_makes_more_decisions_right() -> None:
    figures = by_level(MIXED)
    assert better_level(figures, Level.LOW) is Level.HIGH
    assert better_level(figures, Level.HIGH) is None
    good = by_level([*hits(Level.MEDIUM, 9, 2), *hits(Level.HIGH, 20, 1)])
    assert better_level(good, Level.MEDIUM) is None
    assert better_level(by_level(hits(Level.LOW, 0, 9)), Level.LOW) is None  # too few
    assert better_level(by_level([]), Level.LOW) is None


def test_levels_come_from_records_and_verdicts_from_people() -> None:
    ruled = [
        {"rule": "r", "level": "low"},
        {"rule": "r", "level": "high"},
        {"rule": "other", "level": "medium"},
        {"rule": "r", "failed": "timeout"},
    ]
    event = {"decisions": [{"ruled": ruled}]}
    assert level_in(event, "r") is Level.HIGH
    assert level_in(event, "none") is None
    verdicts = {"1": "correct", "2": "false_positive", "3": None, "4": "correct"}
    levels = {"1": Level.LOW, "2": Level.HIGH, "3": Level.LOW}
    assert [(j.request, j.correct) for j in judged_hits(verdicts, levels)] == [
        ("1", True),
        ("2", False),
    ]
