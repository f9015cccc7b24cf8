from __future__ import annotations

import pytest
from threegate.console.errors import ConsoleError
from threegate.console.forms.number_format import check_digits_of, pattern_of, schemes


def test_a_number_counts_only_with_its_check_digit() -> None:
    form = {"regex": r"LC-\d{10}", "edges": "on", "check_digits": "luhn"}
    found = list(pattern_of(form).find("LC-4539148801 or LC-4539148802"))
    assert len(found) == 1
    assert len(list(pattern_of(form | {"check_digits": ""}).find("LC-4539148802"))) == 1


def test_a_scheme_is_one_of_those_that_are_offered() -> None:
    assert set(schemes("en")) == set(schemes("zh")) > {"luhn", "gb32100"}
    assert check_digits_of({"check_digits": ""}) == {}
    with pytest.raises(ConsoleError):
        check_digits_of({"check_digits": "sha256"})
