from __future__ import annotations

import pytest
from threegate.detectors.pii_intl import national_checks as checks
from threegate.detectors.pii_intl.national_checks import Check

RIGHT: list[tuple[Check, str]] = [
    (checks.french, "197047542932424"),
    (checks.brazilian, "57231704573"),
    (checks.brazilian, "11222333000181"),
    (checks.weighted(10, *(1, 3) * 6, 1), "7569217076985"),
    (checks.luhn, "339500720"),
    (checks.born_year_first, "8810141573908"),
    (checks.russian_tax, "7707083893"),
    (checks.russian_tax, "500100732259"),
    (checks.weighted(11, 9, 8, 7, 6, 5, 4, 3, 2, -1), "347475632"),
    (checks.belgian, "85073003328"),
    (checks.japanese, "123456789018"),
    (checks.russian_insurance, "11223344595"),
    (checks.czech, "7103192745"),
    (checks.varied, "123123123"),
]


@pytest.mark.parametrize(("check", "number"), RIGHT)
def test_a_right_number_fits_and_no_other_last_digit_does(check: Check, number: str) -> None:
    digits = [int(c) for c in number]
    assert check(digits)
    if check not in (checks.born_year_first, checks.czech, checks.varied):
        others = [[*digits[:-1], last] for last in range(10) if last != digits[-1]]
        assert not any(map(check, others))


def test_one_or_two_digits_over_and_over_are_an_example() -> None:
    assert not checks.varied([1, 1, 1, 2, 2, 1])
