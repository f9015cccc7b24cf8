"""RE2 patterns with edges that are safe beside Han characters."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.policy.language.patterns import MAX_KEPT, PatternError, compile_pattern


def found(pattern: str, text: str, *, edges: bool = True) -> list[str]:
    return [text[s.start : s.end] for s in compile_pattern(pattern, edges=edges).find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("工号EMP-123456的员工", ["EMP-123456"]),
        ("EMP-123456", ["EMP-123456"]),
        ("xEMP-123456", []),
        ("EMP-1234567", []),
        ("😀EMP-123456😀 EMP-654321", ["EMP-123456", "EMP-654321"]),
    ],
)
def test_edges(text: str, expected: list[str]) -> None:
    assert found(r"EMP-\d{6}", text) == expected


def test_without_edges() -> None:
    assert found(r"EMP-\d{6}", "xEMP-1234567", edges=False) == ["EMP-123456"]


@pytest.mark.parametrize("pattern", ["(?=x)", r"(a)\1", "(", "a{1001}", "[z-a]"])
def test_what_re2_refuses(pattern: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(pattern)


@given(st.text(alphabet="aE1-中_", max_size=30))
def test_matches_do_not_overlap_and_end(text: str) -> None:
    spans = list(compile_pattern(r"[a1]*").find(text))
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))
    assert all(s.start < s.end for s in spans)


def test_few_patterns_stay_compiled() -> None:
    """Each may take 8 MiB, and an editor can try any number of them."""
    first = compile_pattern("first")
    assert compile_pattern("first") is first
    for number in range(MAX_KEPT):
        compile_pattern(f"x{number}")
    assert compile_pattern("first") is not first
