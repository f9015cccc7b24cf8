"""Masks: the same value, the same placeholder."""

from __future__ import annotations

from threegate.guard.mask import MaskMap, hashed


def test_a_value_has_one_placeholder_in_a_conversation_and_another_in_the_next() -> None:
    first, again, other = MaskMap(b"a"), MaskMap(b"a"), MaskMap(b"b")
    assert first.mask("pii.email", "x@y.zz") == again.mask("pii.email", "x@y.zz")
    assert first.mask("pii.email", "x@y.zz") != other.mask("pii.email", "x@y.zz")
    assert len(first) == 1


def test_a_hash_is_the_same_word_and_holds_nothing_of_the_value() -> None:
    assert hashed(b"k", "pii.email", "a@b.cc") == hashed(b"k", "pii.email", "a@b.cc")
    assert hashed(b"k", "pii.email", "a@b.cc") != hashed(b"k", "pii.email", "a@b.cd")
    assert "a@b" not in hashed(b"k", "pii.email", "a@b.cc")
