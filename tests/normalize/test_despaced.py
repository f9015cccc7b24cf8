from __future__ import annotations

import re

import pytest
from threegate.normalize import despaced
from threegate.normalize.view import raw

JOINED = {
    "身*份*证": "身份证",
    "1 3 8 - 1 2 3 4": "138-1234",
    "i.g.n.o.r.e": "ignore",
    "1*3_8": "138",
    "甲\\乙": "甲乙",
    "请~忽": "请忽",
    "国·": "国·",
}


@pytest.mark.parametrize("text", JOINED)
def test_what_stands_apart_is_joined(text: str) -> None:
    assert despaced.joined(raw(text)).text == JOINED[text]


@pytest.mark.parametrize(
    "text",
    ["2.1.2           2.1.1       2002", "a.217.217 0 0 1 0 .412l-1.162", "mawk 1.3.4.20200120"],
)
def test_versions_and_the_path_of_a_drawing_are_no_numbers_pulled_apart(text: str) -> None:
    source = raw(text)
    assert despaced.joined(source) is source


@pytest.mark.parametrize("size", [1, 2, 15, 16, 17, 18, 32, 33, 100])
def test_a_run_is_found_whatever_its_length(size: int) -> None:
    """A pattern that counts by sixteens matches what one that counts by ones does."""
    many = re.compile(f"({despaced._many('a[.]', 1)})[ab]")
    one = re.compile("((?:a[.])+)[ab]")
    for text in ("a." * size, "a." * size + "b", "a." * size + "ca.a"):
        assert [m.span(1) for m in many.finditer(text)] == [m.span(1) for m in one.finditer(text)]
