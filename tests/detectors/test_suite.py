"""Whole texts: long ones off the event loop, repeated ones from the cache."""

from __future__ import annotations

import asyncio
import threading

import pytest
from threegate.detectors.base import DetectorInfo, Scanned
from threegate.detectors.suite import LONG_TEXT, Suite
from threegate.types import Bilingual, Channel, Finding, Layer, Level, Locus, Passage, Span

KINDS = frozenset({"pii.letter"})
LOCUS = Locus(Layer.INPUT, Channel.USER)


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
    suite = Suite(lambda kinds: (letters,))
    passages = [Passage(LOCUS, "a" * size)]
    judged = asyncio.run(suite.check(passages, KINDS, frozenset(), 100))
    assert [f.kind for f in judged[0].findings] == ["pii.letter"]
    assert all((t == threading.get_ident()) is same for t in letters.threads)


def test_a_known_text_is_not_scanned_again_and_its_findings_have_their_own_place() -> None:
    letters = Letters()
    suite = Suite(lambda kinds: (letters,))
    other = Locus(Layer.INPUT, Channel.USER, message=7)

    async def both() -> list[Finding]:
        out = []
        for locus in (LOCUS, other):
            judged = await suite.check([Passage(locus, "abc")], KINDS, frozenset(), 100)
            out += judged[0].findings
        return out

    findings = asyncio.run(both())
    assert [f.locus for f in findings] == [LOCUS, other]
    assert len(letters.threads) == 1
