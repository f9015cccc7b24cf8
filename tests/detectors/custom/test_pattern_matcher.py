"""Every match of an author's pattern is found, and the budget bounds how many."""

from __future__ import annotations

from functools import partial
from itertools import count

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from threegate.detectors.custom.pattern_matcher import PatternMatcher
from threegate.detectors.engine.budget import Budget, BudgetSpentError
from threegate.types import Span

from tests.cases import cases
from tests.detectors.custom.test_detector import PATTERNS, PIECES, plain

MORE = [r"\d{6}", r"[a-z]{2,9}", r"a+?", r"(?i)[a-k]b*7?", r"[ab7]{3}|é.", r"b(?:a|\d{6})?_?"]
GAPS = ["", " ", "国", " " * 7, "国" * 9]


@pytest.mark.parametrize("edges", [True, False])
@pytest.mark.parametrize("pattern", [*PATTERNS, *MORE])
@cases(15)
@given(st.lists(st.sampled_from([*PIECES, *GAPS, "1234567"]), max_size=16).map("".join))
@example("a" * 300 + "b" * 300)
@example("EMP-1234567 EMP-123456")
def test_matches_are_those_of_the_pattern(pattern: str, edges: bool, text: str) -> None:
    assert PatternMatcher(pattern, edges=edges).all(text) == list(plain(pattern, text, edges=edges))


@pytest.mark.parametrize("gap", [" ", "，", "\n"])
def test_each_of_many_is_found_until_the_budget_is_spent(gap: str) -> None:
    staff, text = PatternMatcher(r"EMP-\d{6}", edges=True), gap.join(["EMP-123456"] * 6000)
    assert staff.all(text) == [Span(11 * n, 11 * n + 10) for n in range(6000)]
    with Budget(findings=5999).running(len(text)), pytest.raises(BudgetSpentError):
        staff.all(text)


def test_searches_without_a_match_spend_the_budget() -> None:
    """One search with a large pattern (`[\\p{L}]{1,300}先生`) may take half a second."""
    clock = partial(next, count(step=0.1))
    budget, text = Budget(cpu_s=1, clock=clock, wall=clock), "a" * 400_000
    with budget.running(len(text)), pytest.raises(BudgetSpentError):
        PatternMatcher("b+", edges=False).all(text)
