"""Masks: the same value, the same placeholder; restored whatever a model does to it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.guard.mask import MaskMap, Restorer, hashed
from threegate.types import Channel

VALUE = '6222 "021" 中文'


def made(value: str = VALUE, kind: str = "pii.bank_card") -> tuple[str, Restorer]:
    masks = MaskMap(b"k" * 32)
    return masks.mask(kind, value), Restorer(masks)


def restored(restorer: Restorer, text: str, channel: Channel = Channel.CONTENT) -> str:
    found, _ = restorer.find(text, 0, channel, final=True)
    for r in reversed(found):
        text = text[: r.span.start] + r.text + text[r.span.end :]
    return text


def test_a_value_has_one_placeholder_in_a_conversation_and_another_in_the_next() -> None:
    first, again, other = MaskMap(b"a"), MaskMap(b"a"), MaskMap(b"b")
    assert first.mask("pii.email", "x@y.zz") == again.mask("pii.email", "x@y.zz")
    assert first.mask("pii.email", "x@y.zz") != other.mask("pii.email", "x@y.zz")
    assert len(first) == 1


MANGLED = {
    "as is": "{0}",
    "lower": "{1}",
    "no brackets": "{2}",
    "other brackets": "（{2}）",
    "corner brackets": "【{2}】",
    "angle": "<{2}>",
    "spaces": "[ {2} ]",
    "hyphens": "[{3}]",
    "blanks": "[{4}]",
    "full width": "{5}",
    "markdown": "**{0}**",
    "code": "`{2}`",
    "possessive": "{2}'s",
    "chinese around": "卡号{2}的余额",
}


@pytest.mark.parametrize("name", MANGLED)
def test_a_mangled_placeholder_comes_back(name: str) -> None:
    placeholder, restorer = made("VALUE")
    bare = placeholder.strip("[]")
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in placeholder)
    forms = (placeholder, placeholder.lower(), bare, bare.replace("_", "-"), bare.replace("_", " "))
    text = MANGLED[name].format(*forms, wide)
    assert "VALUE" in restored(restorer, f"see {text} there")
    assert bare not in restored(restorer, text).upper()


def test_words_that_only_look_alike_stay() -> None:
    placeholder, restorer = made()
    for text in ("[BANK_CARD_]", "bank card", "[EMAIL_ABCD]", placeholder[:-2] + "X]"):
        assert restored(restorer, text) == text


def test_in_tool_arguments_the_value_is_escaped() -> None:
    placeholder, restorer = made()
    text = restored(restorer, json.dumps({"card": placeholder}), Channel.TOOL_ARGUMENTS)
    assert json.loads(text) == {"card": VALUE}


def test_a_value_that_is_not_to_come_back_stays_hidden() -> None:
    masks = MaskMap(b"k")
    placeholder = masks.mask("secret.jwt", "abc", restore=False)
    assert not Restorer(masks)
    assert restored(Restorer(masks), placeholder) == placeholder


def test_a_hash_is_the_same_word_and_holds_nothing_of_the_value() -> None:
    assert hashed(b"k", "pii.email", "a@b.cc") == hashed(b"k", "pii.email", "a@b.cc")
    assert hashed(b"k", "pii.email", "a@b.cc") != hashed(b"k", "pii.email", "a@b.cd")
    assert "a@b" not in hashed(b"k", "pii.email", "a@b.cc")


PLACEHOLDER, RESTORER = made("V")
atoms = st.sampled_from(
    [PLACEHOLDER, PLACEHOLDER[:5], "BANK", "_", "[", "]", " ", "x", "卡", "CARD"]
)


@given(st.lists(atoms, max_size=12).map("".join), st.lists(atoms, max_size=6).map("".join))
def test_text_before_open_from_is_decided(text: str, more: str) -> None:
    part, open_from = RESTORER.find(text, 0, Channel.CONTENT, final=False)
    whole, _ = RESTORER.find(text + more, 0, Channel.CONTENT, final=True)
    assert [r for r in whole if r.span.start < open_from] == part
    assert all(r.span.end <= open_from for r in part)
