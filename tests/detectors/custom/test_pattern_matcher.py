"""Matches by the thousand: nothing is missed, what stands apart stays exact."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from threegate.detectors.custom import pattern_matcher
from threegate.detectors.custom.detector import RegexDetector
from threegate.detectors.custom.pattern_matcher import MANY, MAX_SPAN, PatternMatcher
from threegate.policy.model import CustomPattern
from threegate.types import Channel, Layer, Passage, Span, TextLocation

from tests.detectors.custom.test_detector import PATTERNS, PIECES, plain

LOCUS = TextLocation(Layer.OUTPUT, Channel.CONTENT)
STAFF = PatternMatcher(r"EMP-\d{6}", edges=True)
NUMBER = "EMP-123456"
MORE = [r"\d{6}", r"[a-z]{2,9}", r"a+?", r"(?i)[a-k]b*7?", r"[ab7]{3}|é.", r"b(?:a|\d{6})?_?"]
GAPS = ["", " ", "国", " " * 7, "国" * 9]


@pytest.mark.parametrize("edges", [True, False])
@pytest.mark.parametrize("pattern", [*PATTERNS, *MORE])
@given(st.lists(st.sampled_from(PIECES + GAPS), max_size=40).map("".join))
@example("a" * 300 + "b" * 300)
@example("EMP-1234567 EMP-123456")
def test_every_match_lies_inside_what_is_told(pattern: str, edges: bool, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pattern_matcher, "MANY", 2)
        patch.setattr(pattern_matcher, "_NEAR", 8)
        told = PatternMatcher(pattern, edges=edges).all(text)
    matches = list(plain(pattern, text, edges=edges))
    assert told[:2] == matches[:2]
    assert all(any(t.start <= m.start and m.end <= t.end for t in told) for m in matches)
    assert all(any(t.start <= m.start < t.end for m in matches) for t in told)
    assert all(left.end <= right.start for left, right in pairwise(told))


@pytest.mark.parametrize("edges", [True, False])
@pytest.mark.parametrize("pattern", MORE)
@given(st.lists(st.sampled_from([*PIECES, *GAPS, "1234567"]), max_size=12).map("".join))
def test_what_stands_alone_is_told_as_before(pattern: str, edges: bool, text: str) -> None:
    assert PatternMatcher(pattern, edges=edges).all(text) == list(plain(pattern, text, edges=edges))


@pytest.mark.parametrize("gap", [" ", "，", "\n"])
def test_a_text_full_of_matches_is_one_stretch_behind_the_first(gap: str) -> None:
    count = 3 * MANY
    told = STAFF.all(gap.join([NUMBER] * count))
    first = [Span(11 * n, 11 * n + 10) for n in range(MANY)]
    assert told == [*first, Span(11 * MANY, 11 * count - 1)]


@pytest.mark.parametrize("filler", ["x ", "字"])
def test_behind_the_first_what_stands_far_apart_is_exact(filler: str) -> None:
    far = (filler * 300)[:300]
    text = f"{NUMBER} " * MANY + far + f"{NUMBER} {far}" * 3
    at = 11 * MANY + 300
    assert STAFF.all(text)[MANY:] == [Span(at + 311 * n, at + 311 * n + 10) for n in range(3)]


def test_a_stretch_ends_a_little_behind_its_last_match() -> None:
    text = f"{NUMBER} " * (MANY + 2) + "word " * 400
    (stretch,) = STAFF.all(text)[MANY:]
    assert stretch.start == 11 * MANY
    assert 0 <= stretch.end - 11 * (MANY + 2) <= 2 * MAX_SPAN


def test_text_that_may_go_on_is_told_up_to_the_first_many() -> None:
    staff = RegexDetector(CustomPattern("staff", "pattern.staff", r"EMP-\d{6}"))
    text = f"{NUMBER} " * (MANY + 9)
    part = staff.scan(Passage(LOCUS, text), final=False)
    whole = staff.scan(Passage(LOCUS, text + "and more"))
    assert part.settled == 11 * MANY - 1
    assert part.findings == whole.findings[:MANY]
    rest = staff.scan(Passage(LOCUS, text[part.settled :]))
    assert len(rest.findings) == 9
