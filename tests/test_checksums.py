from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate import checksums

GOOD = [
    (checksums.luhn, "4111111111111111"),
    (checksums.luhn, "6222021234567890128"),
    (checksums.resident_id, "11010519491231002X"),
    (checksums.resident_id, "440106199001011235"),
    (checksums.resident_id, "810000199001011230"),
    (checksums.uscc, "91350100M000100Y43"),
    (checksums.uscc, "9144030071526726XG"),
    (checksums.vin, "1M8GDM9AXKP042788"),
    (checksums.vin, "11111111111111111"),
    (checksums.mod97, "GB82WEST12345698765432"),
    (checksums.hong_kong_id, "A1234563"),
    (checksums.hong_kong_id, "K4292324"),
    (checksums.taiwan_id, "A123456789"),
    (checksums.nhs, "9434765919"),
]


@pytest.mark.parametrize(("check", "value"), GOOD)
def test_published_values_pass(check: Callable[[str], bool], value: str) -> None:
    assert check(value)


@given(st.data())
def test_one_wrong_digit_is_noticed(data: st.DataObject) -> None:
    """All but Taiwan's, whose weights 8, 6, 4, 2 let some errors through modulo 10."""
    check, value = data.draw(st.sampled_from([g for g in GOOD if g[0] is not checksums.taiwan_id]))
    places = [i for i, c in enumerate(value) if c.isdigit()]
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != value[place]]))
    changed = value[:place] + digit + value[place + 1 :]
    assert not check(changed)


def test_characters_outside_the_alphabet_fail() -> None:
    assert not checksums.uscc("91350100M000100I43")


@pytest.mark.parametrize("value", ["11010519491231002X", "110105194912310038"])
def test_a_number_is_completed_by_its_check_digit(value: str) -> None:
    made = checksums.completed(value[:17], checksums.resident_id)
    assert made[:17] == value[:17]
    assert checksums.resident_id(made)
    assert checksums.completed("411111111111111", checksums.luhn) == "4111111111111111"
