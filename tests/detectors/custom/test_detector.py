"""Word lists and authors' patterns: what they find, and that text may leave before `settled`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import re2
from hypothesis import example, given
from hypothesis import strategies as st
from threegate.detectors.base import PatternDetector
from threegate.detectors.custom.detector import ListDetector, RegexDetector
from threegate.detectors.custom.pattern_matcher import MAX_SPAN
from threegate.policy.model import CheckDigits, CustomPattern, WordList
from threegate.types import Channel, Layer, Passage, Span, TextLocation

from tests.cases import cases

WORDS = ListDetector(WordList("w", "list.w", ("北极星", "北极星计划", "project x", "ab", "abab")))
WHOLE = ListDetector(WordList("v", "list.v", ("cat", "catalogue", "凤凰"), match="word"))
STAFF = RegexDetector(CustomPattern("staff", "pattern.staff", r"EMP-\d{6}"))
CONTRACT = RegexDetector(
    CustomPattern("c", "pattern.c", r"LC-\d{10}", check_digits=CheckDigits.LUHN)
)
LOCUS = TextLocation(Layer.OUTPUT, Channel.CONTENT)


def found(detector: PatternDetector, text: str) -> list[str]:
    scanned = detector.scan(Passage(LOCUS, text))
    return [text[f.span.start : f.span.end] for f in scanned.findings]


@pytest.mark.parametrize(
    ("detector", "text", "values"),
    [
        (WORDS, "启动北极星计划吧，北极星。", ["北极星计划", "北极星"]),
        (WORDS, "PROJECT X is on", ["PROJECT X"]),
        (WORDS, "of project\n   x, Project\u3000X", ["project\n   x", "Project\u3000X"]),
        (WORDS, f"project{16 * ' '}x project{17 * ' '}x", [f"project{16 * ' '}x"]),
        (WORDS, "Project-X, project_x.md, projectx", ["Project-X", "project_x"]),
        (WORDS, "xababab", ["abab", "ab"]),
        (WHOLE, "a cat, concat, catalogue凤凰", ["cat", "catalogue", "凤凰"]),
        (STAFF, "工号EMP-123456的同事", ["EMP-123456"]),
        (CONTRACT, "合同LC-4539148801，不是LC-4539148802", ["LC-4539148801"]),
        (STAFF, "XEMP-123456 EMP-1234567", []),
        (STAFF, r"{'who': 'Li\nEMP-123456'}", ["EMP-123456"]),
        (WHOLE, r"{'what': 'a\tcat\ncatalogue'}", ["cat", "catalogue"]),
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
    "\n ",
    7 * " ",
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
ATOMS += ["EMP-", "123456", "7", "E", "\\n"]
texts = st.lists(st.sampled_from(ATOMS), max_size=30).map("".join)


@pytest.mark.parametrize("detector", [WORDS, WHOLE, STAFF])
@given(texts, texts)
def test_text_before_settled_is_decided(detector: PatternDetector, text: str, more: str) -> None:
    part = detector.scan(Passage(LOCUS, text), final=False)
    whole = detector.scan(Passage(LOCUS, text + more), final=True)
    early = [f for f in part.findings if f.span.start < part.settled]
    assert [f for f in whole.findings if f.span.start < part.settled] == early
    assert all(f.span.end <= part.settled for f in early)


GAPPED = ListDetector(WordList("g", "list.g", ("a bc", "i jk")))


@pytest.mark.parametrize("detector", [WORDS, WHOLE, GAPPED])
@given(st.text(st.sampled_from("aabbccijk   \n\u3000北极星凤凰project"), max_size=24))
@example("so a \n  bc")
@example("i \n\njk")
def test_the_fast_path_says_what_a_scan_would(detector: ListDetector, text: str) -> None:
    settled = detector.settled_without_scan(text, 0)
    scanned = detector.scan(Passage(LOCUS, text), final=False)
    assert settled == -1 or (scanned.findings, scanned.settled) == ((), settled)
    assert settled == -1 or not found(detector, text)


def test_ordinary_text_is_not_held() -> None:
    assert WORDS.scan(Passage(LOCUS, "今天的天气很好"), final=False).settled == 7
    assert WORDS.scan(Passage(LOCUS, "今天的北"), final=False).settled == 3


def plain(pattern: str, text: str, *, edges: bool) -> Iterator[Span]:
    """What a pattern finds, by definition: one search over the whole text after the other."""
    compiled, at = re2.compile(pattern), 0
    while at <= len(text) and (match := compiled.search(text, at)) is not None:
        start = match.start()
        here = compiled.match(text[start : start + MAX_SPAN])
        end = start + (here.end() if here else 0)
        stands = end > start and not (edges and (word(text, start) or word(text, end)))
        if stands:
            yield Span(start, end)
        at = end if stands else start + 1


def word(text: str, at: int) -> bool:
    """Whether an ASCII word goes on from before `at` to behind it."""
    beside = text[max(0, at - 1) : at + 1] if at else ""
    return len(beside) == 2 and bool(re2.fullmatch("[0-9A-Za-z_]{2}", beside))


PATTERNS = [
    r"EMP-\d{6}",
    r"\bab+\b|\Bb",
    r"^a+|b+$",
    r"(?m)^a.*b$|7$",
    r"(?s)a.*b",
    r"a+?国|(?i)é{2,}\b",
    r"[^a\n]+",
    r"\A.|.\z",
    r"a*",
    r"\B",
]
PIECES = [
    "a",
    "b",
    "ab",
    "国",
    "é",
    "É",
    "\n",
    " ",
    "7",
    "EMP-123456",
    "😀",
    "_",
    "a" * 99,
    "b" * 60,
]
"""No text of four of them has more bytes than a match may."""
STRETCHES = [0, 1, 4080, 4096]


def test_a_long_match_is_found_by_its_first_characters() -> None:
    key = RegexDetector(CustomPattern("k", "pattern.k", r"\bsk-\w+\b", edges=False))
    text = "x " * 2000 + "sk-" + "a1" * 5000 + " end"
    spans = [f.span for f in key.scan(Passage(LOCUS, text)).findings]
    assert spans == [Span(4000, 4000 + MAX_SPAN)]


@pytest.mark.parametrize("edges", [True, False])
@pytest.mark.parametrize("pattern", PATTERNS)
@cases(5)
@given(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.sampled_from(STRETCHES),
    st.sampled_from("\n国-"),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
)
@example("a" * 300, 0, "-", "b" * 300)
@example("国", 4094, "-", "ab国EMP-123456")
def test_a_pattern_finds_what_search_after_search_would(
    pattern: str, edges: bool, left: str, stretch: int, filler: str, right: str
) -> None:
    text = left + filler * stretch + right
    custom = RegexDetector(CustomPattern("p", "pattern.p", pattern, edges=edges))
    spans = [f.span for f in custom.scan(Passage(LOCUS, text)).findings]
    assert spans == list(plain(pattern, text, edges=edges))
