from __future__ import annotations

from typing import Any

import pytest
from threegate.audit.feeds.announcements import announcement
from threegate.console.presenters.labels import BOOKS
from threegate.i18n.catalog import catalog

DIGEST = "ab" * 32


def entry(verb: str, stage: str = "policy", **detail: Any) -> dict[str, Any]:
    event = {
        "stage": stage,
        "policy": {"digest": DIGEST},
        "detail": {"verb": verb, "actor": "wang", **detail},
    }
    return {"event": event, "ts": "2026-11-29T12:00:00Z"}


def said(made: dict[str, Any]) -> tuple[str, str]:
    found = announcement(made)
    assert found is not None
    return found.text.zh, found.text.en


def test_a_submission_names_who_is_asked() -> None:
    assert said(entry("submit", reviewers=["li", "sun"])) == (
        "wang 提交了版本 abababababab，等待li、sun审批",
        "wang submitted version abababababab for approval by li, sun",
    )
    assert said(entry("submit"))[1].endswith("for approval")


def test_an_emergency_is_called_one() -> None:
    assert said(entry("activate", emergency=True))[1].startswith("Emergency: wang")
    assert said(entry("activate", emergency=False))[1] == "wang activated version abababababab"


def test_rules_and_verifications() -> None:
    found = announcement(entry("stopped", object="cn.pii.id"))
    assert found is not None
    assert (found.topic, found.path) == ("rules", "/policies/rule/cn.pii.id")
    assert announcement(entry("verify", "access", ok=True)) is None
    assert said(entry("verify", "access", ok=False, problems=3))[1].endswith("found 3 problems")
    assert "200 days ago" in said(entry("clock", "access", days=200))[1]


@pytest.mark.parametrize("verb", ["search", "open", "reveal", "label", "activated", "attempt"])
def test_most_records_are_nobody_s_business(verb: str) -> None:
    assert announcement(entry(verb, "access")) is None
    assert announcement(entry("submit", "completed")) is None


def test_free_text_and_markup_stay_out() -> None:
    canary = "我的护照号码是E12345678"
    made = entry("reject", note=canary, reason=canary, untested=canary)
    made["event"]["detail"]["actor"] = '<at user_id="all">x</at>*_`@'
    zh, en = said(made)
    assert canary not in zh + en
    assert not set('<>*`"') & set(zh + en)


def test_every_line_is_of_a_verb_that_is_recorded() -> None:
    verbs = {verb for topic in catalog("announcements").values() for verb in topic}
    assert verbs - set(BOOKS["verb"]) == {"emergency"}
