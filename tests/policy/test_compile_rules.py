"""Input and output rules, compiled."""

from __future__ import annotations

import pytest
from threegate.policy.compile_rules import copied
from threegate.policy.model import (
    EVERYONE,
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
    StreamMode,
)
from threegate.types import Action, Bilingual, Channel, Level

from tests.policy.packs import built


def test_a_detection_rule(shop: CompiledPolicy) -> None:
    rule = shop.rules[0]
    assert rule.action is Action.MASK
    assert rule.restore == Restoring()
    assert rule.channels == {Channel.USER, Channel.TOOL_RESULT}
    assert rule.detect.any == ("pii.email", "pattern.staff_no", "list.codenames")
    assert rule.exceptions[0].match.key == ("desk",)
    assert (rule.on_error, rule.mode, rule.pack) == (Action.BLOCK, Mode.ENFORCE, "shop")


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


RESTORES = {"never": None, "client": Restoring(), "[send_mail]": Restoring(("send_mail",))}


@pytest.mark.parametrize("written", RESTORES)
def test_where_a_masked_value_comes_back(written: str) -> None:
    made = built(("restore: client", f"restore: {written}"))
    assert made.rules[0].restore == RESTORES[written]


def test_a_rule_outside_its_band_is_watched() -> None:
    made = built(("    stream: cut\n", "    band: {max: 20, min: 0.5, minutes: 30, calls: 500}\n"))
    assert [(r.id, r.band) for r in made.banded] == [
        ("stop.loans", Band(max=20, min=0.5, minutes=30, calls=500))
    ]
    assert [r.band for r in made.rules if r not in made.banded] == [None] * 3


def test_when_a_rule_is_looked_at_again(shop: CompiledPolicy) -> None:
    assert {r.review_by for r in (*shop.rules, *shop.constraints)} == {"2027-06-30"}


def test_a_field_that_the_language_lacks_is_no_default_of_the_model() -> None:
    """A renamed key would leave the rule as if nothing were written."""
    with pytest.raises(AttributeError, match=r"files|hosts"):
        copied(Restoring, EVERYONE, tools=None)


def test_constraints(shop: CompiledPolicy) -> None:
    rule = shop.constraints[0]
    assert dict(rule.clamp)["temperature"] == Clamp(min=0.3, max=0.7, default=0.6)
    assert dict(rule.clamp)["seed"].drop
    assert rule.models is not None
    assert rule.models.alias == (("r1", "deepseek-r1"),)
    assert rule.constitution is not None
    assert rule.constitution.place is ConstitutionPlace.AUTO
    assert rule.reasoning is not None
    assert rule.reasoning.show is ReasoningVisibility.HIDDEN


def test_the_constitution_is_the_text_of_its_file_without_blank_ends() -> None:
    made = built(files={"answers/constitution.md": b"\nBe kind.\n\n"})
    assert made.constraints[0].constitution == Constitution("Be kind.", ConstitutionPlace.AUTO)


def test_reasoning_has_the_policys_own_notice_or_the_usual_one() -> None:
    given = "reasoning: {show: hidden, check: same"
    own = built((given, f"{given}, history: strip, notice: {{zh: 略, en: Left out.}}"))
    assert own.constraints[0].reasoning == Reasoning(
        show=ReasoningVisibility.HIDDEN,
        history=KeepHistory.STRIP,
        notice=Bilingual("略", "Left out."),
    )
    usual = built().constraints[0].reasoning
    assert usual == Reasoning(show=ReasoningVisibility.HIDDEN, history=KeepHistory.PASS)


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
