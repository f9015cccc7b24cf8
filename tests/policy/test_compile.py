"""The compiled shape is what the page of the language says."""

from __future__ import annotations

import pickle

import pytest
from threegate.errors import PolicyError
from threegate.policy.compile import build
from threegate.policy.constitution import HEAD_LATIN
from threegate.policy.facade import compile_pack
from threegate.policy.language.load import load_bundle
from threegate.policy.model import (
    CompiledPolicy,
    Selector,
    Unlabelled,
)
from threegate.types import Action, Channel, Layer

from tests.policy.packs import GOOD, TODAY, built, spoiled, tree


@pytest.mark.parametrize(
    ("written", "asked"),
    [("", None), ("continue", None), ("spool", "spool"), ("fail_request", "fail_request")],
)
def test_what_a_policy_asks_for_where_a_record_is_lost(written: str, asked: str | None) -> None:
    whole = ", on_failure: fail_request"
    said = f", on_failure: {written}" if written else ""
    made = build(load_bundle(tree(spoiled((whole, said))), ["shop"]))
    assert (made.audit.level, made.audit.on_failure) == ("metadata", asked)


def test_lists_patterns_categories_answers_knowledge(shop: CompiledPolicy) -> None:
    assert [w.kind for w in shop.lists] == ["list.codenames", "leak.constitution"]
    assert [p.kind for p in shop.patterns] == ["pattern.staff_no"]
    assert [c.kind for c in shop.categories] == ["category.loans"]
    assert [(a.id, a.text.en, a.categories) for a in shop.answers] == [
        ("help", "Please call 988.", ("hazard.self_harm",))
    ]
    assert [k.id for k in shop.knowledge] == ["products/products"]


def test_beginnings_of_the_constitution_are_watched_for(shop: CompiledPolicy) -> None:
    words = next(w.words for w in shop.lists if w.kind == "leak.constitution")
    assert words == ("Be truthful and careful with what you sa",)
    assert len(words[0]) == HEAD_LATIN


def test_rules_for_a_channel_leave_out_what_is_off() -> None:
    policy = build(load_bundle(tree(spoiled(("mode: shadow", "mode: off"))), ["shop"]))
    assert [r.id for r in policy.rules_for(Layer.INPUT, Channel.USER)] == ["pii.email"]


def test_a_policy_can_be_sent_to_another_process(shop: CompiledPolicy) -> None:
    assert pickle.loads(pickle.dumps(shop)) == shop


def test_an_overlay_replaces_in_place(shop: CompiledPolicy) -> None:
    over = GOOD.replace("pack: shop\n", "pack: over\nextends: [shop]\n", 1)
    over = over[: over.index("bindings:")].replace("then: {mask: {restore: client}}", "then: block")
    policy = build(load_bundle(tree(more={"packs/over.yaml": over.encode()}), ["over"]))
    assert [r.id for r in policy.rules] == [r.id for r in shop.rules]
    assert policy.rules[0].action is Action.BLOCK
    assert policy.rules[0].pack == "over"


def test_without_a_constitution_nothing_is_watched_for() -> None:
    made = built(
        ("      constitution: {file: answers/constitution.md}\n", ""),
        ("      clauses: [{kinds: [pii.email], text: be careful}]\n", ""),
    )
    assert [w.kind for w in made.lists] == ["list.codenames"]


@pytest.mark.parametrize(("written", "ends"), [("", ""), (", expires: 2027-01-31", "2027-01-31")])
def test_who_gets_answers_without_a_label(written: str, ends: str) -> None:
    entry = "{id: studio, tenants: [studio], agreement: terms-3, agreed: 2026-01-31" + written + "}"
    made = built(("rules:\n", f"unlabelled: [{entry}]\nrules:\n"))
    tenant = Selector(tenant=("studio",))
    assert made.unlabelled == (Unlabelled("studio", tenant, "terms-3", "2026-01-31", ends),)


def test_errors_keep_a_pack_from_compiling() -> None:
    with pytest.raises(PolicyError) as caught:
        compile_pack(tree(spoiled(("pipl.51", "pipl.999"))), "shop", today=TODAY)
    assert [p.code for p in caught.value.problems] == ["unknown-why"]
