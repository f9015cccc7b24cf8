from __future__ import annotations

import pytest
from threegate.detectors.models.common import judge_each, reason_of
from threegate.types import (
    Channel,
    Failed,
    Finding,
    Layer,
    Level,
    Passage,
    Reason,
    Span,
    TextLocation,
)
from threegate_classifiers.errors import ClassifierError, ModelError, Overloaded, TimedOut

LOCUS = TextLocation(Layer.INPUT, Channel.USER)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Overloaded("x"), Reason.OVERLOAD),
        (TimedOut("x"), Reason.TIMEOUT),
        (ModelError("x"), Reason.ERROR),
        (ClassifierError("x"), Reason.ERROR),
    ],
)
def test_reasons(error: ClassifierError, reason: Reason) -> None:
    assert reason_of(error) is reason


async def test_one_failure_takes_no_other_with_it() -> None:
    async def judge(passage: Passage) -> tuple[Finding, ...]:
        if passage.text == "bad":
            raise Overloaded("full")
        return (Finding("d", "k", Span(0, 1), 0.1235, Level.MEDIUM, passage.locus),)

    answers = await judge_each("d", [Passage(LOCUS, t) for t in ("a", "bad", "b")], judge)
    assert answers[1] == Failed("d", Reason.OVERLOAD, LOCUS)
    assert answers[0] == answers[2] == (Finding("d", "k", Span(0, 1), 0.1235, Level.MEDIUM, LOCUS),)
