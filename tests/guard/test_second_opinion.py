"""Second opinions, pure: what is asked, and what each answer makes of a ruling."""

from __future__ import annotations

from typing import Any

import pytest
from threegate.guard.decide import RuleSet
from threegate.guard.second_opinion import MAX_READ, Question
from threegate.policy.model import Detect, Mode, RuleException, SecondOpinion, Selector
from threegate.types import Action, Channel, Layer, Level, Opinion, Reason, Span, Verdict

from tests.guard.build import CALLER, finding, policy, rule

ASKED = SecondOpinion("judge.qwen")
TEXT = "some text"
WHOLE = Question("judge.qwen", 2000, Span(0, len(TEXT)))


def judge(spec: SecondOpinion = ASKED, **more: Any) -> RuleSet:
    detect = Detect(any=("hazard",), level=Level.LOW)
    made = rule("r", Action.BLOCK, "hazard", detect=detect, second_opinion=spec, **more)
    return RuleSet.of(policy(made), Layer.INPUT, Channel.USER, CALLER, "2026-11-25", {})


def verdict(opinion: Opinion | None, spec: SecondOpinion = ASKED) -> Verdict:
    found = [finding("hazard.violence", level=Level.MEDIUM)]
    opinions = {} if opinion is None else {WHOLE: opinion}
    return judge(spec).verdict(found, (), TEXT, opinions=opinions)


@pytest.mark.parametrize(
    ("opinion", "action", "outcome"),
    [
        (Opinion("judge.qwen", 0.9, Level.HIGH), Action.BLOCK, "confirmed"),
        (Opinion("judge.qwen", 0.5, Level.MEDIUM), Action.BLOCK, "confirmed"),
        (Opinion("judge.qwen", 0.4, Level.LOW), Action.ALLOW, "dismissed"),
        (Opinion("judge.qwen", 0.0), Action.ALLOW, "dismissed"),
        (Opinion("judge.qwen", failed=Reason.ERROR), Action.BLOCK, "error"),
        (Opinion("judge.qwen", failed=Reason.OVERLOAD), Action.BLOCK, "overload"),
        (Opinion("judge.qwen", failed=Reason.TIMEOUT), Action.BLOCK, "timeout"),
    ],
)
def test_the_answer_decides_and_a_failure_leaves_the_rule_acting(
    opinion: Opinion, action: Action, outcome: str
) -> None:
    (ruled,) = verdict(opinion).ruled
    assert ruled.action is action
    assert ruled.opinion is not None
    assert ruled.opinion.outcome == outcome


def test_the_policy_says_what_follows_a_failure() -> None:
    spec = SecondOpinion("judge.qwen", on_error=Action.FLAG, on_timeout=Action.ALLOW)
    assert verdict(Opinion("judge.qwen", failed=Reason.TIMEOUT), spec).action is Action.ALLOW
    assert verdict(Opinion("judge.qwen", failed=Reason.ERROR), spec).action is Action.FLAG


def test_without_an_answer_the_rule_acts() -> None:
    (ruled,) = verdict(None).ruled
    assert ruled.action is Action.BLOCK
    assert ruled.opinion is None


def test_only_findings_of_the_band_are_asked_about() -> None:
    made = judge(SecondOpinion("judge.qwen", frozenset({Level.MEDIUM})))
    found = {level: finding("hazard.violence", level=level) for level in Level}
    asked = {level: made.questions([f], TEXT) for level, f in found.items()}
    assert asked == {Level.LOW: frozenset(), Level.MEDIUM: {WHOLE}, Level.HIGH: frozenset()}
    assert made.questions([finding("pii.email", level=Level.MEDIUM)], TEXT) == frozenset()


def test_a_sure_finding_acts_beside_a_dismissed_one() -> None:
    found = [finding("hazard.violence", level=level) for level in (Level.LOW, Level.HIGH)]
    opinions = {WHOLE: Opinion("judge.qwen", 0.0)}
    assert judge().verdict(found, (), TEXT, opinions=opinions).action is Action.BLOCK


def test_of_a_long_text_the_judge_reads_the_part_around_the_finding() -> None:
    text = "x" * 3 * MAX_READ
    (question,) = judge().questions([finding("hazard.violence", 12_000, 12_010, Level.LOW)], text)
    assert question.part.start <= 12_000 - MAX_READ // 3
    assert question.part.end >= 12_010 + MAX_READ // 3
    assert question.part.end - question.part.start == MAX_READ
    (early,) = judge().questions([finding("hazard.violence", 0, 9, Level.LOW)], text)
    assert early.part == Span(0, MAX_READ)


def test_what_the_judge_could_not_read_in_full_is_not_asked_about() -> None:
    text = "x" * 3 * MAX_READ
    wide = finding("hazard.violence", 0, MAX_READ + 1, Level.LOW)
    outside = finding("hazard.violence", 0, 20, Level.LOW)
    assert judge().questions([wide], text) == frozenset()
    assert judge().questions([outside], TEXT) == frozenset()
    assert judge().questions([outside], TEXT, offset=100) == frozenset()


def test_a_rule_that_does_not_act_for_this_call_asks_nothing() -> None:
    found = [finding("hazard.violence", level=Level.LOW)]
    everyone = RuleException("e", Selector(tenant=("retail",)), "test_data", "cpo", "2027-01-01")
    assert judge(rollout=0).questions(found, TEXT) == frozenset()
    assert judge(exceptions=(everyone,)).questions(found, TEXT) == frozenset()
    assert judge(mode=Mode.SHADOW).questions(found, TEXT) == {WHOLE}
