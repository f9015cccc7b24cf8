"""Gaps read as one blank, and the way back to the text as it was."""

from __future__ import annotations

import sys

import re2
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.custom.gaps import ANY_GAP, MOST, one_blank, original_positions

from tests.cases import cases

texts = st.lists(st.sampled_from(["a", "海", " ", "\n", "\u3000", MOST * " "])).map("".join)


def test_a_gap_is_one_blank() -> None:
    assert one_blank("a b") == "a b"
    assert one_blank("a\n  b\u3000c") == "a b c"
    assert one_blank(f"a{(MOST + 1) * ' '}b") == "a  b"


@cases(200)
@given(texts)
def test_every_character_is_found_again(text: str) -> None:
    read, original = one_blank(text), original_positions(text)
    for at, char in enumerate(read):
        assert text[original(at)] == char or (char == " " and text[original(at)].isspace())
    assert original(len(read)) == len(text)
    assert [c for c in read if not c.isspace()] == [c for c in text if not c.isspace()]


def test_what_re2_looks_for_is_wherever_a_gap_is() -> None:
    gap = re2.compile(ANY_GAP)
    blanks = [c for c in map(chr, range(sys.maxunicode + 1)) if c.isspace()]
    assert len(blanks) > 20
    assert [c for c in blanks if not gap.fullmatch(c)] == []
    assert gap.fullmatch("".join(blanks))
    assert not gap.search("x")
