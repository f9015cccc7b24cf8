"""What sentence detectors read of a text, and the deadline of each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from threegate.detectors.base import DetectorInfo
from threegate.detectors.sentence_judging import SentenceJudging
from threegate.types import Bilingual, Channel, Finding, Layer, Passage, TextLocation

LOCUS = TextLocation(Layer.INPUT, Channel.USER)


class Reader:
    """Finds nothing, and remembers what it read."""

    info = DetectorInfo("reader", ("hazard.fraud",), Bilingual("读者", "reader"))

    def __init__(self) -> None:
        self.passages: list[Passage] = []

    @property
    def read(self) -> list[str]:
        return [p.text for p in self.passages]

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...]]:
        self.passages += passages
        return [()] * len(passages)


def test_a_model_reads_escapes_as_what_they_say_and_other_texts_as_they_are() -> None:
    reader = Reader()
    judging = SentenceJudging((reader,))
    texts = ["plain", '{"a": "\\u6c5f\\u4e0a\\u6709\\u6865"}', "請坐"]
    passages = [Passage(LOCUS, text) for text in texts]
    judged = asyncio.run(judging.judge(passages, {"hazard": 100}))
    assert reader.read == ["plain", "請坐", '{"a": "江上有桥"}', "请坐"]
    assert len(judged) == len(texts)


DISGUISED = "b\u200ba\u200bd i\u200bd\u200be\u200ba"


def test_a_sentence_in_disguise_is_read_in_plain_too() -> None:
    reader = Reader()
    judging = SentenceJudging((reader,))
    passages = [Passage(LOCUS, text, 9, clear=True) for text in ("plain", DISGUISED)]
    asyncio.run(judging.judge(passages, {"hazard": 100}))
    assert [(p.text, p.clear) for p in reader.passages] == [
        ("plain", True), (DISGUISED, True), ("bad idea", False),
    ]  # fmt: skip


class Clear(Reader):
    """To it every piece of a text that grows is clear."""

    checks_prefixes = True

    async def clear(self, passages: Sequence[Passage]) -> list[bool]:
        return [True] * len(passages)


def test_a_piece_in_disguise_is_not_clear() -> None:
    judging = SentenceJudging((Clear(),))
    passages = [Passage(LOCUS, text) for text in ("plain", DISGUISED)]
    assert asyncio.run(judging.are_clear(passages, {"hazard": 100})) == [True, False]


class Slow(Reader):
    """A guard LLM as a detector: it takes a while."""

    info = DetectorInfo("slow", ("judge.slow",), Bilingual("慢", "slow"))

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...]]:
        await asyncio.sleep(0.05)
        return await super().judge(passages)


@pytest.mark.parametrize(("deadline_ms", "failed"), [(10_000, []), (1, ["slow"])])
def test_each_detector_has_the_deadline_of_its_own_rules(
    deadline_ms: int, failed: list[str]
) -> None:
    judging = SentenceJudging((Slow(), Reader()))
    deadlines = {"hazard.fraud": 20, "judge.slow": deadline_ms}
    (judged,) = asyncio.run(judging.judge([Passage(LOCUS, "plain")], deadlines))
    assert [f.detector for f in judged.failures] == failed
