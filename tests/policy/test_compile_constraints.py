"""Constraint rules, compiled."""

from __future__ import annotations

import pytest
from threegate.policy.model import (
    Clamp,
    CompiledPolicy,
    Constitution,
    ConstitutionPlace,
    KeepHistory,
    Reasoning,
    ReasoningVisibility,
    ResponseFormat,
)
from threegate.types import Action, Bilingual

from tests.policy.packs import built


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
