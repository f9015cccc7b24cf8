from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.console.forms.request_lines import LineError, read, shown

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**6) | st.floats(-2, 2) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
NAMES = st.from_regex(r"[a-z_][a-z0-9_.]{0,12}", fullmatch=True)
FIELDS = st.dictionaries(NAMES, VALUES, max_size=3)
TESTS = (
    st.fixed_dictionaries({"request": FIELDS})
    | st.fixed_dictionaries({"request": FIELDS, "refused": st.just(True)})
    | st.fixed_dictionaries({"request": FIELDS, "becomes": FIELDS.filter(bool)})
)


@given(TESTS, st.sampled_from(["zh", "en"]))
def test_a_test_comes_back_as_it_went(test: dict[str, Any], language: str) -> None:
    line = shown(test, language)
    assert line is not None
    assert read(line) == test


@pytest.mark.parametrize(
    ("line", "test"),
    [
        ("temperature = 2 -> temperature=0.7", ({"temperature": 2}, {"temperature": 0.7})),
        ("温度", None),
        ("model=r1-pro, n: 3 => n = 1", ({"model": "r1-pro", "n": 3}, {"n": 1})),
        ("（空） → top_p = 删除", ({}, {"top_p": None})),
        ('tools = [{"a": 1, "b": [2]}]，n = 1 → n = Removed', ({"tools": [{"a": 1, "b": [2]}], "n": 1}, {"n": None})),
        ("n = 1 2", ({"n": "1 2"}, None)),
        ("n = ", None),
    ],
)  # fmt: skip
def test_as_people_type_it(
    line: str, test: tuple[dict[str, Any], dict[str, Any] | None] | None
) -> None:
    if test is None:
        with pytest.raises(LineError):
            read(line)
        return
    request, becomes = test
    assert read(line) == {"request": request} | ({"becomes": becomes} if becomes else {})


@pytest.mark.parametrize("word", ["拒绝", "refused", " Refused "])
def test_a_refusal_in_both_languages(word: str) -> None:
    assert read(f"model = x → {word}") == {"request": {"model": "x"}, "refused": True}


def test_what_is_no_such_test_has_no_line() -> None:
    assert shown({"request": "x"}, "en") is None
    assert shown({"request": {}, "note": "x"}, "en") is None
