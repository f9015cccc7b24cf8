"""The index names every position at which a number may begin."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.engine.number_index import DIGITS, NumberIndex, Shape
from threegate.detectors.pii_cn import (
    hk_tw_id,
    landline,
    mobile,
    resident_id,
    travel_document,
    uscc,
)
from threegate.detectors.pii_intl import bank_card, phone, uk_ids, us_ssn

MOBILE = Shape(11, "1")
PIECES = [
    *("138", "1234", "5678", "12345678", "0", "86", "010", "62", "440106199001011235", "4111"),
    *(
        "A",
        "E",
        "AB",
        "tel",
        "x",
        "(",
        ")",
        "（",
        "+",
        "-",
        " ",
        "  ",
        ".",
        "/",
        "\n",
        "\r\n",
        "，",
    ),
    *("手机", "a b", "　", "9", "1", "X"),
]
SHAPES = [
    (mobile._MOBILE, mobile._SHAPE),
    (resident_id._NEW, resident_id._NEW_SHAPE),
    (resident_id._OLD, resident_id._OLD_SHAPE),
    (resident_id._FOREIGN, resident_id._FOREIGN_SHAPE),
    (landline._LANDLINE, landline._SHAPE),
    (landline._SERVICE, landline._SERVICE_SHAPE),
    (travel_document._PASSPORT, travel_document._PASSPORT_SHAPE),
    (travel_document._PERMIT, travel_document._PERMIT_SHAPE),
    (uscc._USCC, uscc._SHAPE),
    (hk_tw_id._HONG_KONG, hk_tw_id._HONG_KONG_SHAPE),
    (hk_tw_id._TAIWAN, hk_tw_id._TAIWAN_SHAPE),
    (hk_tw_id._MACAU, hk_tw_id._MACAU_SHAPE),
    (hk_tw_id._MACAU_PARTED, hk_tw_id._MACAU_SHAPE),
    (bank_card._CARD, bank_card._SHAPE),
    (us_ssn._SSN, us_ssn._SHAPE),
    (uk_ids._NHS, uk_ids._NHS_SHAPE),
    (uk_ids._NINO, uk_ids._NINO_SHAPE),
    (phone._INTERNATIONAL, phone._INTERNATIONAL_SHAPE),
    (phone._AMERICAN, phone._AMERICAN_SHAPE),
    (phone._NATIONAL, phone._NATIONAL_SHAPE),
    (phone._BRACKETED, phone._BRACKETED_SHAPE),
]


def starts(text: str, shape: Shape) -> list[int]:
    return sorted(NumberIndex(text).starts.get(shape, ()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call 13812345678 now", [5]),
        ("138 1234 5678", [0]),
        ("138\r\n1234 5678", [0]),
        ("138, 1234, 5678", []),
        ("1381234567", []),
        ("1 13812345678", [0, 2]),
        ("在13812345678和15912345678", [1, 13]),
    ],
)
def test_digits_with_separators_between_are_one_row(text: str, expected: list[int]) -> None:
    assert starts(text, MOBILE) == expected


@pytest.mark.parametrize(
    ("text", "shape", "expected"),
    [
        ("(+86)13812345678", Shape(11, "+(1"), [0, 1, 5]),
        ("ABC123456789012", Shape(12, letters=True), [0, 1, 2]),
        ("NI AB 12 34 56 C", Shape(6, letters=True), [3, 4]),
        ("E12345678", Shape(8, DIGITS), [1]),
    ],
)
def test_signs_and_letters_before_a_run_are_starts_too(
    text: str, shape: Shape, expected: list[int]
) -> None:
    assert starts(text, shape) == expected


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.sampled_from(SHAPES))
def test_no_match_of_a_pattern_is_missed(text: str, form: tuple[re.Pattern[str], Shape]) -> None:
    pattern, shape = form
    matching = {at for at in range(len(text)) if pattern.match(text, at)}
    assert matching <= set(starts(text, shape))


def test_a_number_at_the_start_of_a_text_that_ends_with_a_dot_is_a_start() -> None:
    text = "13812345678 is it."
    assert starts(text, Shape(11, "1")) == [0]
