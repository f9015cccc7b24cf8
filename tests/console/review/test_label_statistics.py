from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.console.review.label_statistics import (
    agreement,
    disputed,
    precision,
    settled,
    wrong_by_day,
)
from threegate.console.review.review_store import LABELS, ReviewLabel

ANSWERS = st.lists(st.sampled_from(LABELS), min_size=1, max_size=7)


def label(
    request: str, said: str, author: str = "ann", rule: str = "r", day: int = 25
) -> ReviewLabel:
    return ReviewLabel(request, rule, author, said, "", f"2026-11-{day}T01:00:00+00:00")


def test_precision_counts_what_is_settled_only() -> None:
    labels = [
        label("1", "correct"),
        label("2", "correct"),
        label("3", "false_positive"),
        label("4", "correct"),
        label("4", "false_positive", author="ben"),
        label("5", "false_negative", rule=""),
    ]
    by_rule = {p.rule: p for p in precision(labels)}
    assert by_rule["r"].precision == pytest.approx(2 / 3)
    assert (by_rule["r"].correct, by_rule["r"].false_positive, by_rule["r"].disputed) == (2, 1, 1)
    assert by_rule[""].precision is None
    assert by_rule[""].missed == 1


def test_a_third_reviewer_settles_a_dispute() -> None:
    labels = [label("1", "correct"), label("1", "false_positive", "ben")]
    assert disputed(labels) == {"1"}
    labels.append(label("1", "false_positive", "eva"))
    assert disputed(labels) == frozenset()
    assert precision(labels)[0].false_positive == 1


@given(ANSWERS)
def test_what_is_settled_has_more_than_half(answers: list[str]) -> None:
    said = settled(answers)
    assert said is None or 2 * answers.count(said) > len(answers)
    assert said is not None or all(2 * answers.count(a) <= len(answers) for a in LABELS)


def test_agreement_takes_out_chance() -> None:
    both = [
        label(str(n), said, who)
        for n, pair in enumerate(
            [("correct", "correct")] * 8
            + [("false_positive", "false_positive")]
            + [("correct", "false_positive")]
        )
        for who, said in zip(("ann", "ben"), pair, strict=True)
    ]
    found = agreement([*both, label("alone", "correct")])
    assert (found.twice, found.agreed, found.share) == (10, 9, 0.9)
    assert found.pi == pytest.approx((0.9 - 0.745) / 0.255, abs=0.01)
    assert agreement([label("1", "correct")]).share is None
    assert agreement([label("1", "correct"), label("1", "correct", "ben")]).pi is None


def test_false_positives_by_the_day_of_the_label() -> None:
    labels = [
        label("1", "correct"),
        label("2", "false_positive"),
        label("3", "correct", day=26),
        label("4", "false_negative", rule=""),
    ]
    assert wrong_by_day(labels) == {"2026-11-25": (1, 2), "2026-11-26": (0, 1)}
