"""Against values that the standards or their issuers publish."""

from __future__ import annotations

from random import Random

from bench.made import china, draws


def test_check_digits_of_published_values() -> None:
    assert china.mod_11_2("11010519491231002") == "X"


def test_drawn_values_have_the_form_of_their_kind() -> None:
    rng = Random(1)
    for _ in range(50):
        assert len(china.resident_id(rng)) == 18
        assert len(china.credit_code(rng)) == 18
        assert draws.luhn_sum(china.bank_card(rng)) % 10 == 0
        assert len(china.vin(rng)) == 17
