from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.eval.metrics import (
    Counts,
    Marked,
    auroc,
    macro_recall,
    outermost,
    spans_exact,
    spans_overlap,
)
from threegate.types import Span


def mark(start: int, end: int, name: str) -> Marked:
    return Marked(Span(start, end), name)


def test_by_hand() -> None:
    counts = Counts(tp=6, fp=2, fn=4, tn=8)
    assert counts.precision == pytest.approx(6 / 8)
    assert counts.recall == pytest.approx(6 / 10)
    assert counts.f1 == pytest.approx(12 / 18)
    assert counts.false_positive_rate == pytest.approx(2 / 10)
    assert counts.accuracy == pytest.approx(14 / 20)
    assert counts.balanced_accuracy == pytest.approx((0.6 + 0.8) / 2)


def test_what_the_data_cannot_say_is_none() -> None:
    only_negatives = Counts(fp=1, tn=3)
    assert only_negatives.recall is None
    assert only_negatives.f1 is None
    assert only_negatives.balanced_accuracy is None
    assert only_negatives.false_positive_rate == 0.25
    assert Counts(tp=1).false_positive_rate is None
    assert Counts().accuracy is None
    assert auroc([(True, 0.5)]) is None
    assert macro_recall([]) is None


def test_counts_of_pairs() -> None:
    pairs = [(True, True), (True, False), (False, True), (False, False), (False, False)]
    assert Counts.of(pairs) == Counts(tp=1, fp=1, fn=1, tn=2)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=25))
def test_auroc_is_the_share_of_pairs_in_order(pairs: list[tuple[bool, int]]) -> None:
    positives = [s for gold, s in pairs if gold]
    negatives = [s for gold, s in pairs if not gold]
    if not positives or not negatives:
        assert auroc(pairs) is None
        return
    wins = [(p > n) + (p == n) / 2 for p, n in itertools.product(positives, negatives)]
    assert auroc(pairs) == pytest.approx(sum(wins) / len(wins))


def test_macro_recall_weighs_classes_alike() -> None:
    pairs = [("a", "a")] * 9 + [("a", "b")] + [("b", "a")]
    assert macro_recall(pairs) == pytest.approx((0.9 + 0.0) / 2)


def test_exact_and_overlap() -> None:
    gold = [mark(0, 5, "PERSON"), mark(10, 20, "ADDRESS"), mark(30, 35, "ORG")]
    found = [mark(0, 5, "pii.person"), mark(10, 15, "pii.address"), mark(40, 45, "pii.org")]
    assert spans_exact(gold, found) == Counts(tp=1, fp=2, fn=2)
    assert spans_overlap(gold, found) == Counts(tp=2, fp=1, fn=1)


def test_a_finding_of_another_kind_is_wrong() -> None:
    assert spans_exact([mark(0, 5, "PERSON")], [mark(0, 5, "pii.org")]) == Counts(fp=1, fn=1)


def test_spans_that_only_touch_do_not_overlap() -> None:
    assert spans_overlap([mark(0, 5, "PERSON")], [mark(5, 9, "pii.person")]).tp == 0


def test_the_longer_of_two_findings_of_one_place_counts() -> None:
    found = [mark(2, 5, "pii.address"), mark(0, 9, "pii.address"), mark(0, 9, "secret.jwt")]
    assert outermost(found) == [mark(0, 9, "pii.address"), mark(0, 9, "secret.jwt")]


_MARKS = st.tuples(st.integers(0, 20), st.integers(1, 6)).map(
    lambda x: mark(x[0], x[0] + x[1], "pii.person")
)


@given(st.lists(_MARKS))
def test_outermost_findings_are_apart_and_the_longest_stays(found: list[Marked]) -> None:
    kept = outermost(found)
    for a, b in itertools.combinations(kept, 2):
        assert a.span.end <= b.span.start
    longest = max((m.span.end - m.span.start for m in found), default=0)
    assert max((m.span.end - m.span.start for m in kept), default=0) == longest
