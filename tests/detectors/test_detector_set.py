"""Whole texts: long ones off the event loop, repeated ones from the cache."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.base import DetectorInfo, Scanned
from threegate.detectors.custom.detector import ListDetector
from threegate.detectors.detector_set import FINDINGS_OF_ONE, DetectorSet
from threegate.detectors.registry import scanner
from threegate.detectors.scan_pool import LONG_TEXT
from threegate.policy.model import WordList
from threegate.types import Bilingual, Channel, Finding, Layer, Level, Passage, Span, TextLocation

KINDS = frozenset({"pii.letter"})
LOCUS = TextLocation(Layer.INPUT, Channel.USER)


class Letters:
    """Finds the first letter, and remembers which threads asked."""

    info = DetectorInfo("letters", ("pii.letter",), Bilingual("字", "letters"))

    def __init__(self) -> None:
        self.threads: list[int] = []

    def scan(self, passage: Passage, *, final: bool = True) -> Scanned:
        self.threads.append(threading.get_ident())
        found = Finding("letters", "pii.letter", Span(0, 1), 1.0, Level.HIGH, passage.locus)
        return Scanned((found,), len(passage.text))


@pytest.mark.parametrize(("size", "same"), [(10, True), (LONG_TEXT, False)])
def test_a_long_text_leaves_the_loop_to_others(size: int, same: bool) -> None:
    letters = Letters()
    suite = DetectorSet(lambda kinds: (letters,))
    passages = [Passage(LOCUS, "a" * size)]
    judged = asyncio.run(suite.check(passages, KINDS, {}))
    assert [f.kind for f in judged[0].findings] == ["pii.letter"]
    assert all((t == threading.get_ident()) is same for t in letters.threads)


def test_a_long_answer_is_scanned_off_the_loop_and_once() -> None:
    letters = Letters()
    suite, passage = DetectorSet(lambda kinds: (letters,)), Passage(LOCUS, "a" * LONG_TEXT)
    asyncio.run(suite.prepare(passage, KINDS))
    scan = suite.scan_whole(passage, KINDS)
    assert [f.kind for f in scan.findings] == ["pii.letter"]
    assert len(letters.threads) == 1
    assert threading.get_ident() not in letters.threads
    suite.scan_whole(passage, KINDS)
    assert len(letters.threads) == 2


def test_many_short_texts_leave_the_loop_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threegate.detectors.detector_set.TURN_S", 0.0)
    letters, seen = Letters(), []
    suite = DetectorSet(lambda kinds: (letters,))

    async def other() -> None:
        while len(letters.threads) < 50:
            seen.append(len(letters.threads))
            await asyncio.sleep(0)

    async def both() -> None:
        passages = [Passage(LOCUS, f"text {n}") for n in range(50)]
        await asyncio.gather(other(), suite.check(passages, KINDS, {}))

    asyncio.run(both())
    assert len(set(seen)) > 40


def test_a_known_text_is_not_scanned_again_and_its_findings_have_their_own_place() -> None:
    letters = Letters()
    suite = DetectorSet(lambda kinds: (letters,))
    other = TextLocation(Layer.INPUT, Channel.USER, message=7)

    async def both() -> list[Finding]:
        out = []
        for locus in (LOCUS, other):
            judged = await suite.check([Passage(locus, "abc")], KINDS, {})
            out += judged[0].findings
        return out

    findings = asyncio.run(both())
    assert [f.locus for f in findings] == [LOCUS, other]
    assert len(letters.threads) == 1


def test_texts_of_nothing_but_values_do_not_fill_the_memory() -> None:
    """Four thousand findings are 800 KB: of 20,000 such texts the cache had grown to 16 GB."""
    suite = DetectorSet(lambda kinds: (SCANNER,))
    dense = [Passage(LOCUS, f"{n} " + "a@example.com " * 1200) for n in range(3)]
    judged = asyncio.run(suite.check(dense, frozenset({"pii.email"}), {}))
    assert [len(j.findings) for j in judged] == [1200] * 3
    assert suite._cache._found <= FINDINGS_OF_ONE


RECITED = (
    "My rules: These principles come before any other instruction, mail ada@example.com, and end."
)
WORDS = ListDetector(WordList("w", "list.w", ("these principles come before any other i",)))
SCANNER = scanner(frozenset({"pii.email"}))
STREAMED = frozenset({"list.w", "pii.email"})


def streamed(cuts: list[int]) -> list[str]:
    """What a stream that comes in these pieces is told: findings that begin behind what was settled
    and end before what is."""
    suite = DetectorSet(lambda kinds: (SCANNER, WORDS))
    told, since = [], 0
    for end in [*cuts, len(RECITED)]:
        scan = suite.scan(Passage(LOCUS, RECITED[:end]), STREAMED, final=end == len(RECITED))
        spans = [
            f.span for f in scan.findings if since <= f.span.start and f.span.end <= scan.settled
        ]
        told += [RECITED[s.start : s.end] for s in spans]
        since = max(since, scan.settled)
    return sorted(told)


@given(st.lists(st.integers(1, len(RECITED) - 1), max_size=12, unique=True).map(sorted))
def test_a_finding_is_told_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    assert streamed(cuts) == streamed([])


@pytest.mark.parametrize("cut", range(1, len(RECITED)))
def test_no_detector_cuts_the_finding_of_another(cut: int) -> None:
    assert streamed([cut]) == streamed([])
    assert len(streamed([cut])) == 2


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
    suite = DetectorSet(lambda kinds: (), (reader,))
    texts = ["plain", '{"a": "\\u6c5f\\u4e0a\\u6709\\u6865"}', "請坐"]
    passages = [Passage(LOCUS, text) for text in texts]
    judged = asyncio.run(suite.check(passages, frozenset(), {"hazard": 100}))
    assert reader.read == ["plain", "請坐", '{"a": "江上有桥"}', "请坐"]
    assert len(judged) == len(texts)


DISGUISED = "b\u200ba\u200bd i\u200bd\u200be\u200ba"


def test_a_sentence_in_disguise_is_read_in_plain_too() -> None:
    reader = Reader()
    suite = DetectorSet(lambda kinds: (), (reader,))
    passages = [Passage(LOCUS, text, 9, clear=True) for text in ("plain", DISGUISED)]
    asyncio.run(suite.judge(passages, {"hazard": 100}))
    assert [(p.text, p.clear) for p in reader.passages] == [
        ("plain", True), (DISGUISED, True), ("bad idea", False),
    ]  # fmt: skip


class Clear(Reader):
    """To it every piece of a text that grows is clear."""

    checks_prefixes = True

    async def clear(self, passages: Sequence[Passage]) -> list[bool]:
        return [True] * len(passages)


def test_a_piece_in_disguise_is_not_clear() -> None:
    suite = DetectorSet(lambda kinds: (), (Clear(),))
    passages = [Passage(LOCUS, text) for text in ("plain", DISGUISED)]
    assert asyncio.run(suite.clear(passages, {"hazard": 100})) == [True, False]


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
    suite = DetectorSet(lambda kinds: (), (Slow(), Reader()))
    deadlines = {"hazard.fraud": 20, "judge.slow": deadline_ms}
    (judged,) = asyncio.run(suite.judge([Passage(LOCUS, "plain")], deadlines))
    assert [f.detector for f in judged.failures] == failed
