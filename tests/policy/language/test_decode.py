"""Typed reading: every wrong value is a problem at its place, and nothing is guessed."""

from __future__ import annotations

import pytest
from threegate.policy.compile import build
from threegate.policy.language.load import load_text
from threegate.policy.language.shapes import Word
from threegate.policy.schema import ConstraintRule, Rule
from threegate.types import Bilingual

from tests.policy.packs import GOOD, checked, codes, spoiled

WRONG = [
    ("owner: privacy", "ownr: privacy", "unknown-key"),
    ("    owner: privacy\n", "", "missing-key"),
    ("owner: privacy", "owner:", "empty-value"),
    ("owner: privacy", "owner: yes", "ambiguous-text"),
    ("owner: privacy", "owner: 0123", "ambiguous-text"),
    ("owner: privacy", "owner: 12:30:45", "ambiguous-text"),
    ("owner: privacy", "owner: 2026-01-01", "ambiguous-text"),
    ("version: '1'", "version: 1.10", "ambiguous-text"),
    ("owner: privacy", "owner: [privacy]", "wrong-type"),
    ("why: [pipl.51]", "why: pipl.51", "wrong-type"),
    ("layer: input", "layer: inputs", "unknown-value"),
    ("mode: shadow", "mode: shadw", "unknown-value"),
    ("stream: cut", "rollout: 101", "out-of-range"),
    ("stream: cut", "rollout: 010", "not-integer"),
    ("stream: cut", "rollout: 0x10", "not-integer"),
    ("stream: cut", "rollout: 1_0", "not-integer"),
    ("stream: cut", "rollout: yes", "not-integer"),
    ("min: 0.3", "min: .inf", "not-number"),
    ("min: 0.3", "min: 1:30", "not-number"),
    ("drop: true", "drop: yes", "not-boolean"),
    ("drop: true", "drop: 'true'", "not-boolean"),
    ("review_by: 2027-06-30", "review_by: soon", "not-date"),
    ("id: help", "id: Help me", "bad-format"),
    ("knowledge/products.md", "../secret.md", "bad-path"),
    ("knowledge/products.md", "/etc/passwd", "bad-path"),
    ("knowledge/products.md", "knowledge/none.md", "missing-file"),
    ("title: {zh: 求助, en: Help}", "title: 求助", "wrong-type"),
    ("title: {zh: 求助, en: Help}", "title: {zh: 求助}", "missing-key"),
    ("then: {answer: {use: help}}", "then: answer", "missing-key"),
    ("then: {answer: {use: help}}", "then: allow", "wrong-type"),
    ("then: {block: {}}", "then: {redact: {replacement: {zh: x}}}", "missing-key"),
    ("then: {block: {}}", "then: {redact: {replacement: [x]}}", "wrong-type"),
    ("pack: shop\ntitle", "pack: shopp\ntitle", "pack-name"),
    (
        "words: [海燕计划, Project Petrel]",
        "words: [海燕计划], file: lists/x.txt",
        "file-and-words",
    ),
]


@pytest.mark.parametrize(
    ("replacement", "made"),
    [
        ("'[x]'", Bilingual("[x]", "[x]")),
        ("{zh: '[删]', en: '[x]'}", Bilingual("[删]", "[x]")),
    ],
)
def test_a_replacement_is_of_one_language_or_of_both(replacement: str, made: Bilingual) -> None:
    then = f"then: {{redact: {{replacement: {replacement}}}}}"
    found = checked(spoiled(("then: {mask: {restore: client}}", then)))
    assert build(found.bundles[0]).rules[0].replacement == made


@pytest.mark.parametrize(("old", "new", "code"), WRONG)
def test_wrong_values(old: str, new: str, code: str) -> None:
    assert code in codes(spoiled((old, new)))


def test_a_problem_names_its_rule_and_the_key_below_it() -> None:
    text = spoiled(("title: {zh: 求助, en: Help}", "title: {zh: 求助}"))
    (missing,) = (p for p in checked(text).problems if p.code == "missing-key")
    assert (missing.rule_id, missing.part) == ("help", "title")


def test_ten_mistakes_are_ten_problems_with_places() -> None:
    text = spoiled(
        ("title: {zh: 商店, en: Shop}", "titel: {zh: 商店, en: Shop}"),
        ("version: '1'", "version: 1.10"),
        ("match: word}", "match: words}"),
        ("owner: privacy", "owner: no"),
        ("layer: output", "layer: outputs"),
        ("stream: cut", "stream: cutt\n    rollout: 900"),
        ("expires: 2026-12-31", "expires: 31.12.2026"),
        ("min: 0.3", "min: low"),
        ("drop: true", "drop: on"),
    )
    found = checked(text).problems
    assert len({(p.at, p.code) for p in found}) >= 10
    assert all(p.at.line >= 1 and p.at.column >= 1 for p in found)
    assert all(p.text.zh and p.text.en and p.hint.zh and p.hint.en for p in found)


def test_a_near_miss_is_guessed() -> None:
    hint = next(p for p in checked(spoiled(("mode: shadow", "mode: shadw"))).problems).hint
    assert "Did you mean shadow?" in hint.en
    assert "是否想写 shadow" in hint.zh


def test_off_is_a_word_where_a_word_is_meant() -> None:
    assert checked(spoiled(("mode: shadow", "mode: off"))).errors == ()


def test_values_know_their_place() -> None:
    pack, problems = load_text(GOOD.encode(), "packs/shop.yaml")
    assert problems == ()
    assert pack is not None
    rule = pack.rules[0]
    assert isinstance(rule, Rule)
    assert isinstance(rule.why[0], Word)
    assert (rule.why[0].at.line, rule.why[0].at.column) == (23, 11)
    assert isinstance(pack.rules[-1], ConstraintRule)


def test_a_problem_never_quotes_a_long_value() -> None:
    problem = next(p for p in checked(spoiled(("mode: shadow", "mode: " + "x" * 500))).problems)
    assert len(problem.text.en) < 120
