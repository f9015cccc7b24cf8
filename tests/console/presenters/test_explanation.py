from __future__ import annotations

from typing import Any

import pytest
from threegate.console.presenters.explanation import WORDS, explanation
from threegate.types import Action, Bilingual, Channel

KNOWN = {"r": Bilingual("拦截武器", "Block weapons")}
RULED = {
    "rule": "r", "action": "block", "kind": "hazard.weapons", "level": "high", "score": 1,
    "detector": "guard", "span": [0, 4], "at": {"channel": "user", "part": "/content"},
}  # fmt: skip


def told(action: str, *ruled: dict[str, Any], language: str = "en") -> list[str]:
    decisions = [{"layer": "input", "ruled": list(ruled)}]
    event = {"request": "tg_1", "action": action, "decisions": decisions}
    return explanation(event, "2026-12-01 10:06", language, KNOWN)


def test_a_citizen_reads_what_happened_and_why() -> None:
    """The record page had tables of rules, scores and spans only."""
    assert told("block", RULED, RULED, {**RULED, "action": "flag", "rule": "other"}) == [
        "Your request of 2026-12-01 10:06 (id tg_1) was blocked and not answered.",
        'Reason: the rule "Block weapons" found "weapons" in what you sent.',
        "This was decided automatically under a policy approved beforehand. "
        "You can ask for a review by a person.",
    ]
    (zh, *_) = told("block", RULED, language="zh")
    assert zh == "您在 2026-12-01 10:06 的请求（编号 tg_1）被拦截，没有得到回答。"


def test_a_check_that_failed_and_a_rule_in_shadow() -> None:
    failed = {k: v for k, v in RULED.items() if k != "kind"} | {"failed": "timeout"}
    assert "could not be completed" in told("block", failed)[1]
    assert len(told("allow", {**RULED, "shadow": True})) == 1


@pytest.mark.parametrize("channel", [c.value for c in Channel])
def test_every_place_has_words_for_the_person(channel: str) -> None:
    """`user` is the name of a field, not of what somebody wrote."""
    told("block", {**RULED, "at": {"channel": channel}})
    assert f"in-{channel}" in WORDS


@pytest.mark.parametrize("action", [a.name.lower() for a in Action])
def test_every_outcome_has_words(action: str) -> None:
    assert action in WORDS


def test_a_record_of_no_call_is_not_explained() -> None:
    assert explanation({"request": "policy"}, "", "en", KNOWN) == []


def test_a_note_beneath_the_answer_is_mentioned() -> None:
    event = {"request": "tg_1", "action": "annotate", "notes": ["r"], "decisions": []}
    (head, _) = explanation(event, "2026-12-01 10:06", "en", KNOWN)
    assert head.endswith("a note was added beneath it.")
