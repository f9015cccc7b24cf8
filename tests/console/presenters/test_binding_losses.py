"""What callers would lose, rule by rule."""

from __future__ import annotations

from threegate.console.presenters.binding_losses import _sorts, losses
from threegate.policy.facade import check
from threegate.policy.language.load import DictTree
from threegate.policy.model import PolicySet, Selector

PACK = "pack: {0}\ntitle: {{zh: 包{0}, en: Pack {0}}}\n{1}rules:\n"
RULE = """\
  - id: {0}
    title: {{zh: 规则{0}, en: Rule {0}}}
    owner: privacy
    why: [pipl.51]
    layer: input
    where: [user]
    detect: {{any: [pii.email]}}
    then: {{{1}}}
    tests: {{match: ['a@b.de'], no_match: [a]}}
"""
FILES = {
    "packs/a.yaml": PACK.format("a", "") + RULE.format("a.one", "block: {}"),
    "packs/b.yaml": PACK.format("b", "") + RULE.format("b.one", "block: {}"),
    "packs/c.yaml": PACK.format("c", "extends: [a]\n") + RULE.format("c.one", "block: {}"),
    "packs/d.yaml": PACK.format("d", "") + RULE.format("a.one", "flag: {}"),
}
HEAD = "pack: bound\ntitle: {zh: 绑定, en: Bindings}\nbindings:\n"
KEYS = [("k1", "bank"), ("k2", "hr")]


def _set(lines: str, *names: str, **files: str) -> PolicySet:
    texts = FILES | {f"packs/{name}.yaml": text for name, text in files.items()}
    texts |= {"packs/bound.yaml": HEAD + lines} if lines else {}
    checked = check(DictTree({path: text.encode() for path, text in texts.items()}), names)
    assert checked.policies, checked.errors
    return checked.policies


def test_a_tenant_with_a_pack_of_its_own_loses_the_rules_of_the_others() -> None:
    before, after = _set("", "a"), _set("  - {pack: b, tenants: [hr]}\n", "a", "bound")
    assert losses(before, after, KEYS, "en") == [{"calls": "tenant hr", "lost": ["Rule a.one"]}]
    assert losses(after, before, KEYS, "zh") == [{"calls": "租户 hr", "lost": ["规则b.one"]}]


def test_a_rule_that_another_pack_brings_along_is_not_lost() -> None:
    """The packs differ, and a warning by packs named one whose rules all stay."""
    before, after = _set("", "a"), _set("  - {pack: c, tenants: [hr]}\n", "a", "bound")
    assert losses(before, after, KEYS, "en") == []


def test_the_same_rule_in_a_weaker_form_is_a_loss() -> None:
    """By packs or ids nothing was lost."""
    before, after = _set("", "a"), _set("  - {pack: d, tenants: [hr]}\n", "a", "bound")
    (row,) = losses(before, after, KEYS, "en")
    assert row == {"calls": "tenant hr", "lost": ["Rule a.one: action: block → flag"]}


def test_rules_that_only_record_or_are_for_others_are_no_loss() -> None:
    shadow = FILES["packs/a.yaml"].replace("    tests", "    mode: shadow\n    tests")
    others = FILES["packs/a.yaml"].replace("    tests", "    when: {not_tenant: [hr]}\n    tests")
    line = "  - {pack: b, tenants: [hr, bank]}\n"
    for text, lost in ((shadow, []), (others, ["Rule a.one"])):
        before, after = _set("", "a", a=text), _set(line, "a", "bound", a=text)
        assert [row["lost"] for row in losses(before, after, KEYS, "en")] == (
            [lost] if lost else []
        )
    before, after = (
        _set("", "a", a=others),
        _set(line.replace(", bank", ""), "a", "bound", a=others),
    )
    assert losses(before, after, KEYS, "en") == []


def test_another_order_takes_a_pack_from_the_narrower_calls() -> None:
    key, tenant = "  - {pack: a, keys: [k1]}\n", "  - {pack: b, tenants: [bank]}\n"
    before, after = _set(key + tenant, "bound"), _set(tenant + key, "bound")
    assert [each["lost"] for each in losses(before, after, KEYS, "en")] == [["Rule a.one"]]


def test_edits_of_a_pack_whose_callers_stay_are_no_change_of_bindings() -> None:
    line = "  - {pack: a, tenants: [hr]}\n"
    weaker = FILES["packs/a.yaml"].replace("block: {}", "flag: {}")
    before, after = _set(line, "bound", "b"), _set(line, "bound", "b", a=weaker)
    assert losses(before, after, KEYS, "en") == []


def test_thousands_of_keys_are_a_few_sorts_of_callers() -> None:
    """Each pair of a key and a tenant was tried with each path and model: 16 s for 5,000 keys."""
    keys = [(f"k{n}", f"team{n % 500}") for n in range(5000)]
    selectors = [Selector(tenant=(f"team{n}",), key=("k7",)) for n in range(30)]
    assert len(_sorts(selectors, {(tenant, key) for key, tenant in keys})) == 2


def test_without_bindings_there_is_nothing_to_tell() -> None:
    assert losses(_set("", "a", "b"), _set("", "a"), KEYS, "en") == []
    assert losses(_set("", "a"), None, KEYS, "en") == []
