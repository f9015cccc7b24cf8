"""Notes beneath an answer: whose, in which order, and which rulings have none."""

from __future__ import annotations

from threegate.guard.notes_below import notes_below
from threegate.policy.model import AnnotationForm
from threegate.types import Action, Bilingual, Ruling

from tests.guard.build import failed, finding, rule

DOCTOR, TERMS = (
    Bilingual("请咨询医生。", "Ask a doctor."),
    Bilingual("另见条款。", "See the terms."),
)
RULES = {
    "doctor": rule("doctor", Action.ANNOTATE, message=DOCTOR, annotation=AnnotationForm.BELOW),
    "terms": rule("terms", Action.ANNOTATE, message=TERMS, annotation=AnnotationForm.BELOW),
    "data": rule("data", Action.ANNOTATE, message=TERMS),
}


def ruled(rule_id: str, action: Action = Action.ANNOTATE, *, shadow: bool = False) -> Ruling:
    return Ruling(rule_id, action, finding("hazard.test"), shadow)


def test_each_rule_once_in_the_order_of_its_first_match() -> None:
    made = notes_below([ruled("terms"), ruled("doctor"), ruled("terms")], RULES)
    assert list(made.items()) == [("terms", TERMS), ("doctor", DOCTOR)]


def test_only_rules_that_annotate_beneath_the_answer() -> None:
    assert notes_below([ruled("data"), ruled("gone")], RULES) == {}


def test_a_rule_that_does_not_act_writes_nothing() -> None:
    dismissed = ruled("doctor", Action.ALLOW)
    assert notes_below([ruled("doctor", shadow=True), dismissed], RULES) == {}


def test_a_failed_check_that_counts_as_a_match_writes_the_note() -> None:
    assert notes_below([Ruling("doctor", Action.ANNOTATE, failed())], RULES) == {"doctor": DOCTOR}
