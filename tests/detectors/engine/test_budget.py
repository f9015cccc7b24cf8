"""CPU time and findings of a call are bounded; past the bound the work ends."""

from __future__ import annotations

from itertools import count

import pytest
from threegate.detectors.engine.budget import BASE_S, PER_MIB_S, Budget, BudgetSpentError
from threegate.normalize.work import meter


def test_work_ends_when_the_clock_has_passed_the_budget() -> None:
    ticks = count()
    budget = Budget(cpu_s=2.5, clock=lambda: float(next(ticks)))
    with budget.running():
        meter().spend(10_000)
        with pytest.raises(BudgetSpentError):
            meter().spend(10_000)


def test_what_one_text_has_spent_the_next_one_lacks() -> None:
    now = [0.0]
    budget = Budget(cpu_s=3, clock=lambda: now[0])
    with budget.running():
        now[0] = 2.0
    with budget.running():
        now[0] = 4.5
    with pytest.raises(BudgetSpentError), budget.running():
        pass


def test_findings_are_bounded_too() -> None:
    budget = Budget(findings=2)
    with budget.running():
        meter().found()
        meter().found()
        with pytest.raises(BudgetSpentError):
            meter().found()


def test_a_longer_text_may_take_longer() -> None:
    now = [0.0]
    budget = Budget.for_size(2 << 20)
    budget._clock = lambda: now[0]
    with budget.running():
        now[0] = BASE_S + 2 * PER_MIB_S - 0.01
        budget.check()
        now[0] += 0.02
        with pytest.raises(BudgetSpentError):
            budget.check()


def test_outside_of_a_budget_nothing_is_counted() -> None:
    for _ in range(10_000):
        meter().spend()
        meter().found()
