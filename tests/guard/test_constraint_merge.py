from __future__ import annotations

from dataclasses import replace
from typing import Any

from threegate.guard.constraint_merge import merge
from threegate.policy.model import (
    Clamp,
    CompiledPolicy,
    ConstraintRule,
    Mode,
    Reasoning,
    ReasoningVisibility,
)
from threegate.types import Bilingual

from tests.guard.build import CALLER


def rule(rule_id: str, **more: Any) -> ConstraintRule:
    return ConstraintRule(rule_id, Bilingual(rule_id, rule_id), **more)


def test_the_strictest_reasoning_setting_wins_and_shadow_changes_nothing() -> None:
    rules = (
        rule("a", reasoning=Reasoning(show=ReasoningVisibility.HIDDEN)),
        rule("b", reasoning=Reasoning(show=ReasoningVisibility.NOTICE)),
        rule("c", mode=Mode.SHADOW, clamp=(("temperature", Clamp(force=0.0)),)),
    )
    merged = merge(CompiledPolicy("d", "p", constraints=rules), CALLER)
    assert merged.reasoning.show is ReasoningVisibility.HIDDEN
    milder = (
        rule("a", reasoning=Reasoning()),
        rule("b", reasoning=Reasoning(show=ReasoningVisibility.MASKED)),
    )
    merged_too = merge(CompiledPolicy("d", "p", constraints=milder), CALLER)
    assert merged_too.reasoning.show is ReasoningVisibility.MASKED
    assert merged.trial is not None
    assert merged.trial.clamps == (("c", "temperature", Clamp(force=0.0)),)
    assert merged.clamps == ()


def test_a_roll_out_reaches_some_conversations_and_is_tried_in_the_others() -> None:
    half = rule("half", rollout=50, clamp=(("temperature", Clamp(force=0.0)),))
    policy = CompiledPolicy("d", "p", constraints=(half,))
    sides = [merge(policy, replace(CALLER, conversation=str(n))) for n in range(400)]
    acts = [merged for merged in sides if merged.clamps]
    assert 140 < len(acts) < 260
    assert all(merged.trial is None for merged in acts)
    assert all(m.trial is not None and m.trial.clamps for m in sides if not m.clamps)
