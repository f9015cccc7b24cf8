"""Against values that the standards or their issuers publish."""

from __future__ import annotations

from random import Random

from bench.made import national


def test_check_digits_of_published_values() -> None:
    assert national._verhoeff("236") == 3 or national._verhoeff("2363") == 0
    assert national._abn("51824753556")
    assert national._tfn("123456782")
    assert national._acn("004085616")
    assert national._pesel("44051401359")
    assert national._turkish("10000000146")


def test_drawn_values_have_the_form_of_their_kind() -> None:
    rng = Random(1)
    assert all(len(national.german_tax(rng)) == 11 for _ in range(50))
