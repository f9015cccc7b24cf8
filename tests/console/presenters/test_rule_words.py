from __future__ import annotations

import pytest
from threegate.console.presenters.rule_words import definition_rows, rule_rows
from threegate.policy.language.load import DictTree, load_bundle, pack_path
from threegate.policy.language.shapes import specs
from threegate.policy.lifecycle.store import DirTree
from threegate.policy.schema import Constrain

from tests.e2e.support.running import ROOT

NAMES = sorted(p.stem for p in (ROOT / "policies" / "packs").glob("*.yaml"))
RULES = [
    rule for p in load_bundle(DirTree(ROOT / "policies"), NAMES).packs for rule in p.rules
]  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_shipped_rule_has_words_for_each_key(language: str) -> None:
    for rule in RULES:
        rows = rule_rows(rule, language)
        assert {"title", "owner", "why", "layer", "mode"} <= set(rows), rule.id
        acts = [key.partition(".")[0] for key in rows]
        assert "then" in acts or {spec.name for spec in specs(Constrain)}.intersection(acts), (
            rule.id
        )
        assert all(label and "object at" not in value for label, value in rows.values()), rule.id


WRITTEN = """\
pack: p
title: {zh: 甲, en: A}
rules:
  - id: p.a
    title: {zh: 邮箱, en: E-mail}
    owner: privacy
    why: [pipl.51]
    layer: input
    where: [user, tool_result]
    when: {tenant: [hr]}
    detect: {any: [pii.email], levels: {pii.email: high}}
    then: {mask: {restore: never}}
    rollout: 20
    second_opinion: {ask: judge.house}
    message: {zh: 已隐藏, en: Hidden.}
"""


def test_the_words_of_one_rule() -> None:
    pack = load_bundle(DictTree({pack_path("p"): WRITTEN.encode()}), ["p"]).packs[0]
    rows = {key: value for key, (_, value) in rule_rows(pack.rules[0], "en").items()}
    assert rows["message"] == "已隐藏 / Hidden."
    assert rows["rollout"] == "20"
    assert "medium" in rows["second_opinion"]  # what it is asked about, though left at the default
    assert rows["when"].endswith("hr")
    assert "never" in rows["then"]
    assert "e-mail address (pii.email)" in rows["detect"]
    assert "high" in rows["detect"]


@pytest.mark.parametrize(
    ("when", "zh", "en"),
    [
        ("{tenant: [hr]}", "租户：hr", "tenants: hr"),
        (
            "{not_tenant: [hr, lab]}",
            "所有人；排除的租户：hr、lab",
            "everybody; excluded tenants: hr, lab",
        ),
        (
            "{tenant: [hr], not_key: [k]}",
            "租户：hr；排除的密钥：k",
            "tenants: hr; excluded API keys: k",
        ),
        ("{}", "", ""),
    ],
)
def test_for_whom_a_rule_is(when: str, zh: str, en: str) -> None:
    text = WRITTEN.replace("{tenant: [hr]}", when)
    rule = load_bundle(DictTree({pack_path("p"): text.encode()}), ["p"]).packs[0].rules[0]
    found = [rule_rows(rule, language).get("when", ("", ""))[1] for language in ("zh", "en")]
    assert found == [zh, en]


def test_what_a_recognizer_finds_is_shown_with_the_rule_that_uses_it() -> None:
    text = """\
pack: p
title: {zh: 甲, en: A}
recognizers:
  - name: staff
    supported_entity: STAFF_NO
    patterns: [{name: n, regex: 'E\\d{5}', score: 0.6}]
    deny_list: [E0]
    context: [工号]
rules:
  - id: p.a
    title: {zh: 工号, en: Staff numbers}
    owner: hr
    why: [pipl.51]
    layer: input
    where: [user]
    detect: {any: [pii.staff_no]}
    then: flag
"""
    bundle = load_bundle(DictTree({pack_path("p"): text.encode()}), ["p"])
    rows = definition_rows(bundle.packs[0].rules[0], [bundle], "en")
    assert rows["pii.staff_no"][1] == "E\\d{5} (0.6), E0 (1.0); context words: 工号"


def test_an_approver_reads_sources_and_check_digits_in_words() -> None:
    """Sources stood there as `tool_result, knowledge`, and a label as `allowed models :`."""
    text = """\
pack: p
title: {zh: 甲, en: A}
detectors:
  lc: {regex: 'LC-\\d{10}', check_digits: luhn, examples: {match: [LC-4539148801], no_match: [LC]}}
rules:
  - {id: p.a, layer: output, where: [content], detect: {claims: {sources: [tool_result, context]}}}
  - {id: p.b, layer: constraint, then: {models: {allow: [r1]}}}
  - {id: p.c, layer: input, where: [user], detect: {any: [pattern.lc]}, then: flag}
"""
    head = "title: {zh: 甲, en: A}, owner: o, why: [pipl.51], "
    text = text.replace("{id:", "{" + head + "id:").replace("context]}}}", "context]}}, then: {}}")
    bundle = load_bundle(DictTree({pack_path("p"): text.encode()}), ["p"])
    facts, calls, numbers = bundle.packs[0].rules
    assert "tool results, documents sent with the request" in rule_rows(facts, "en")["detect"][1]
    assert "allowed models: r1" in rule_rows(calls, "en")["models"][1]
    (defined,) = definition_rows(numbers, [bundle], "en").values()
    assert "check digits: Luhn" in defined[1]


def test_a_list_says_how_its_words_match() -> None:
    """Of a new rule, an approver did not read that its words count only where somebody asks."""
    text = WRITTEN.replace("pii.email]", "list.arms]")
    text += "lists:\n  arms: {words: [sarin, tabun], match: asked}\n"
    bundle = load_bundle(DictTree({pack_path("p"): text.encode()}), ["p"])
    rows = definition_rows(bundle.packs[0].rules[0], (bundle,), "en")
    asked = "whole words, where somebody asks to do, make or get it"
    assert rows["list.arms"][1] == f"sarin, tabun ({asked})"
