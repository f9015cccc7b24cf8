"""Second opinions, pure: what is asked, and what each answer makes of a ruling."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from threegate.guard.decide import RuleSet, kinds_asked_about_claims
from threegate.guard.second_opinion import MAX_READ, Question
from threegate.policy.model import Claims, Detect, Mode, RuleException, SecondOpinion, Selector
from threegate.types import Action, Channel, Finding, Layer, Level, Opinion, Reason, Span, Verdict

from tests.guard.build import CALLER, finding, policy, rule

ASKED = SecondOpinion(ask="judge.qwen")
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
    spec = SecondOpinion(ask="judge.qwen", on_error=Action.FLAG, on_timeout=Action.ALLOW)
    assert verdict(Opinion("judge.qwen", failed=Reason.TIMEOUT), spec).action is Action.ALLOW
    assert verdict(Opinion("judge.qwen", failed=Reason.ERROR), spec).action is Action.FLAG


def test_without_an_answer_the_rule_acts() -> None:
    (ruled,) = verdict(None).ruled
    assert ruled.action is Action.BLOCK
    assert ruled.opinion is None


def test_only_findings_of_the_band_are_asked_about() -> None:
    made = judge(SecondOpinion(ask="judge.qwen", levels=(Level.MEDIUM,)))
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


CLAIM = "The library is open on Sundays."
PLACE = "context:/context/0:0-40"
FACTS = SecondOpinion(ask="judge.r1", levels=tuple(Level))
CLAIM_ASKED = Question("judge.r1", 2000, Span(0, len(CLAIM)), PLACE)


def claim_verdict(kind: str, level: Level, opinion: Opinion | None) -> Verdict:
    claims = Claims(on_contradicted=Action.BLOCK, on_unsupported=Action.ANNOTATE)
    made = rule("facts", Action.FLAG, claims=claims, detect=Detect(), second_opinion=FACTS)
    rules = RuleSet.of(policy(made), Layer.INPUT, Channel.USER, CALLER, "2026-11-25", {})
    found = [replace(finding(kind, 0, len(CLAIM), level), note=PLACE)]
    assert rules.questions(found, CLAIM) == {CLAIM_ASKED}
    opinions = {} if opinion is None else {CLAIM_ASKED: opinion}
    return rules.verdict(found, (), CLAIM, opinions=opinions)


def of_judge(claim: str, score: float = 1.0, level: Level | None = Level.HIGH) -> Opinion:
    return Opinion("judge.r1", score, level, claim=claim)


@pytest.mark.parametrize(
    ("first", "opinion", "kind", "action", "outcome"),
    [
        ("supported", of_judge("claim.contradicted"), "contradicted", Action.BLOCK, "replaced"),
        ("supported", of_judge("claim.unsupported"), "unsupported", Action.ANNOTATE, "replaced"),
        ("supported", of_judge("claim.supported"), "supported", Action.ALLOW, "confirmed"),
        ("contradicted", of_judge("claim.supported"), "supported", Action.ALLOW, "replaced"),
        ("contradicted", of_judge("claim.supported", 0.4, Level.LOW), "contradicted", Action.BLOCK,
         "unsure"),
        ("contradicted", Opinion("judge.r1", failed=Reason.TIMEOUT), "contradicted", Action.BLOCK,
         "timeout"),
    ],
)  # fmt: skip
def test_the_verdict_of_a_judge_takes_the_place_of_the_fact_checks(
    first: str, opinion: Opinion, kind: str, action: Action, outcome: str
) -> None:
    (ruled,) = claim_verdict(f"claim.{first}", Level.MEDIUM, opinion).ruled
    assert isinstance(ruled.finding, Finding)
    assert (ruled.finding.kind, ruled.action) == (f"claim.{kind}", action)
    assert ruled.finding.note == PLACE
    assert ruled.opinion is not None
    assert ruled.opinion.outcome == outcome
    before = ruled.opinion.replaced
    assert (before is not None and before.kind == f"claim.{first}") is (outcome == "replaced")


def test_a_claim_below_the_level_of_its_rule_is_asked_about_and_acts_only_then() -> None:
    """`unsupported` of the small model counts from high on; a judge that is sure makes it count."""
    weak = ("claim.unsupported", Level.MEDIUM)
    assert claim_verdict(*weak, None).action is Action.ALLOW
    assert claim_verdict(*weak, of_judge("claim.unsupported")).action is Action.ANNOTATE


def test_a_claim_without_a_source_is_not_asked_about() -> None:
    made = rule("facts", Action.FLAG, claims=Claims(), detect=Detect(), second_opinion=FACTS)
    rules = RuleSet.of(policy(made), Layer.INPUT, Channel.USER, CALLER, "2026-11-25", {})
    assert not rules.questions([finding("claim.no_source")], CLAIM)


def test_a_fact_check_needs_a_judge_that_can_support_a_claim() -> None:
    made = rule("facts", Action.FLAG, claims=Claims(), detect=Detect(), second_opinion=FACTS)
    assert kinds_asked_about_claims([made]) == {"judge.r1.claim.supported"}
