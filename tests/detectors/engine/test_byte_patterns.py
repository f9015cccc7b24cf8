from __future__ import annotations

import re

import re2
from threegate.detectors.engine.byte_patterns import loosened, starts


def test_a_loosened_pattern_matches_wherever_the_exact_one_does() -> None:
    exact = re.compile(r"(?<![a-z])(?P<label>no\.?)\s[0-9]{2}(?![0-9])")
    loose = loosened(exact.pattern)
    for text in ("no. 42", "no\u300042 x", "no\x1c42", "xno 421"):
        assert not exact.search(text) or loose.search(text), text
    assert loose.search("xno 421")


def test_starts_inside_earlier_matches_are_found() -> None:
    assert list(starts(re2.compile("aba"), b"ababa")) == [0, 2]
    assert list(starts(re.compile(b"ab"), b"abab")) == [0, 2]


def test_starts_without_a_value_within_reach_are_left_out() -> None:
    data = b"ab" + b"-" * 20 + b"ab-7 ab"
    for pattern in (re2.compile("ab"), re.compile(b"ab")):
        assert list(starts(pattern, data, re.compile(b"[0-9]"), 8)) == [22]
