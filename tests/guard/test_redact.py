"""Edits of whole texts: which of several wins, and what takes the place of a value."""

from __future__ import annotations

import pytest
from threegate.guard.masking.mask import MaskMap, hashed
from threegate.guard.redact import Renderer, edited
from threegate.policy.model import Detect, MaskStyle, Rule
from threegate.types import (
    Action,
    Bilingual,
    Channel,
    Failed,
    Finding,
    Layer,
    Level,
    Reason,
    Ruling,
    Span,
    TextLocation,
)

WHERE = TextLocation(Layer.INPUT, Channel.USER)
TEXT = "abcdefghij"


def rule(name: str, action: Action, **more: object) -> Rule:
    made = Detect(any=("pii",))
    title = Bilingual(name, name)
    return Rule(name, Layer.INPUT, title, frozenset({Channel.USER}), action, made, **more)  # type: ignore[arg-type]


RULES = {
    r.id: r
    for r in (
        rule("mask", Action.MASK),
        rule("hash", Action.MASK, style=MaskStyle.HASH),
        rule("out", Action.REDACT, replacement=Bilingual("<删>", "<out>")),
        rule("bare", Action.REDACT),
        rule("put", Action.REWRITE, replacement=Bilingual("<换>", "<put>")),
        rule("flag", Action.FLAG),
    )
}
RENDER = Renderer(RULES, MaskMap(b"k"), "en", {"n1": "the right sentence"})


def ruling(rule_id: str, start: int, end: int, *, note: str = "", shadow: bool = False) -> Ruling:
    found = Finding("d", "pii.cn.mobile", Span(start, end), 1, Level.HIGH, WHERE, note)
    return Ruling(rule_id, RULES[rule_id].action, found, shadow=shadow)


def done(*ruled: Ruling) -> str:
    return edited(TEXT, ruled, RENDER)


def test_edits_apart_are_made_each_in_its_place() -> None:
    assert done(ruling("out", 6, 8), ruling("put", 1, 3)) == "a<put>def<out>ij"


def test_edits_that_touch_are_two() -> None:
    assert done(ruling("out", 2, 4), ruling("put", 4, 6)) == "ab<out><put>ghij"


def test_of_those_that_overlap_the_stronger_takes_the_place_of_both() -> None:
    assert done(ruling("out", 2, 5), ruling("put", 4, 8)) == "ab<put>ij"
    assert done(ruling("put", 2, 5), ruling("out", 4, 8)) == "ab<put>ij"


def test_of_two_equally_strong_the_longer_wins() -> None:
    assert done(ruling("bare", 2, 4), ruling("out", 3, 9)) == "ab<out>j"
    assert done(ruling("out", 2, 8), ruling("bare", 7, 9)) == "ab<out>j"


@pytest.mark.parametrize("given", [ruling("out", 2, 4, shadow=True), ruling("flag", 2, 4)])
def test_what_is_in_shadow_or_no_edit_changes_nothing(given: Ruling) -> None:
    assert done(given) == TEXT


def test_what_takes_the_place_of_a_value() -> None:
    kind = "pii.cn.mobile"
    assert done(ruling("bare", 0, 10)) == "[MOBILE_REMOVED]"
    assert done(ruling("hash", 0, 10)) == hashed(b"k", kind, TEXT)
    assert done(ruling("mask", 0, 10)) == RENDER.masks.mask(kind, TEXT)
    assert done(ruling("put", 0, 10, note="n1")) == "the right sentence"


@pytest.mark.parametrize(
    ("rule_id", "zh"), [("out", "<删>"), ("put", "<换>"), ("bare", "[中国手机号已删除]")]
)
def test_a_call_in_chinese_gets_chinese_words(rule_id: str, zh: str) -> None:
    render = Renderer(RULES, MaskMap(b"k"), "zh-CN")
    assert edited(TEXT, [ruling(rule_id, 0, 10)], render) == zh


def test_a_text_that_could_not_be_checked_gets_a_replacement_before_it() -> None:
    failed = Ruling("bare", Action.REDACT, Failed("d", Reason.ERROR, WHERE))
    assert edited(TEXT, [failed], RENDER) == f"[UNCHECKED]{TEXT}"


def test_an_edit_in_json_takes_the_place_of_a_whole_number() -> None:
    text = '{"a": [-123.0, 456], "b": "-12"}'
    ruled = (ruling("out", 8, 9), ruling("out", 10, 13), ruling("out", 28, 30))
    made = edited(text, ruled, RENDER, is_json=True)
    assert made == '{"a": ["<out>", 456], "b": "-<out>"}'
