from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.console.forms.pattern_like import pattern_for, pattern_like
from threegate.policy.language.patterns import compile_pattern


@pytest.mark.parametrize(
    ("examples", "pattern"),
    [
        ([], ""),
        (["EMP-104233"], r"EMP-\d{6}"),
        (["EMP-104233", "EMP-77"], r"EMP-\d{2,6}"),
        (["A1.2", "工号9"], r"A\d{1}\.\d{1}|工号\d{1}"),
        ([" ", "x(1)"], r"x\(\d{1}\)"),
    ],
)
def test_the_shape_of_examples(examples: list[str], pattern: str) -> None:
    assert pattern_like(examples) == pattern


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)))
def test_every_example_fits_its_pattern(examples: list[str]) -> None:
    pattern = pattern_like(examples)
    for example in examples:
        compiled = compile_pattern(pattern, edges=False).compiled
        assert compiled.fullmatch(example) is not None


@pytest.mark.parametrize(
    ("regex", "like", "pattern"),
    [
        (r"KH\d{8}", "", r"KH\d{8}"),
        (r"KH\d{8}", "KH20261104", r"KH\d{8}"),
        (r"KH\d{8}", "KH-2026/00123\n", r"KH-\d{4}/\d{5}"),  # a template's pattern
        ("KH-", "KH-2026", r"KH-\d{4}"),  # derived at a pause in typing
        ("KH(", "", "KH("),
        ("KH(", "KH1", r"KH\d{1}"),
        ("", "", ""),
    ],
)
def test_examples_of_another_shape_replace_the_pattern(regex: str, like: str, pattern: str) -> None:
    assert pattern_for(regex, like) == pattern
