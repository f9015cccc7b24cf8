from __future__ import annotations

import pytest
from threegate.policy.model import CheckDigits, agree

GOOD = [
    (CheckDigits.LUHN, "LC-4111 1111 1111 1111"),
    (CheckDigits.MOD11_2, "11010519491231002X"),
    (CheckDigits.MOD11_2, "0000 0001 2281 955X"),  # an ISNI
    (CheckDigits.MOD11_10, "DE 86095742719"),
    (CheckDigits.MOD97_10, "5493001KJTIIGC8Y1R12"),  # an LEI
    (CheckDigits.GB32100, "No. 91350100M000100Y43"),
]


@pytest.mark.parametrize(("scheme", "value"), GOOD)
def test_the_right_digits_and_one_wrong(scheme: CheckDigits, value: str) -> None:
    assert agree(scheme, value)
    place = max(i for i, c in enumerate(value[:-1]) if c.isdigit())
    wrong = value[:place] + str((int(value[place]) + 1) % 10) + value[place + 1 :]
    assert not agree(scheme, wrong)
    assert agree(None, wrong)


@pytest.mark.parametrize("scheme", CheckDigits)
def test_nothing_to_check_is_not_right(scheme: CheckDigits) -> None:
    assert not agree(scheme, "LC")


@pytest.mark.parametrize("scheme", CheckDigits)
def test_a_number_of_any_length_is_read(scheme: CheckDigits) -> None:
    """A pattern may match one of 100,000 characters: Python refuses to read it as one number."""
    assert not agree(scheme, "1A" * 50_000 + "11")
