"""How a stopped call looks to the client: never the value, always the rule and the decision."""

from __future__ import annotations

import pytest
from threegate.gateway.outcome import BLOCKED, UNCHECKED, outcome_of, refused
from threegate.guard.request_draft import Refusal
from threegate.policy.model import CuratedAnswer
from threegate.types import (
    Action,
    Bilingual,
    Channel,
    Failed,
    Finding,
    Layer,
    Level,
    Reason,
    Ruling,
    Span,
    TextLocation,
)
from threegate.wire.adapter import OutcomeKind

from tests.gateway.shell import policy, rule

LOCUS = TextLocation(Layer.INPUT, Channel.USER)
FOUND = Finding("d", "hazard.test", Span(0, 3), 1.0, Level.HIGH, LOCUS)
NO = Bilingual("不行。", "No.")
HELP = CuratedAnswer("help", Bilingual("热线", "help line"), ())
BY_KIND = CuratedAnswer("other", Bilingual("求助", "get help"), ("hazard.test",))


def test_a_block_has_the_rules_message_or_a_plain_one() -> None:
    rules = policy(
        rule("own", Action.BLOCK, "x", message=NO, http_status=451),
        rule("plain", Action.BLOCK, "x"),
    )
    own = outcome_of(Ruling("own", Action.BLOCK, FOUND), rules, "dec_1", "en")
    assert (own.kind, own.message, own.http_status) == (OutcomeKind.BLOCK, NO, 451)
    assert (own.decision_id, own.rule_id) == ("dec_1", "own")
    plain = outcome_of(Ruling("plain", Action.BLOCK, FOUND), rules, "dec_1", "en")
    assert (plain.message, plain.http_status) == (BLOCKED, None)
    gate = outcome_of(Ruling("a.constraint", Action.BLOCK, FOUND), rules, "dec_1", "en")
    assert gate.message == BLOCKED


def test_a_failed_check_says_so() -> None:
    late = Ruling("own", Action.BLOCK, Failed("d", Reason.TIMEOUT, LOCUS))
    made = outcome_of(late, policy(rule("own", Action.BLOCK, "x", message=NO)), "dec_1", "zh")
    assert made.message == UNCHECKED


@pytest.mark.parametrize(("language", "said"), [("zh", "热线"), ("en", "help line")])
def test_a_curated_answer_by_name_in_the_callers_language(language: str, said: str) -> None:
    rules = policy(rule("own", Action.ANSWER, "x", answer="help", http_status=400), answers=(HELP,))
    made = outcome_of(Ruling("own", Action.ANSWER, FOUND), rules, "dec_1", language)
    assert (made.kind, made.answer, made.http_status) == (OutcomeKind.ANSWER, said, None)


def test_a_curated_answer_by_category_and_the_message_where_there_is_none() -> None:
    ruled = Ruling("own", Action.ANSWER, FOUND)
    named = policy(rule("own", Action.ANSWER, "x"), answers=(HELP, BY_KIND))
    assert outcome_of(ruled, named, "dec_1", "en").answer == "get help"
    bare = policy(rule("own", Action.ANSWER, "x", message=NO))
    assert outcome_of(ruled, bare, "dec_1", "en").answer == "No."


def test_a_refusal_of_the_constraint_layer() -> None:
    made = refused(Refusal("fields", "field_denied", NO, "/x"), "dec_1")
    assert (made.kind, made.rule_id, made.message) == (OutcomeKind.BLOCK, "fields", NO)
