"""Whole texts: long ones off the event loop, repeated ones from the cache."""

from __future__ import annotations

import asyncio
import threading

import pytest
from threegate.detectors.base import DetectorInfo, Scanned
from threegate.detectors.detector_set import FINDINGS_OF_ONE, DetectorSet
from threegate.detectors.registry import scanner
from threegate.detectors.scan_pool import LONG_TEXT
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


def test_many_short_texts_leave_the_loop_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threegate.detectors.pattern_scans.TURN_S", 0.0)
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


SCANNER = scanner(frozenset({"pii.email"}))
