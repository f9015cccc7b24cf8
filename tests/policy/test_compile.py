"""The compiled shape is what the page of the language says."""

from __future__ import annotations

import pickle
from collections.abc import Mapping

import pytest
from threegate.errors import PolicyError
from threegate.policy.compile import build
from threegate.policy.constitution import HEAD_LATIN
from threegate.policy.facade import compile_pack
from threegate.policy.language.load import load_bundle
from threegate.policy.model import (
    Band,
    Clamp,
    CompiledPolicy,
    Constitution,
    ConstitutionPlace,
    KeepHistory,
    Mode,
    Reasoning,
    ReasoningVisibility,
    ResponseFormat,
    Restoring,
    Selector,
    StreamMode,
    Unlabelled,
)
from threegate.types import Action, Bilingual, Channel, Layer, Level

from tests.policy.packs import GOOD, TODAY, spoiled, tree


def built(*changes: tuple[str, str], files: Mapping[str, bytes] | None = None) -> CompiledPolicy:
    return build(load_bundle(tree(spoiled(*changes), files), ["shop"]))


@pytest.fixture(scope="module")
def shop() -> CompiledPolicy:
    return built()


def test_a_detection_rule(shop: CompiledPolicy) -> None:
    rule = shop.rules[0]
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


def test_levels_streams_and_modes(shop: CompiledPolicy) -> None:
    rule = shop.rules[1]
    assert rule.detect.level_for("category.loans") is Level.HIGH
    assert rule.stream is StreamMode.CUT
    assert shop.rules[2].mode is Mode.SHADOW


def test_a_fact_check_names_all_three_outcomes(shop: CompiledPolicy) -> None:
    claims = shop.rules[3].claims
    assert claims is not None
    outcomes = (claims.on_contradicted, claims.on_unsupported, claims.on_no_source)
    assert outcomes == (Action.BLOCK, Action.ANNOTATE, Action.FLAG)
    assert shop.rules[3].action is Action.BLOCK


def test_constraints(shop: CompiledPolicy) -> None:
    rule = shop.constraints[0]
    assert dict(rule.clamp)["temperature"] == Clamp(0.3, 0.7, 0.6)
    assert dict(rule.clamp)["seed"].drop
    assert rule.models is not None
    assert rule.models.alias == (("r1", "deepseek-r1"),)
    assert rule.constitution is not None
    assert rule.constitution.place is ConstitutionPlace.AUTO
    assert rule.reasoning is not None
    assert rule.reasoning.show is ReasoningVisibility.HIDDEN


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


RESTORES = {"never": None, "client": Restoring(), "[send_mail]": Restoring(("send_mail",))}


@pytest.mark.parametrize("written", RESTORES)
def test_where_a_masked_value_comes_back(written: str) -> None:
    made = built(("restore: client", f"restore: {written}"))
    assert made.rules[0].restore == RESTORES[written]


def test_a_rule_outside_its_band_is_watched() -> None:
    made = built(("    stream: cut\n", "    band: {max: 20, min: 0.5, minutes: 30, calls: 500}\n"))
    assert [(r.id, r.band) for r in made.banded] == [("stop.loans", Band(20, 0.5, 30, 500))]
    assert [r.band for r in made.rules if r not in made.banded] == [None] * 3


def test_when_a_rule_is_looked_at_again(shop: CompiledPolicy) -> None:
    assert {r.review_by for r in (*shop.rules, *shop.constraints)} == {"2027-06-30"}


def test_the_constitution_is_the_text_of_its_file_without_blank_ends() -> None:
    made = built(files={"answers/constitution.md": b"\nBe kind.\n\n"})
    assert made.constraints[0].constitution == Constitution("Be kind.", ConstitutionPlace.AUTO)


def test_without_a_constitution_nothing_is_watched_for() -> None:
    made = built(
        ("      constitution: {file: answers/constitution.md}\n", ""),
        ("      clauses: [{kinds: [pii.email], text: be careful}]\n", ""),
    )
    assert [w.kind for w in made.lists] == ["list.codenames"]


def test_reasoning_has_the_policys_own_notice_or_the_usual_one() -> None:
    given = "reasoning: {show: hidden, check: same"
    own = built((given, f"{given}, history: strip, notice: {{zh: 略, en: Left out.}}"))
    assert own.constraints[0].reasoning == Reasoning(
        ReasoningVisibility.HIDDEN, "same", KeepHistory.STRIP, Bilingual("略", "Left out.")
    )
    usual = built().constraints[0].reasoning
    assert usual == Reasoning(ReasoningVisibility.HIDDEN, "same", KeepHistory.PASS)


FORMATS = {
    "json_schema: answers/form.json": ResponseFormat({"type": "object"}),
    "max_chars: 9, must_say: [ok], on_invalid: flag": ResponseFormat(None, Action.FLAG, 9, ("ok",)),
}


@pytest.mark.parametrize("written", FORMATS)
def test_what_an_answer_must_be(written: str) -> None:
    reasoning = "      reasoning: {show: hidden, check: same}\n"
    given = f"      response_format: {{{written}}}\n"
    form = {"answers/form.json": b'{"type": "object"}'}
    made = built((reasoning, reasoning + given), files=form)
    assert made.constraints[0].response_format == FORMATS[written]
    assert built().constraints[0].response_format is None


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
