"""Spellings of one value have the same plain spelling, different values never."""

from __future__ import annotations

import pytest
from threegate.guard.masking.mask import MaskMap, hashed
from threegate.guard.masking.placeholders import PlaceholderFinder
from threegate.guard.masking.spelling import plain_spelling

from tests.guard.restoring import restored


@pytest.mark.parametrize(
    ("kind", "spellings"),
    [
        (
            "pii.cn.mobile",
            ("13912345678", "139-1234-5678", "+86 139 1234 5678", "１３９１２３４５６７８"),
        ),
        ("pii.cn.landline", ("010-62781234", "(010)62781234", "+86 10 6278 1234", "8610-62781234")),
        ("pii.phone", ("+1 (415) 238-7719", "415.238.7719", "1-415-238-7719", "415‑238‑7719")),
        ("pii.email", ("Kim.Lee@Foundry.io", "kim.lee@foundry.io")),
        ("pii.cn.id_card", ("11010519491231002X", "110105 19491231 002x")),
        ("pii.iban", ("DE89 3704 0044 0532 0130 00", "de89370400440532013000")),
        ("pii.bank_card", ("4111 1111 1111 1111", "4111111111111111", "4111-1111-1111-1111")),
    ],
)
def test_spellings_of_one_value(kind: str, spellings: tuple[str, ...]) -> None:
    assert len({plain_spelling(kind, each) for each in spellings}) == 1
    assert len({hashed(b"k", kind, each) for each in spellings}) == 1
    masks = MaskMap(b"k")
    made = [masks.mask(kind, each) for each in spellings]
    assert len(set(made)) == len(spellings)
    assert len({m.code for m in masks.entries()}) == 1
    assert [m.value for m in masks.entries()] == list(spellings)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("pii.ip", "1.11.1.1", "11.1.1.1"),
        ("pii.email", "a.b@c.cn", "ab@c.cn"),
        ("pii.account", "tom.1234567", "tom1234567"),
        ("pii.cn.address", "文三路12-3号", "文三路123号"),
        ("pii.cn.mobile", "13912345678", "13912345679"),
        ("pii.cn.mobile", "8613912345678", "8613912345679"),
        ("pii.phone", "+44 7911 204816", "+49 7911 204816"),
        ("pii.id_other", "A-12", "A1-2"),
        ("pii.dob", "1990-1-12", "1990-11-2"),
        (
            "pii.crypto_wallet",
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "1a1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        ),
        ("pii.email", "strasse@foundry.de", "straße@foundry.de"),
        ("secret.password", "aBc123456", "Abc123456"),
        ("secret", "AB-12-3456", "AB-1-23456"),
        ("pattern.order", "AB-12-3456", "AB-1-23456"),
    ],
)
def test_different_values(kind: str, one: str, other: str) -> None:
    assert plain_spelling(kind, one) != plain_spelling(kind, other)
    assert hashed(b"k", kind, one) != hashed(b"k", kind, other)


def test_each_spelling_comes_back_as_it_was_and_without_its_last_letters_too() -> None:
    masks = MaskMap(b"k")
    plain = masks.mask("pii.cn.mobile", "13912345678")
    spelled = masks.mask("pii.cn.mobile", "139 1234 5678")
    assert spelled.startswith(plain[:-1] + "_")
    back = restored(
        PlaceholderFinder(masks), f"{plain}, {spelled}, {spelled.lower()}; {spelled[1:-1]}."
    )
    assert back == "13912345678, 139 1234 5678, 139 1234 5678; 139 1234 5678."
    alone = MaskMap(b"k")
    alone.mask("pii.cn.mobile", "139 1234 5678")
    assert (
        restored(PlaceholderFinder(alone), f"{plain} and {spelled}")
        == "139 1234 5678 and 139 1234 5678"
    )


def test_the_order_in_which_spellings_come_does_not_matter() -> None:
    values = ("139 1234 5678", "13912345678", "+8613912345678")
    one, other = MaskMap(b"k"), MaskMap(b"k")
    first = {v: one.mask("pii.cn.mobile", v) for v in values}
    assert first == {v: other.mask("pii.cn.mobile", v) for v in reversed(values)}


def test_a_value_that_never_comes_back_does_not_come_back_in_another_spelling() -> None:
    masks = MaskMap(b"k")
    never = masks.mask("pii.cn.mobile", "13912345678", restore=None)
    masks.mask("pii.cn.mobile", "139 1234 5678")
    assert restored(PlaceholderFinder(masks), f"{never}, {never[1:-1]}.") == (
        f"{never}, {never[1:-1]}."
    )
