"""Word lists and authors' patterns: what they find, and that text may leave before `settled`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.base import PatternDetector
from threegate.detectors.custom import ListDetector, RegexDetector
from threegate.policy.model import CustomPattern, WordList
from threegate.types import Channel, Layer, Locus, Passage

WORDS = ListDetector(WordList("w", "list.w", ("北极星", "北极星计划", "project x", "ab", "abab")))
WHOLE = ListDetector(WordList("v", "list.v", ("cat", "catalogue", "凤凰"), match="word"))
STAFF = RegexDetector(CustomPattern("staff", "pattern.staff", r"EMP-\d{6}"))
LOCUS = Locus(Layer.OUTPUT, Channel.CONTENT)


def found(detector: PatternDetector, text: str) -> list[str]:
    scanned = detector.scan(Passage(LOCUS, text))
    return [text[f.span.start : f.span.end] for f in scanned.findings]


@pytest.mark.parametrize(
    ("detector", "text", "values"),
    [
        (WORDS, "启动北极星计划吧，北极星。", ["北极星计划", "北极星"]),
        (WORDS, "PROJECT X is on", ["PROJECT X"]),
        (WORDS, "xababab", ["abab", "ab"]),
        (WHOLE, "a cat, concat, catalogue凤凰", ["cat", "catalogue", "凤凰"]),
        (STAFF, "工号EMP-123456的同事", ["EMP-123456"]),
        (STAFF, "XEMP-123456 EMP-1234567", []),
    ],
)
def test_what_is_found(detector: PatternDetector, text: str, values: list[str]) -> None:
    assert found(detector, text) == values


ATOMS = [
    "北极",
    "星",
    "计划",
    "project",
    " ",
    "x",
    "ab",
    "a",
    "b",
    "cat",
    "alogue",
    "凤",
    "凰",
    "。",
]
ATOMS += ["EMP-", "123456", "7", "E"]
texts = st.lists(st.sampled_from(ATOMS), max_size=30).map("".join)


@pytest.mark.parametrize("detector", [WORDS, WHOLE, STAFF])
@given(texts, texts)
def test_text_before_settled_is_decided(detector: PatternDetector, text: str, more: str) -> None:
    part = detector.scan(Passage(LOCUS, text), final=False)
    whole = detector.scan(Passage(LOCUS, text + more), final=True)
    early = [f for f in part.findings if f.span.start < part.settled]
    assert [f for f in whole.findings if f.span.start < part.settled] == early
    assert all(f.span.end <= part.settled for f in early)


def test_ordinary_text_is_not_held() -> None:
    assert WORDS.scan(Passage(LOCUS, "今天的天气很好"), final=False).settled == 7
    assert WORDS.scan(Passage(LOCUS, "今天的北"), final=False).settled == 3
