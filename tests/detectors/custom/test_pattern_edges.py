"""Where a pattern shows that its matches begin or end with a letter or digit."""

from __future__ import annotations

import pytest
from threegate.detectors.custom.pattern_edges import alone


@pytest.mark.parametrize(
    ("pattern", "narrowed"),
    [
        (r"EMP-\d{6}", r"\b(?:EMP-\d{6})\b"),
        (r"\d{6}", r"\b(?:\d{6})\b"),
        (r"(?:key|密码)[a-z_]", r"(?:(?:key|密码)[a-z_])\b"),
        (r"(?P<a>x|y+)-", r"\b(?:(?P<a>x|y+)-)"),
        (r"(?i)[a-f]x{2}", r"\b(?:(?i)[a-f]x{2})\b"),
        (r"(?i)sk-x?", r"(?:(?i)sk-x?)"),
        (r"(?i:staff)\d", r"(?:(?i:staff)\d)\b"),
        (r"a?b*", r"(?:a?b*)"),
        (r"[\w-]x", r"(?:[\w-]x)\b"),
        (r"[é]x.", r"(?:[é]x.)"),
        (r"[^a]\D", r"(?:[^a]\D)"),
    ],
)
def test_a_sure_edge_is_part_of_the_search(pattern: str, narrowed: str) -> None:
    assert alone(pattern) == narrowed


@pytest.mark.parametrize(
    "pattern", [r"\bab", r"a$", r"^a", r"x\[^a]", r"\p{Han}a", r"[[:alpha:]]b", r"a\z", r"\Q.\E"]
)
def test_what_looks_around_or_is_not_known_stays(pattern: str) -> None:
    assert alone(pattern) == pattern
