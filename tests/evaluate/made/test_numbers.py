"""Against values that the standards or their issuers publish."""

from __future__ import annotations

from random import Random

from threegate.evaluate.made import numbers as n


def test_check_digits_of_published_values() -> None:
    assert n.mod_11_2("11010519491231002") == "X"
    assert n.with_luhn("411111111111111") == "4111111111111111"
    assert n._verhoeff("236") == 3 or n._verhoeff("2363") == 0
    assert n._abn("51824753556")
    assert n._tfn("123456782")
    assert n._acn("004085616")
    assert n._pesel("44051401359")
    assert n._turkish("10000000146")


def test_drawn_values_have_the_form_of_their_kind() -> None:
    rng = Random(1)
    for _ in range(50):
        assert len(n.resident_id(rng)) == 18
        assert len(n.credit_code(rng)) == 18
        assert n.luhn_sum(n.bank_card(rng)) % 10 == 0
        assert len(n.vin(rng)) == 17
        assert n.bitcoin(rng)[0] in "13T"
        assert len(n.german_tax(rng)) == 11
