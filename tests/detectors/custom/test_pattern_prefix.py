"""What a policy's pattern holds at the end of a text: every beginning of a match, and no prose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.custom.detector import RegexDetector
from threegate.detectors.custom.pattern_matcher import PatternMatcher
from threegate.detectors.custom.pattern_prefix import beginnings
from threegate.policy.model import CustomPattern
from threegate.types import Channel, Layer, Passage, TextLocation

LOCUS = TextLocation(Layer.OUTPUT, Channel.CONTENT)


@pytest.mark.parametrize(
    ("pattern", "text", "held"),
    [
        (r"EMP-\d{6}", "ask EMP-12", "EMP-12"),
        (r"EMP-\d{6}", "ask EMP-123456", "EMP-123456"),
        (r"EMP-\d{6}", "ask EMP-1234567", ""),
        (r"EMP-\d{6}", "an ordinary sentence", ""),
        (r"(?i)\bproject[ -]?7[a-z]{2,6}\b|项目7号", "our PROJ", "PROJ"),
        (r"(?i)\bproject[ -]?7[a-z]{2,6}\b|项目7号", "这个项目", "项目"),
        (r"合同编号[:：]?\s*[A-Z]{2}\d{4,8}", "合同编号：  AB1", "合同编号：  AB1"),
        (r"\p{Han}{2}公司", "天河公", "天河公"),
        (r"[\p{Han}x]{2}-\P{Han}", "a汉x-", "汉x-"),
        (r"\\p{Han}", "a\\p{H", "\\p{H"),  # a backslash and six letters, no class
        (r"\\\p{Han}!", "a\\汉", "\\汉"),
        (r"a(?i:b)c", "xaB", "aB"),
        (r"a(?:b|cd)*e", "acdbc", "acdbc"),
        (r"a[^\W\d]+!", "1ab2 ab", "ab"),
        (r"(?s)<.{0,9}>", "1 <a\nb", "<a\nb"),
        (r"<.{0,3}>", "1 <abcd", ""),
        (r"x{3}", "xx", "xx"),
        (r"[[:alpha:]]{2}1", "abc", "abc"),
    ],
)
def test_held(pattern: str, text: str, held: str) -> None:
    assert text[PatternMatcher(pattern, edges=False).open_from(text) :] == held


def test_what_re_reads_otherwise_is_not_known() -> None:
    assert beginnings(r"[[:alpha:]]+1") is None
    assert beginnings(r"a{,3}") is None
    assert beginnings(r"\Qa.b\E") is None
    assert beginnings(r"\d{4}") is not None


PIECES = [
    "a",
    "b",
    "[ab]",
    "[^a]",
    ".",
    r"\d",
    r"\w",
    r"\s",
    "(?i:B)",
    r"\b",
    "^",
    "$",
    "汉",
    r"\p{Han}",
]
pieces = st.sampled_from(PIECES)
patterns = st.recursive(
    pieces,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{1,3}", "*?", "{0}"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
    ),
    max_leaves=8,
)
texts = st.text("abB1 汉\n\\p{Han}", max_size=12)


@given(patterns, texts, texts, st.booleans())
def test_what_leaves_is_decided(pattern: str, text: str, more: str, edges: bool) -> None:
    detector = RegexDetector(CustomPattern("p", "pattern.p", pattern, edges=edges))
    part = detector.scan(Passage(LOCUS, text), final=False)
    whole = detector.scan(Passage(LOCUS, text + more), final=True)
    early = [f for f in part.findings if f.span.start < part.settled]
    assert [f for f in whole.findings if f.span.start < part.settled] == early
    assert all(f.span.end <= part.settled for f in early)
