"""CPU time and findings of a call are bounded; past the bound the work ends."""

from __future__ import annotations

import pytest
from threegate.detectors.engine.budget import (
    BASE_S,
    PER_MIB_S,
    Budget,
    BudgetSpentError,
    SlowSearches,
)
from threegate.normalize.work import meter

TEXT = 1 << 20
MUCH = 10_000


class Clocks:
    """CPU time and time of day, which a test sets."""

    def __init__(self) -> None:
        self.cpu = self.day = 0.0

    def budget(self, cpu_s: float) -> Budget:
        return Budget(cpu_s, clock=lambda: self.cpu, wall=lambda: self.day)

    def work(self, seconds: float) -> None:
        self.cpu += seconds
        self.day += seconds
        meter().spend(MUCH)


def test_work_ends_when_its_cpu_time_is_spent() -> None:
    clocks = Clocks()
    with clocks.budget(3).running(TEXT):
        clocks.work(0.1)
        clocks.work(2.8)
        with pytest.raises(BudgetSpentError):
            clocks.work(0.3)


def test_the_time_that_others_take_does_not_count() -> None:
    clocks = Clocks()
    with clocks.budget(3).running(TEXT):
        clocks.work(0.1)
        clocks.day += 60
        clocks.work(2.8)


def test_what_one_text_has_spent_the_next_one_lacks() -> None:
    clocks = Clocks()
    budget = clocks.budget(3)
    for seconds in (2.0, 0.9):
        with budget.running(TEXT):
            clocks.work(0.1)
            clocks.work(seconds)
    with budget.running(TEXT):
        clocks.work(0.05)
        with pytest.raises(BudgetSpentError):
            clocks.work(0.1)


def test_short_texts_add_up_by_their_length() -> None:
    clocks = Clocks()
    budget = clocks.budget(0.001)
    for _ in range(7):
        with budget.running(100):
            clocks.day += 60
    context = budget.running(100)
    with pytest.raises(BudgetSpentError):
        context.__enter__()


def test_findings_are_bounded_too() -> None:
    budget = Budget(findings=2)
    with budget.running(TEXT):
        meter().found()
        meter().found()
        with pytest.raises(BudgetSpentError):
            meter().found()


def test_a_longer_text_may_take_longer() -> None:
    assert Budget.for_size(2 * TEXT)._left_s == BASE_S + 2 * PER_MIB_S


def test_outside_of_a_budget_nothing_is_counted() -> None:
    for _ in range(MUCH):
        meter().spend()
        meter().found()


def test_slow_searches_add_up_and_quick_ones_do_not() -> None:
    """A search that never looks at the clock counts as well."""
    clocks = Clocks()
    budget = SlowSearches(0.5, clock=lambda: clocks.cpu, wall=lambda: clocks.day)
    for seconds in (*[0.004] * 1000, 0.3):
        with budget.running(TEXT):
            clocks.cpu, clocks.day = clocks.cpu + seconds, clocks.day + seconds
    with budget.running(TEXT):
        clocks.day += 60
    with budget.running(TEXT), pytest.raises(BudgetSpentError):
        clocks.work(0.3)
    with pytest.raises(BudgetSpentError), budget.running(TEXT):
        pass
