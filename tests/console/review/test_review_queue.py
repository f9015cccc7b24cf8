from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from threegate.console.review.review_queue import (
    QueueReason,
    ReviewerQueue,
    ReviewShares,
    by_request,
    sampled,
    shares_of,
)
from threegate.policy.model import AuditSetting, CompiledPolicy

from tests.console.review.test_label_statistics import label

ONE = [label("1", "correct", "ann")]
TWO = [*ONE, label("1", "false_positive", "ben")]


def reviewer(me: str, given: list[object] | None = None, **more: object) -> ReviewerQueue:
    members = {"assigned": {}, "complained": (), "second": 0} | more
    return ReviewerQueue(me, by_request(given or []), **members)  # type: ignore[arg-type]


@given(st.text(min_size=1), st.integers(0, 99))
def test_a_larger_sample_holds_the_smaller(id: str, percent: int) -> None:
    assert sampled(id, percent + 1) or not sampled(id, percent)
    assert sampled(id, 100)
    assert not sampled(id, 0)


def test_nobody_judges_twice() -> None:
    assert reviewer("ann", ONE, second=100).why("1") is None
    assert reviewer("ann", TWO, second=100).why("1") is None


def test_the_first_look_the_second_and_the_third() -> None:
    assert reviewer("eva").why("1") is QueueReason.FIRST
    assert reviewer("eva", complained={"1"}).why("1") is QueueReason.COMPLAINT
    assert reviewer("eva", ONE).why("1") is None
    assert reviewer("eva", ONE, second=100).why("1") is QueueReason.SECOND
    assert reviewer("eva", TWO).why("1") is QueueReason.DISPUTED
    agreed = [*ONE, label("1", "correct", "ben")]
    assert reviewer("eva", agreed, second=100).why("1") is None


def test_what_somebody_holds_waits_for_them_alone_until_they_have_judged() -> None:
    held = {"assigned": {"1": "ann"}}
    assert reviewer("eva", **held).why("1") is None
    assert reviewer("ann", **held).why("1") is QueueReason.FIRST
    assert reviewer("ann", **held).mine("1")
    assert reviewer("eva", ONE, second=100, **held).why("1") is QueueReason.SECOND


def test_an_unsure_reviewer_hands_it_on() -> None:
    unsure = [label("1", "unsure", "ann")]
    assert reviewer("ann", unsure).why("1") is None
    assert reviewer("eva", unsure).why("1") is QueueReason.UNSURE
    judged = [*unsure, label("1", "correct", "ben")]
    assert reviewer("eva", judged).why("1") is None
    assert reviewer("eva", judged, second=100).why("1") is QueueReason.SECOND


def test_the_shares_are_the_most_that_a_policy_requires() -> None:
    audits = (AuditSetting(review_passed=1, review_twice=30), AuditSetting(review_passed=8))
    made = [CompiledPolicy(str(n), "p", audit=audit) for n, audit in enumerate(audits)]
    assert shares_of(made) == ReviewShares(8, 30)
    assert shares_of([]) == ReviewShares(0, 0)
