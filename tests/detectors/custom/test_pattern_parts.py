"""The greatest width of a policy's pattern, what a stream holds for it, and its sure edges."""

from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.custom.detector import RegexDetector
from threegate.detectors.custom.pattern_matcher import MAX_SPAN
from threegate.detectors.custom.pattern_parts import edged, greatest_width
from threegate.policy.model import CustomPattern
from threegate.types import Channel, Layer, Passage, TextLocation

LOCUS = TextLocation(Layer.OUTPUT, Channel.CONTENT)


@pytest.mark.parametrize(
    ("pattern", "width"),
    [
        (r"EMP-\d{6}", 10),
        (r"(?i)emp-?\d{4,6}\b", 10),
        (r"项目(?:甲|乙丙丁)", 5),
        (r"[\p{Han}·]{2,4}先生", 6),
        (r"\pL{3}", 3),
        (r"(?P<a>x){2,3}", 3),
        (r"a+", MAX_SPAN),
        (r"a.*b", MAX_SPAN),
        (r"a{900}", MAX_SPAN),
        (r"\\p{Han}", 7),  # a backslash and six letters, no class
        (r"[[:alpha:]]{3}", MAX_SPAN),
        (r"a{,2}", MAX_SPAN),  # five characters to RE2
        (r"\Qa.b\E", MAX_SPAN),
        (r"(?U)a{2,3}", MAX_SPAN),
        (r"a\z", MAX_SPAN),
    ],
)
def test_width(pattern: str, width: int) -> None:
    re2.compile(pattern)
    assert greatest_width(pattern, MAX_SPAN) == width


atoms = st.sampled_from(["a", "b", ".", "北", "[ab北]", r"\d", r"\pL", r"\p{Han}", r"\b", "^", "$", r"\\", r"\.", r"[^\p{Han}a]", r"(?i:K)", "[[:alpha:]]", "{,", "a{,2}"])  # fmt: skip
counts = st.sampled_from(["", "?", "*", "+", "{2}", "{1,3}", "{2,}", "??", "{0,2}?"])
patterns = st.recursive(
    st.tuples(atoms, counts).map("".join),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, counts).map(lambda part: f"(?:{part[0]}){part[1]}"),
    ),
    max_leaves=6,
)
texts = st.lists(st.sampled_from(["a", "b", "北", "京", "1", "K", "k", "\u212a", ".", "\\", "{,", " ", "\n"]), max_size=40).map("".join)  # fmt: skip


def compiles(pattern: str) -> bool:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error:
        return False
    return True


@given(patterns.filter(compiles), texts)
def test_no_match_is_wider(pattern: str, text: str) -> None:
    width = greatest_width(pattern, MAX_SPAN)
    assert all(m.end() - m.start() <= width for m in re2.compile(pattern).finditer(text))


@given(patterns.filter(compiles), texts, texts)
def test_text_before_settled_is_decided(pattern: str, text: str, more: str) -> None:
    detector = RegexDetector(CustomPattern("p", "pattern.p", pattern))
    part = detector.scan(Passage(LOCUS, text), final=False)
    whole = detector.scan(Passage(LOCUS, text + more), final=True)
    early = [f for f in part.findings if f.span.start < part.settled]
    assert [f for f in whole.findings if f.span.start < part.settled] == early
    assert all(f.span.end <= part.settled for f in early)


def test_a_narrow_pattern_holds_little() -> None:
    detector = RegexDetector(CustomPattern("p", "pattern.p", r"EMP-\d{6}"))
    text = "word " * 20
    assert detector.scan(Passage(LOCUS, text), final=False).settled == len(text)
    assert detector.scan(Passage(LOCUS, text + "EMP-12"), final=False).settled == len(text)


def test_a_pattern_whose_beginnings_are_not_known_holds_its_width() -> None:
    detector = RegexDetector(CustomPattern("p", "pattern.p", r"E{,9}MP"))
    text = "word " * 80
    assert detector.scan(Passage(LOCUS, text), final=False).settled == len(text) - MAX_SPAN - 1


@pytest.mark.parametrize(
    ("pattern", "narrowed"),
    [
        (r"EMP-\d{6}", r"\b(?:EMP-\d{6})\b"),
        (r"\d{6}", r"\b(?:\d{6})\b"),
        (r"(?:key|密码)[a-z_]", r"(?:(?:key|密码)[a-z_])\b"),
        (r"(?P<a>x|y+)-", r"\b(?:(?P<a>x|y+)-)"),
        (r"a?b*", r"(?:a?b*)"),
        (r"[\w-]x", r"(?:[\w-]x)\b"),
        (r"[é]x.", r"(?:[é]x.)"),
        (r"[^a]\D", r"(?:[^a]\D)"),
        (r"(?i)[a-z]{2}[0-9]{6}", r"(?:(?i)[a-z]{2}[0-9]{6})\b"),  # k and s: beyond ASCII, too
        (r"(?i)emp\d\w", r"\b(?:(?i)emp\d\w)"),
        ("(?i:staff)1", r"(?:(?i:staff)1)\b"),
        (r"(?i)sk", r"(?:(?i)sk)"),
    ],
)
def test_a_sure_edge_is_part_of_the_search(pattern: str, narrowed: str) -> None:
    assert edged(pattern) == narrowed


@pytest.mark.parametrize(
    "pattern",
    [
        r"\bab",
        r"a$",
        r"^a",
        r"x\[^a]",
        r"\p{Han}a",
        r"[[:alpha:]]b",
        r"a\z",
        r"\Q.\E",
    ],
)
def test_what_looks_around_or_is_not_known_stays(pattern: str) -> None:
    assert edged(pattern) == pattern
