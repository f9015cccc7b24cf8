"""Levels from labelled rows: each keeps its rate of false positives, in every language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.eval.judge_levels import NEVER, TARGETS, ScoredText, common_bars, level_bars

SCORES = st.floats(0, 1).map(lambda s: round(s, 3))


def rows(harmless: list[float], bad: list[float], language: str = "en") -> list[ScoredText]:
    made = [(score, False) for score in harmless] + [(score, True) for score in bad]
    return [ScoredText(score, is_bad, language) for score, is_bad in made]


def test_bars_lie_just_above_the_harmless_texts_that_must_not_reach_them() -> None:
    harmless = [n / 1000 for n in range(1000)]  # 0 to .999
    bars = level_bars(rows(harmless, [0.96, 0.995, 1.0]))
    assert [b.score for b in bars.values()] == [0.9491, 0.9891, 0.9971]
    assert [b.false_rate for b in bars.values()] == [0.05, 0.01, 0.002]
    assert [round(b.recall, 2) for b in bars.values()] == [1.0, 0.67, 0.33]


@given(st.lists(SCORES, min_size=1, max_size=60), st.lists(SCORES, min_size=1, max_size=20))
def test_no_level_has_more_false_positives_than_it_promises(
    harmless: list[float], bad: list[float]
) -> None:
    bars = level_bars(rows(harmless, bad))
    assert all(bars[name].false_rate <= target for name, target in TARGETS.items())
    assert bars["low"].score <= bars["medium"].score <= bars["high"].score


def test_a_harmless_text_with_the_highest_score_leaves_no_level() -> None:
    assert level_bars(rows([1.0], [1.0]))["high"].score == NEVER


def test_one_bar_for_all_languages_is_the_strictest() -> None:
    both = rows([0.2], [0.9]) + rows([0.6], [0.9], "zh")
    assert common_bars(both) == {"low": 0.6001, "medium": 0.6001, "high": 0.6001}


@pytest.mark.parametrize("given", [rows([0.1], []), rows([], [0.9]), []])
def test_rows_of_both_labels_are_needed(given: list[ScoredText]) -> None:
    with pytest.raises(ValueError, match="no harmless or no bad"):
        level_bars(given)
