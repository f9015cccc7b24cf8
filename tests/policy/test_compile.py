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
    Clamp,
    ConstitutionPlace,
    Mode,
    ReasoningVisibility,
    Restoring,
    StreamMode,
)
from threegate.types import Action, Channel, Layer, Level

from tests.policy.packs import GOOD, TODAY, spoiled, tree

POLICY = build(load_bundle(tree(), ["shop"]))


def test_a_detection_rule() -> None:
    rule = POLICY.rules[0]
    assert rule.action is Action.MASK
    assert rule.restore == Restoring()
    assert rule.channels == {Channel.USER, Channel.TOOL_RESULT}
    assert rule.detect.any == ("pii.email", "pattern.staff_no", "list.codenames")
    assert rule.exceptions[0].match.key == ("desk",)
    assert (rule.on_error, rule.mode, rule.pack) == (Action.BLOCK, Mode.ENFORCE, "shop")


@pytest.mark.parametrize(
    ("written", "asked"),
    [("", None), ("continue", None), ("spool", "spool"), ("fail_request", "fail_request")],
)
def test_what_a_policy_asks_for_where_a_record_is_lost(written: str, asked: str | None) -> None:
    whole = ", on_failure: fail_request"
    said = f", on_failure: {written}" if written else ""
    made = build(load_bundle(tree(spoiled((whole, said))), ["shop"]))
    assert (made.audit.level, made.audit.on_failure) == ("metadata", asked)


def test_levels_streams_and_modes() -> None:
    rule = POLICY.rules[1]
    assert rule.detect.level_for("category.loans") is Level.HIGH
    assert rule.stream is StreamMode.CUT
    assert POLICY.rules[2].mode is Mode.SHADOW


def test_a_fact_check_names_all_three_outcomes() -> None:
    claims = POLICY.rules[3].claims
    assert claims is not None
    outcomes = (claims.on_contradicted, claims.on_unsupported, claims.on_no_source)
    assert outcomes == (Action.BLOCK, Action.ANNOTATE, Action.FLAG)
    assert POLICY.rules[3].action is Action.BLOCK


def test_constraints() -> None:
    rule = POLICY.constraints[0]
    assert dict(rule.clamp)["temperature"] == Clamp(0.3, 0.7, 0.6)
    assert dict(rule.clamp)["seed"].drop
    assert rule.models is not None
    assert rule.models.alias == (("r1", "deepseek-r1"),)
    assert rule.constitution is not None
    assert rule.constitution.place is ConstitutionPlace.AUTO
    assert rule.reasoning is not None
    assert rule.reasoning.show is ReasoningVisibility.HIDDEN


def test_lists_patterns_categories_answers_knowledge() -> None:
    assert [w.kind for w in POLICY.lists] == ["list.codenames", "leak.constitution"]
    assert [p.kind for p in POLICY.patterns] == ["pattern.staff_no"]
    assert [c.kind for c in POLICY.categories] == ["category.loans"]
    assert [(a.id, a.text.en, a.categories) for a in POLICY.answers] == [
        ("help", "Please call 988.", ("hazard.self_harm",))
    ]
    assert [k.id for k in POLICY.knowledge] == ["products/products"]


def test_beginnings_of_the_constitution_are_watched_for() -> None:
    words = next(w.words for w in POLICY.lists if w.kind == "leak.constitution")
    assert words == ("Be truthful and careful with what you sa",)
    assert len(words[0]) == HEAD_LATIN


def test_rules_for_a_channel_leave_out_what_is_off() -> None:
    policy = build(load_bundle(tree(spoiled(("mode: shadow", "mode: off"))), ["shop"]))
    assert [r.id for r in policy.rules_for(Layer.INPUT, Channel.USER)] == ["pii.email"]


def test_a_policy_can_be_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(POLICY)) == POLICY


def test_an_overlay_replaces_in_place() -> None:
    over = GOOD.replace("pack: shop\n", "pack: over\nextends: [shop]\n", 1)
    over = over[: over.index("bindings:")].replace("then: {mask: {restore: client}}", "then: block")
    policy = build(load_bundle(tree(more={"packs/over.yaml": over.encode()}), ["over"]))
    assert [r.id for r in policy.rules] == [r.id for r in POLICY.rules]
    assert policy.rules[0].action is Action.BLOCK
    assert policy.rules[0].pack == "over"


def test_errors_keep_a_pack_from_compiling() -> None:
    with pytest.raises(PolicyError) as caught:
        compile_pack(tree(spoiled(("pipl.51", "pipl.999"))), "shop", today=TODAY)
    assert [p.code for p in caught.value.problems] == ["unknown-why"]
