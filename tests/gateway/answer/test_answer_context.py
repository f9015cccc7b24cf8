"""Sentences are judged with the other texts of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from threegate.detectors.base import DetectorInfo
from threegate.policy.model import StreamMode
from threegate.types import Action, Failed, Finding, Level, Passage, Span

from tests.gateway.shell import INFO, hear, made, policy, rule, suite


@dataclass
class Together:
    """Harm only where two halves stand together, in whatever texts of the answer they are."""

    info: DetectorInfo = INFO

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        return [self._one(p) for p in passages]

    def _one(self, passage: Passage) -> tuple[Finding, ...]:
        read = f"{passage.nearby}\n{passage.before}{passage.text}"
        if not ("first half" in read and "second half" in read):
            return ()
        span = Span(0, len(passage.text))
        return (Finding("bad", "hazard.test", span, 0.9, Level.HIGH, passage.locus),)


@pytest.mark.parametrize(
    ("events", "caught"),
    [
        ([(0, "content", "The first half. "), (0, "content", "The second half. ")], True),
        ([(0, "content", "The first half. "), (1, "content", "The second half. ")], True),
        ([(0, "reasoning_content", "The first half. "), (0, "content", "The second half. ")], True),
        ([(0, "content", "The first half. "), (1, "content", "The first half. ")], False),
        (
            [(0, "reasoning_content", "The first half. "), (1, "content", "The second half. ")],
            False,
        ),
    ],
)
async def test_harm_spread_over_sentences_choices_and_reasoning(
    events: list[tuple[int, str, str]], caught: bool
) -> None:
    data = [made(choice, **{name: text}) for choice, name, text in events]
    data.append(b"data: [DONE]\n\n")
    harm = policy(rule("harm", Action.BLOCK, "hazard.test", stream=StreamMode.HOLD))
    heard = await hear(data, harm, suite(Together()))
    assert (heard.finish() == "content_filter") is caught
