"""What is offered where somebody types, in whole packs and in half-written ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.policy.language.completion import complete, describe, place_of

from tests.policy.packs import GOOD

RULE = """\
pack: shop
title: {zh: 商店, en: Shop}
lists:
  codenames: {words: [海燕计划], match: word}
rules:
  # a comment
  - id: pii.email
    layer: input
    where: [user]
    detect: {any: [pii.email], levels: {}}
"""
LIMITS = "rules:\n- id: model\n  layer: constraint\n  then:\n    clamp:\n"


def at(text: str) -> tuple[str, int, int]:
    """The text with its `|` taken out, and where it stood."""
    before, _, after = text.partition("|")
    lines = before.split("\n")
    return before + after, len(lines), len(lines[-1]) + 1


def offered(text: str) -> list[str]:
    return [c.text for c in complete(*at(text))]


PLACES = [
    ("|", (), "", True),
    ("ru|", (), "ru", True),
    (RULE + "    mo|", ("rules", "[]"), "mo", True),
    (RULE + "    mode: sh|", ("rules", "[]", "mode"), "sh", False),
    (RULE + "    then: {mask: {re|", ("rules", "[]", "then", "mask"), "re", True),
    (
        RULE + "    then: {mask: {restore: c|",
        ("rules", "[]", "then", "mask", "restore"),
        "c",
        False,
    ),
    (RULE + "    then: {mask: {restore: client}, b|", ("rules", "[]", "then"), "b", True),
    (RULE + "    why: [pipl.28, gb|", ("rules", "[]", "why", "[]"), "gb", False),
    (RULE + "    why:\n      - gb|", ("rules", "[]", "why", "[]"), "gb", True),
    (RULE + "    except:\n      - {id: E, ma|", ("rules", "[]", "except", "[]"), "ma", True),
    (RULE + "  - i|", ("rules", "[]"), "i", True),
    (LIMITS + "      te|", ("rules", "[]", "then", "clamp"), "te", True),
    ("rules:\n- id: a\n  la|", ("rules", "[]"), "la", True),
]


@pytest.mark.parametrize(("text", "path", "word", "key"), PLACES)
def test_places(text: str, path: tuple[str, ...], word: str, key: bool) -> None:
    whole, line, column = at(text)
    found = place_of(whole.split("\n")[:line], column)
    assert found is not None
    assert (found.path, found.word, found.key) == (path, word, key)


@pytest.mark.parametrize("text", ["# comm|", "title: 'it|", "pack:|", "a b c|"])
def test_nothing_is_offered_where_anything_goes(text: str) -> None:
    assert offered(text) == []


def test_keys_of_the_pack_and_of_a_rule() -> None:
    assert {"pack", "rules", "lists", "bindings"} <= set(offered("|"))
    assert offered("ru|")[0] == "rules"
    keys = offered(RULE + "    |")
    assert {"then", "mode", "stream", "band", "tests"} <= set(keys)
    assert "clamp" not in keys


def test_the_layer_decides_what_a_rule_does() -> None:
    assert "mask" in offered(RULE + "    then:\n      |")
    assert "clamp" not in offered(RULE + "    then:\n      |")
    constrains = offered("rules:\n  - id: m\n    layer: constraint\n    then:\n      |")
    assert "clamp" in constrains
    assert "mask" not in constrains


def test_values_kinds_and_reasons() -> None:
    assert offered(RULE + "    mode: |") == ["off", "shadow", "enforce"]
    assert offered(RULE + "    level: m|") == ["medium"]
    assert "client" in offered(RULE + "    then: {mask: {restore: |")
    assert "pii.cn.id_card" in offered(RULE.replace("[pii.email]", "[pii.cn.|]"))
    assert "list.codenames" in offered(RULE.replace("[pii.email]", "[code|]"))
    assert "pii.email" in offered(RULE.replace("levels: {}", "levels: {pii.em|}"))
    assert offered(RULE.replace("levels: {}", "levels: {pii.email: hi|}")) == ["high"]
    assert "gbt45654.A1.a" in offered(RULE + "    why: [gbt45654.A1|")
    assert "tool_result" in offered(RULE.replace("where: [user]", "where: [user, tool|]"))


def test_choices_have_titles_in_both_languages() -> None:
    assert "mode" not in offered(RULE + "    mode|")  # it stands there already
    (choice,) = [c for c in complete(*at(RULE + "    mod|")) if c.text == "mode"]
    assert choice.title.zh
    assert choice.title.en


@given(st.integers(0, len(GOOD)))
def test_every_place_of_a_pack_can_be_asked_about(place: int) -> None:
    complete(*at(GOOD[:place] + "|" + GOOD[place:]))


@given(st.text(alphabet=" -{}[]:,'#\nabc|", max_size=60))
def test_any_text_can_be_asked_about(text: str) -> None:
    complete(*at(text))


def test_what_a_word_means() -> None:
    text = "rules:\n  - id: a\n    mode: shadow\n    detect: {any: [pii.email]}\n"
    assert describe(text, 3, 5, "mode").en == "off, shadow (record only) or enforce"
    assert describe(text, 4, 20, "pii.email").zh == "电子邮箱"
    assert describe(text, 3, 5, "modee").en == ""
    assert describe("# note", 1, 4, "ote").en == ""
