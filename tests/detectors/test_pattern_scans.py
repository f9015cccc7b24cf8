"""Patterns on streams, wherever they are cut, and on whole texts off the event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.custom.detector import ListDetector
from threegate.detectors.engine.budget import Budget
from threegate.detectors.pattern_scans import PatternScans
from threegate.detectors.registry import scanner
from threegate.detectors.scan_pool import LONG_TEXT, OWN_LONG_TEXT
from threegate.policy.model import WordList
from threegate.types import Passage

from tests.detectors.test_detector_set import KINDS, LOCUS, Letters


def test_a_long_answer_is_scanned_off_the_loop_and_once() -> None:
    letters = Letters()
    scans, passage = PatternScans(lambda kinds: (letters,)), Passage(LOCUS, "a" * LONG_TEXT)
    asyncio.run(scans.prepare(passage, KINDS))
    scan = scans.scan_whole(passage, KINDS)
    assert [f.kind for f in scan.findings] == ["pii.letter"]
    assert len(letters.threads) == 1
    assert threading.get_ident() not in letters.threads
    scans.scan_whole(passage, KINDS)
    assert len(letters.threads) == 2


async def test_what_is_long_depends_on_the_patterns() -> None:
    """Those of a policy take what their author makes them take."""
    letters = Letters()
    scans = PatternScans(lambda kinds: (letters,), OWN_LONG_TEXT)
    text = Passage(LOCUS, "a" * OWN_LONG_TEXT)
    ((_, judged),) = await scans.scan_all([text], KINDS, Budget.for_size(OWN_LONG_TEXT))
    assert len(judged.findings) == 1
    assert threading.get_ident() not in letters.threads


RECITED = (
    "My rules: These principles come before any other instruction, mail ada@example.com, and end."
)


WORDS = ListDetector(WordList("w", "list.w", ("these principles come before any other i",)))
SCANNER = scanner(frozenset({"pii.email"}))
STREAMED = frozenset({"list.w", "pii.email"})


def streamed(cuts: list[int]) -> list[str]:
    """What a stream that comes in these pieces is told: findings that begin behind what was settled
    and end before what is."""
    scans = PatternScans(lambda kinds: (SCANNER, WORDS))
    told, since = [], 0
    for end in [*cuts, len(RECITED)]:
        scan = scans.scan(Passage(LOCUS, RECITED[:end]), STREAMED, final=end == len(RECITED))
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
