"""When a trial holds, and what a report counts."""

from __future__ import annotations

import pytest
from threegate.testing.attacks.trials import Kind, Report, Trial


@pytest.mark.parametrize(
    ("kind", "tried", "held", "passed"),
    [
        (Kind.ATTACK, 1, 0, False),
        (Kind.ATTACK, 19, 18, False),
        (Kind.ATTACK, 20, 19, True),
        (Kind.ATTACK, 200, 190, True),
        (Kind.ATTACK, 200, 189, False),
        (Kind.TWIN, 99, 98, False),
        (Kind.TWIN, 100, 99, True),
        (Kind.TWIN, 200, 197, False),
    ],
)
def test_few_may_fail(kind: Kind, tried: int, held: int, passed: bool) -> None:
    assert Trial("s", "n", kind, tried, held).passed is passed


def test_only_a_broken_promise_fails_the_run() -> None:
    fails = Trial("s", "n", Kind.ATTACK, 1, 0)
    unpromised = Trial("s", "m", Kind.ATTACK, 1, 0, promised=False)
    assert Report("u", "p", "t", (unpromised,)).passed
    report = Report("u", "p", "t", (unpromised, fails, Trial("s", "o", Kind.ATTACK, 1, 1)))
    assert not report.passed
    assert report.counted("s", Kind.ATTACK, promised=True) == (1, 2)
    assert report.counted("s", Kind.ATTACK, promised=False) == (0, 1)
    assert report.suites == ("s",)
