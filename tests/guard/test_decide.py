"""Verdicts: precedence, levels, shadow, rollout, exceptions, failures; monotone and order-free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.guard.decide import RuleSet, wanted_kinds
from threegate.policy.language.hashed_values import value_sha256
from threegate.policy.model import (
    Claims,
    ConstraintRule,
    Detect,
    Mode,
    Models,
    Rule,
    RuleException,
    Selector,
    When,
    in_rollout,
)
from threegate.types import Action, Bilingual, Channel, Layer, Level, Reason, Verdict

from tests.guard.build import CALLER, failed, finding, policy, rule

KINDS = {"d": ("pii.email", "hazard.violence", "claim.contradicted")}


def judge(*rules: Rule, **caller: Any) -> RuleSet:
    who = replace(CALLER, **caller)
    return RuleSet.of(policy(*rules), Layer.INPUT, Channel.USER, who, "2026-11-25", KINDS)


def action(made: RuleSet, *kinds: str) -> Action:
    return made.verdict([finding(k) for k in kinds]).action


def test_the_strongest_action_wins() -> None:
    made = judge(rule("m", Action.MASK, "pii"), rule("b", Action.BLOCK, "hazard"))
    assert action(made, "pii.email") is Action.MASK
    assert action(made, "pii.email", "hazard.violence") is Action.BLOCK
    assert action(made, "other") is Action.ALLOW


def test_a_rule_names_kinds_or_prefixes_but_not_parts_of_words() -> None:
    made = judge(rule("r", Action.BLOCK, "pii.cn", "sec*"))
    assert action(made, "pii.cn.id_card") is Action.BLOCK
    assert action(made, "secret.jwt") is Action.BLOCK
    assert action(made, "pii.cnx") is Action.ALLOW


def test_a_level_below_the_rule_does_not_act() -> None:
    made = judge(
        rule("r", Action.BLOCK, "hazard", detect=Detect(any=("hazard",), level=Level.HIGH))
    )
    assert made.verdict([finding("hazard.violence", level=Level.MEDIUM)]).ruled == ()


@pytest.mark.parametrize("mode", [Mode.ENFORCE, Mode.SHADOW])
def test_an_alias_is_no_way_round_the_rules_of_a_model(mode: Mode) -> None:
    models = Models(alias=(("fast", "deepseek-r1"),))
    aliased = ConstraintRule("alias", Bilingual("", ""), models=models, mode=mode)
    for name, acts in (("deepseek-r1", True), ("fast", mode is Mode.ENFORCE), ("other", False)):
        ruled = rule("r", Action.BLOCK, "a", when=When(model=("deepseek-*",)))
        given = policy(ruled, constraints=(aliased,))
        who = replace(CALLER, model=name)
        made = RuleSet.of(given, Layer.INPUT, Channel.USER, who, "2026-11-25", KINDS)
        assert (action(made, "a") is Action.BLOCK) == acts
    own = rule("r", Action.BLOCK, "a", when=When(model=("fast",)))
    named = policy(own, constraints=(aliased,)).named(replace(CALLER, model="fast"))
    assert own.when.matches(named)


def test_all_and_none_look_at_the_whole_passage() -> None:
    both = Detect(any=("a",), all=("a", "b"))
    made = judge(rule("both", Action.BLOCK, detect=both))
    assert action(made, "a") is Action.ALLOW
    assert action(made, "a", "b") is Action.BLOCK
    unless = judge(rule("unless", Action.BLOCK, detect=Detect(any=("a",), none=("c",))))
    assert action(unless, "a") is Action.BLOCK
    assert action(unless, "a", "c") is Action.ALLOW


def test_shadow_records_and_does_not_act() -> None:
    verdict = judge(rule("r", Action.BLOCK, "a", mode=Mode.SHADOW)).verdict([finding("a")])
    assert verdict.action is Action.ALLOW
    assert [(r.rule_id, r.action, r.shadow) for r in verdict.ruled] == [("r", Action.BLOCK, True)]


def test_off_is_not_even_scanned() -> None:
    rules = policy(rule("r", Action.BLOCK, "a", mode=Mode.OFF)).rules_for(Layer.INPUT, Channel.USER)
    assert wanted_kinds(rules) == frozenset()


@pytest.mark.parametrize(
    ("who", "today", "acts"),
    [
        ({"key_id": "fraud"}, "2026-11-25", False),
        ({"key_id": "other"}, "2026-11-25", True),
        ({"key_id": "fraud"}, "2027-02-01", True),
    ],
)
def test_an_exception_weakens_its_own_rule_until_it_expires(
    who: dict[str, str], today: str, acts: bool
) -> None:
    excepted = RuleException("EX-1", Selector(key=("fraud",)), "approved", "cpo", "2027-01-31")
    made = judge(rule("r", Action.BLOCK, "a", exceptions=(excepted,)), **who)
    made.today = today
    verdict = made.verdict([finding("a")])
    assert (verdict.action is Action.BLOCK) == acts
    assert verdict.ruled[0].exception_id == ("" if acts else "EX-1")


def test_an_exception_for_one_value_covers_no_other() -> None:
    hashed = (value_sha256("4111 1111", "salt"),)
    excepted = RuleException("EX-1", Selector(), "test_data", "cpo", "2027-01-31", hashed, "salt")
    made = judge(rule("r", Action.BLOCK, "a", exceptions=(excepted,)))
    text = "41111111 or 42222222"
    found = [finding("a", 10, 18), finding("a", 22, 30)]
    ruled = made.verdict(found, (), text, 10).ruled
    assert [(r.exception_id, r.shadow) for r in ruled] == [("EX-1", True), ("", False)]
    made.today = "2027-02-01"
    assert made.verdict(found[:1], (), text, 10).ruled[0].exception_id == ""


@pytest.mark.parametrize("where", [{"text": ""}, {"text": "4111", "offset": 1}, {"text": "411"}])
def test_a_value_that_is_not_whole_in_the_text_is_not_excepted(where: dict[str, Any]) -> None:
    hashed = tuple(value_sha256(v) for v in ("", "4111", "411"))
    excepted = RuleException("EX-1", Selector(), "test_data", "cpo", "2027-01-31", hashed)
    made = judge(rule("r", Action.BLOCK, "a", exceptions=(excepted,)))
    assert made.verdict([finding("a", 0, 4)], (), **where).action is Action.BLOCK


def test_an_exception_for_values_excuses_no_failure_and_needs_its_caller() -> None:
    hashed = (value_sha256("4111"),)
    excepted = RuleException(
        "EX-1", Selector(key=("desk",)), "test_data", "cpo", "2027-01-31", hashed
    )
    one = rule("r", Action.BLOCK, "pii.email", exceptions=(excepted,))
    assert judge(one, key_id="desk").verdict([], [failed()], "4111").action is Action.BLOCK
    found = [finding("pii.email", 0, 4)]
    assert judge(one, key_id="desk").verdict(found, (), "4111").action is Action.ALLOW
    assert judge(one, key_id="other").verdict(found, (), "4111").action is Action.BLOCK


def test_a_failure_counts_for_the_rules_that_need_the_detector() -> None:
    made = judge(
        rule("mail", Action.MASK, "pii.email"),
        rule("soft", Action.MASK, "hazard", on_error=Action.FLAG, on_timeout=Action.ANNOTATE),
        rule("other", Action.BLOCK, "secret"),
    )
    error = made.verdict([], [failed()])
    assert {r.rule_id: r.action for r in error.ruled} == {"mail": Action.BLOCK, "soft": Action.FLAG}
    late = made.verdict([], [failed(Reason.TIMEOUT)])
    assert {r.rule_id: r.action for r in late.ruled}["soft"] is Action.ANNOTATE


def test_claims_have_an_action_for_each_verdict() -> None:
    claims = Claims(on_contradicted=Action.BLOCK, on_unsupported=Action.ANNOTATE)
    made = judge(rule("c", Action.FLAG, claims=claims, detect=Detect()))
    assert action(made, "claim.contradicted") is Action.BLOCK
    assert action(made, "claim.unsupported") is Action.ANNOTATE
    assert action(made, "claim.no_source") is Action.FLAG
    assert action(made, "claim.supported") is Action.ALLOW


def test_a_fact_check_acts_on_what_its_own_sources_say() -> None:
    plans, faq = Claims(sources=("knowledge/plans",)), Claims(sources=("knowledge/faq",))
    made = judge(
        rule("plans", Action.FLAG, claims=plans, detect=Detect()),
        rule("faq", Action.FLAG, claims=faq, detect=Detect()),
    )
    said = {"claim.contradicted": plans, "claim.supported": faq}
    found = [replace(finding(k), counted=frozenset(c.sources)) for k, c in said.items()]
    ruled = made.verdict(found).ruled
    assert {r.rule_id: r.action for r in ruled} == {"plans": Action.BLOCK, "faq": Action.ALLOW}


def test_a_conversation_stays_on_its_side_of_a_rollout() -> None:
    half = rule("r", Action.BLOCK, "a", rollout=50)
    callers = [replace(CALLER, conversation=str(i)) for i in range(400)]
    sides = [in_rollout(half, c) for c in callers]
    assert sides == [in_rollout(half, c) for c in callers]
    assert 140 < sum(sides) < 260


kinds = st.lists(
    st.sampled_from(["pii.email", "hazard.violence", "a", "b", "secret.x"]), max_size=6
)
RULES = (
    rule("m", Action.MASK, "pii"),
    rule("b", Action.BLOCK, "hazard"),
    rule("f", Action.FLAG, "a"),
    rule("s", Action.BLOCK, "b", mode=Mode.SHADOW),
)


@given(kinds, kinds, st.randoms())
def test_more_findings_never_lower_the_action_and_order_does_not_matter(
    some: list[str], more: list[str], order: Any
) -> None:
    def verdict(names: Sequence[str]) -> Verdict:
        return judge(*RULES).verdict([finding(k) for k in names])

    assert verdict(some + more).action >= verdict(some).action
    shuffled = [*some, *more]
    order.shuffle(shuffled)
    assert verdict(shuffled).action is verdict(some + more).action
    assert set(verdict(shuffled).ruled) == set(verdict(some + more).ruled)
