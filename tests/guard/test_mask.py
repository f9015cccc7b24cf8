"""Masks: the same value, the same placeholder; restored whatever a model does to it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.guard.mask import MaskMap, Restorer, hashed
from threegate.types import Channel

from tests.guard.manglings import MANGLED, MANGLINGS, forms

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


@pytest.mark.parametrize("name", MANGLED)
def test_a_mangled_placeholder_comes_back(name: str) -> None:
    placeholder, restorer = made("VALUE")
    bare = placeholder.strip("[]")
    text = MANGLED[name].format(*forms(placeholder))
    assert "VALUE" in restored(restorer, f"see {text} there")
    assert bare not in restored(restorer, text).upper()


def test_a_placeholder_that_ends_the_text_comes_back_and_half_of_one_does_not() -> None:
    placeholder, restorer = made("VALUE")
    for end in range(1, len(placeholder)):
        text = "see " + placeholder[:end]
        whole = end == len(placeholder) - 1  # a missing bracket alone
        assert restored(restorer, text) == ("see VALUE" if whole else text)
    assert restored(restorer, "see " + placeholder) == "see VALUE"


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


@pytest.mark.parametrize("synthetic", [False, True], ids=["placeholder", "made up"])
def test_99_of_100_manglings_are_undone(synthetic: bool) -> None:
    masks = MaskMap(b"k" * 32)
    values = {f"62220212345678{i:05}": "pii.bank_card" for i in range(60)}
    values |= {f"person{i}@corp.example": "pii.email" for i in range(60)}
    values |= {f"AKIA{i:04}QWERTYUIOPAS": "secret.aws" for i in range(60)}
    given = {v: masks.mask(k, v, synthetic=synthetic) for v, k in values.items()}
    restorer = Restorer(masks)
    misses = []
    total = 0
    for value, placeholder in given.items():
        for name, form in MANGLINGS.items():
            text = f"see {form.format(*forms(placeholder))} there"
            total += 1
            if value not in restored(restorer, text):
                misses.append(name)
    assert len(misses) <= total / 100, sorted(set(misses))


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from(["[", "%5B", "（", ""]))
def test_a_stream_restores_what_the_whole_text_does(first: int, second: int, opened: str) -> None:
    masks = MaskMap(b"k" * 32)
    code = masks.mask("pii.email", "a@corp.example").strip("[]")
    card = masks.mask("pii.bank_card", "6222021234567890123", synthetic=True)
    restorer = Restorer(masks)
    text = f"x {opened}{code}{ {'[': ']', '%5B': '%5D', '（': '）'}.get(opened, '') } y {card}z {card}."
    assert streamed(restorer, text, sorted({first, second, len(text)})) == restored(restorer, text)


def streamed(restorer: Restorer, text: str, cuts: list[int]) -> str:
    """As the stream machine does it: what is before the open position leaves."""
    out, done = "", 0
    for cut in cuts:
        seen, final = text[:cut], cut >= len(text)
        found, open_from = restorer.find(seen, done, Channel.CONTENT, final=final)
        for r in found:
            out += text[done : r.span.start] + r.text
            done = r.span.end
        if open_from > done:
            out += text[done:open_from]
            done = open_from
    return out


def test_a_placeholder_is_found_among_very_many() -> None:
    """It is looked up, not compared with each: a text may bring any number of values."""
    masks = MaskMap(b"k" * 32)
    values = [f"138{n:08d}" for n in range(50_000)]
    made = [masks.mask("pii.cn.mobile", value) for value in values]
    found, _ = Restorer(masks).find("，".join(made[::50]), 0, Channel.CONTENT, final=True)
    assert [r.text for r in found] == values[::50]
