from __future__ import annotations

from random import Random

import pytest

from bench.made.near import NEAR, filled


def test_a_template_is_filled_with_digits_letters_and_versions() -> None:
    text = filled(Random(1), "{d8} {h4} {u2} {v} {{x}}")
    number, hexadecimal, capitals, version, rest = text.split()
    assert len(number) == 8
    assert int(hexadecimal, 16) >= 0
    assert capitals.isupper()
    assert version.count(".") in (2, 3)
    assert rest == "{x}"


@pytest.mark.parametrize("make", NEAR[:5], ids=lambda f: f.__name__)
def test_a_near_miss_holds_a_number_or_says_so(make: object) -> None:
    assert callable(make)
    for language in ("zh", "en"):
        assert all(make(Random(seed), language) for seed in range(20))
