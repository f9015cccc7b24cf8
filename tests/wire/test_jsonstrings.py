"""Where strings and numbers of JSON text lie, whatever pieces it comes in."""

from __future__ import annotations

import json

import pytest
from threegate.wire.jsonstrings import LONGEST, JsonStrings
from threegate.wire.jsontext import write

from tests.wire.cuts import every_single_cut, one_by_one


@pytest.mark.parametrize(
    ("text", "new", "made"),
    [
        ('{"n": <13912345678>}', "[personal data removed]", {"n": "[personal data removed]"}),
        ('{"n": [1, <2>]}', 'a "b"', {"n": [1, 'a "b"']}),
        ('{"n": <1>, "b": null}', "13912345678", {"n": 13912345678, "b": None}),
        ('{"n": "x <1> y"}', 'a "b"\n', {"n": 'x a "b"\n y'}),
        ('{"n": "x <1", "m": 2>}', "y", {"n": "x y"}),
        ('{"n": <1, "m": "2> z"}', "y", {"n": "y z"}),
    ],
)
def test_a_replacement_leaves_json(text: str, new: str, made: object) -> None:
    start, end = text.index("<"), text.index(">") - 1
    plain = text.replace("<", "").replace(">", "")
    for pieces in (one_by_one(plain), *every_single_cut(plain)):
        strings = JsonStrings()
        for piece in pieces:
            strings.feed(piece)
        fitted = strings.fitted(new, start, end)
        assert json.loads(write(plain[:start] + fitted + plain[end:])) == made


def test_a_replacement_in_other_text_is_as_it_is() -> None:
    assert JsonStrings('say "1"').fitted('a "b"', 5, 6) == 'a "b"'


def marked(text: str) -> tuple[str, int, int]:
    """A text without its angle brackets, and the span that they mark."""
    return text.replace("<", "").replace(">", ""), text.index("<"), text.index(">") - 1


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ('{"n": -<13912345678>.0}', "-13912345678.0"),
        ('{"n":<139>12345678e+2}', "13912345678e+2"),
        ('{"n":[1,139<1234>5678]}', "13912345678"),
        ('{"n": <-13912345678>}', "-13912345678"),
        ('{"n": "-<13912345678>.0"}', "13912345678"),  # a text
        ('{"n": "x <1", "m": -2>3}', '1", "m": -23'),
        ("print(-<13912345678>)", "13912345678"),  # no JSON
        (f"[<1>{'2' * (LONGEST - 1)}]", "1" + "2" * (LONGEST - 1)),
        (f"[<1>{'2' * LONGEST}]", "1"),
    ],
)
def test_what_is_replaced_is_a_whole_number(text: str, whole: str) -> None:
    text, start, end = marked(text)
    start, end = JsonStrings(text).whole_number(text, start, end)
    assert text[start:end] == whole


def test_the_text_may_begin_later() -> None:
    text = '{"a": "b", "n": -13912345678.0}'
    assert JsonStrings(text).whole_number(text[11:], 17, 28, 11) == (16, 30)
    assert JsonStrings(text).before_number(text[11:], 20, 11) == 16


@pytest.mark.parametrize(
    ("text", "at", "start"),
    [
        ('{"n": -139', 10, 6),  # more may follow
        ('{"n": -139, "m": 2', 10, 10),
        ('{"n": -1.5}', 9, 6),
        ('{"n": "-139', 11, 11),
        ("n = -139", 8, 8),
        ("[" + "1" * LONGEST, LONGEST + 1, LONGEST + 1),
    ],
)
def test_no_number_leaves_in_part(text: str, at: int, start: int) -> None:
    assert JsonStrings(text).before_number(text, at, 0) == start
