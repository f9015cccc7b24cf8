"""Bindings to policy sets."""

from __future__ import annotations

from threegate.policy.facade import check, rebuild
from threegate.policy.language.load import DictTree
from threegate.types import Caller

from tests.policy.packs import FILES, GOOD, tree

LOOSE = GOOD[: GOOD.index("bindings:")]
SECOND = LOOSE.replace("pack: shop\n", "pack: second\n").replace("- id: ", "- id: second.")


def test_bindings_first_match_wins_and_packs_without_serve_the_rest() -> None:
    bound = (
        LOOSE.replace("pack: shop\n", "pack: bank\n")
        + "bindings:\n  - {pack: bank, tenants: [bank]}\n"
    )
    files = tree(LOOSE, {"packs/bank.yaml": bound.encode()})
    policies = check(files, ["bank", "shop"]).policies
    names = [getattr(policies.policy_for(Caller(tenant=t)), "name", None) for t in ("bank", "x")]
    assert names == ["bank", "shop"]


def test_a_binding_may_give_several_packs_as_one_policy() -> None:
    bound = "pack: callers\ntitle: {zh: 谁, en: Who}\nbindings:\n"
    bound += "  - {pack: shop, also: [second], tenants: [bank]}\n  - {pack: shop}\n"
    more = {"packs/second.yaml": SECOND.encode(), "packs/callers.yaml": bound.encode()}
    made = check(tree(LOOSE, more), ["callers"])
    assert not [p for p in made.problems if p.severity == "error"]
    names = [made.policies.policy_for(Caller(tenant=t)).name for t in ("bank", "x")]
    assert names == ["shop+second", "shop"]
    missing = check(tree(LOOSE, more | {"packs/second.yaml": b""}), ["callers"])
    assert missing.policies is None


def test_packs_without_bindings_make_one_policy() -> None:
    files = tree(LOOSE, {"packs/second.yaml": SECOND.encode()})
    policies = check(files, ["shop", "second"]).policies
    (binding,) = policies.bindings
    assert binding.policy.name == "shop+second"
    assert len(binding.policy.rules) == 8


def test_no_pack_is_no_policy() -> None:
    assert check(DictTree({}), ["shop"]).policies is None


def test_a_checked_set_can_be_built_again_from_its_own_files() -> None:
    checked = check(tree(), ["shop"])
    assert checked.policies is not None
    again = rebuild(DictTree(checked.files), ["shop"]).policies
    assert again.digest == checked.policies.digest
    assert set(checked.files) == {"packs/shop.yaml", *FILES}
