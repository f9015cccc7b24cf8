"""A value has one hash however it is written, and other values have others."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.policy.language.hashed_values import new_salt, normalised, value_sha256


@pytest.mark.parametrize(
    "written",
    [
        "6222 0212 3456",
        "6222-0212-3456",
        "６２２２０２１２３４５６",
        "6222\u200b02123456",
        "6222–0212–3456",
    ],
)
def test_writings_of_one_number(written: str) -> None:
    assert value_sha256(written) == hashlib.sha256(b"622202123456").hexdigest()


def test_case_and_width_of_letters() -> None:
    assert normalised("11010519491231002Ｘ") == normalised("11010519491231002x")
    assert normalised("DE89 3704 0044") == "de8937040044"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a-b@x.com", "ab@x.com"),
        ("10.1.1.1", "101.1.1"),
        ("a.b@x.com", "ab@x.com"),
        ("王建国", "王建"),
    ],
)
def test_other_values_stay_others(one: str, other: str) -> None:
    assert value_sha256(one) != value_sha256(other)


def test_a_salt_makes_another_hash() -> None:
    salt = new_salt()
    assert value_sha256("4111", salt) == value_sha256("4 1-11", salt)
    assert value_sha256("4111", salt) != value_sha256("4111")
    assert new_salt() != salt


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E)), st.booleans())
def test_width_and_case_never_matter(value: str, upper: bool) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) for c in (value.upper() if upper else value))
    assert value_sha256(wide, "s") == value_sha256(value, "s")
