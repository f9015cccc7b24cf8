from __future__ import annotations

import random
from collections.abc import Iterator

import phonenumbers
from threegate.detectors.pii_intl.phone_ranges import in_use, in_use_in_america, is_possible

DIGITS = "0123456789"


def as_the_library_says(digits: str) -> tuple[bool, bool]:
    try:
        number = phonenumbers.parse("+" + digits, None)
    except phonenumbers.NumberParseException:
        return False, False
    return phonenumbers.is_valid_number(number), phonenumbers.is_possible_number(number)


def known() -> Iterator[str]:
    """A number of each kind of each region."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in phonenumbers.PhoneNumberType.values():
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                form = phonenumbers.PhoneNumberFormat.E164
                yield phonenumbers.format_number(number, form).removeprefix("+")


def changed(dice: random.Random, number: str) -> str:
    """With up to three digits more, less or other ones."""
    for _ in range(dice.randrange(4)):
        at, less = dice.randrange(len(number)), dice.randrange(2)
        number = number[:at] + dice.choice(["", *DIGITS]) + number[at + less :]
    return number


def test_numbers_are_in_use_as_the_library_says() -> None:
    dice, numbers, valid = random.Random(7), list(known()), 0
    assert len(numbers) > 1000
    for number in numbers * 6:
        number = changed(dice, number)
        expected = as_the_library_says(number)
        assert (in_use(number), is_possible(number)) == expected, number
        valid += expected[0]
    assert valid > 1000


def test_american_numbers_need_no_parsing() -> None:
    dice = random.Random(8)
    numbers = [str(dice.randrange(10**9, 10**10)) for _ in range(3000)]
    said = [in_use_in_america(number) for number in numbers]
    parsed = [phonenumbers.PhoneNumber(1, int(number)) for number in numbers]
    assert said == [*map(phonenumbers.is_valid_number, parsed)]
    assert 100 < sum(said) < 2900


def test_what_is_no_number() -> None:
    for digits in ("", "0", "00447476202953", "1", "44", "999", "8" * 40):
        assert not in_use(digits)
        assert not is_possible(digits)
