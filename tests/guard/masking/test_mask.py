"""Masks: the same value, the same placeholder."""

from __future__ import annotations

import hmac
import re
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st
from threegate.guard.masking.mask import CODE_LENGTH, KeyedHash, MaskMap, hashed


def test_a_value_has_one_placeholder_in_a_conversation_and_another_in_the_next() -> None:
    first, again, other = MaskMap(b"a"), MaskMap(b"a"), MaskMap(b"b")
    assert first.mask("pii.email", "x@y.zz") == again.mask("pii.email", "x@y.zz")
    assert first.mask("pii.email", "x@y.zz") != other.mask("pii.email", "x@y.zz")
    assert len(first) == 1


def test_a_hash_is_the_same_word_and_holds_nothing_of_the_value() -> None:
    assert hashed(b"k", "pii.email", "a@b.cc") == hashed(b"k", "pii.email", "a@b.cc")
    assert hashed(b"k", "pii.email", "a@b.cc") != hashed(b"k", "pii.email", "a@b.cd")
    assert "a@b" not in hashed(b"k", "pii.email", "a@b.cc")


def test_values_get_words_of_their_own_and_are_listed_in_order() -> None:
    masks = MaskMap(b"k")
    made = [masks.mask("pii.email", f"a{n}@b.cc") for n in range(200)]
    assert len(set(made)) == 200
    assert [m.placeholder for m in masks.entries()] == made
    assert [m.value for m in masks.entries()] == [f"a{n}@b.cc" for n in range(200)]


def test_an_adopted_value_keeps_its_placeholder_and_its_word_is_taken() -> None:
    first, second = MaskMap(b"k"), MaskMap(b"k")
    first.mask("pii.email", "x@y.zz")
    (masked,) = first.entries()
    foreign = replace(masked, value="other@y.zz")
    second.adopt(foreign)
    assert second.mask("pii.email", "other@y.zz") == masked.placeholder
    assert second.mask("pii.email", "x@y.zz") != masked.placeholder


def test_a_placeholder_has_no_longer_code_than_it_needs() -> None:
    placeholder = MaskMap(b"k").mask("pii.cn.mobile", "13912345678")
    assert re.fullmatch(rf"\[MOBILE_[A-Z]{{{CODE_LENGTH}}}\]", placeholder)
    assert re.fullmatch(r"\[EMAIL#[0-9a-f]{12}\]", hashed(b"k", "pii.email", "a@b.cc"))


def test_a_stand_in_is_made_where_the_value_has_a_shape_and_stays_the_same() -> None:
    masks = MaskMap(b"k")
    made = masks.mask("pii.cn.mobile", "13912345678", synthetic=True)
    assert made == masks.mask("pii.cn.mobile", "13912345678", synthetic=True)
    assert made != "13912345678"
    assert re.fullmatch(r"1[0-9]{10}", made)
    (masked,) = masks.entries()
    assert masked.synthetic
    assert masks.mask("pii.cn.name", "张伟", synthetic=True).startswith("[NAME_")


def test_a_stand_in_that_is_taken_is_made_anew() -> None:
    masks, other = MaskMap(b"k"), MaskMap(b"k")
    taken = masks.mask("pii.cn.mobile", "13912345678", synthetic=True)
    other.adopt(replace(masks.entries()[0], value="13800000000"))
    assert other.mask("pii.cn.mobile", "13912345678", synthetic=True) != taken


@given(st.binary(max_size=80), st.binary(max_size=80))
@example(bytes(64), b"a key that fills its block")
def test_the_keyed_hash_is_hmac(key: bytes, message: bytes) -> None:
    keyed = KeyedHash(key)
    assert keyed.digest(message) == hmac.digest(key, message, "sha256")
    assert keyed.digest(message) == hmac.digest(key, message, "sha256")
