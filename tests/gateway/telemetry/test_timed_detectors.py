"""The time of a sentence detector is told whatever becomes of its answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from threegate.detectors.detector_set import DetectorSet
from threegate.gateway.telemetry.timed_detectors import Timed
from threegate.types import Channel, Layer, Passage, TextLocation

from tests.gateway.shell import INFO, BadWords

PASSAGE = Passage(TextLocation(Layer.OUTPUT, Channel.CONTENT), "bad")


async def test_an_answer_and_a_failure_and_a_question_given_up() -> None:
    told: list[tuple[str, float]] = []

    def timed(detector: BadWords) -> Timed:
        return Timed(detector, lambda name, seconds: told.append((name, seconds)))

    (found,) = await timed(BadWords()).judge([PASSAGE])
    assert found
    with pytest.raises(RuntimeError):
        await timed(BadWords(fail=True)).judge([PASSAGE])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await timed(BadWords(delay=30)).judge([PASSAGE])
    assert [name for name, _ in told] == [INFO.id] * 3
    assert all(seconds >= 0 for _, seconds in told)


@dataclass
class Choosy(BadWords):
    """Does less where fewer of its kinds count, and notes which do."""

    asked: list[frozenset[str]] = field(default_factory=list)

    def wanting(self, kinds: frozenset[str]) -> Choosy:
        self.asked.append(kinds)
        return self


async def test_a_detector_is_told_once_which_kinds_count() -> None:
    told: list[str] = []
    choosy, kinds = Choosy(), frozenset({"hazard"})
    detectors = DetectorSet(lambda _: (), (Timed(choosy, lambda name, _: told.append(name)),))
    for _ in range(2):
        (judged,) = await detectors.sentences.judge([PASSAGE], dict.fromkeys(kinds, 1000))
        assert judged.findings
    assert choosy.asked == [kinds]
    assert told == [INFO.id] * 2
