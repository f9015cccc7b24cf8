from __future__ import annotations

from typing import Any

from threegate.console.presenters.questions import questions, rules_to_judge
from threegate.types import Bilingual

AT = {"channel": "user", "message": 0, "part": "/content"}


def found(rule: str, kind: str, start: int, end: int, **more: Any) -> dict[str, Any]:
    return {
        "rule": rule, "action": "flag", "kind": kind, "level": "high", "score": 1, "detector": "d",
        "span": [start, end], "at": AT,
    } | more  # fmt: skip


TEXT = "a" * 500 + "SECRET" + "b" * 500 + "WORD"
EVENT = {
    "decisions": [
        {"layer": "constraint", "ruled": [found("c", "constraint.clamped", 0, 0)]},
        {
            "layer": "input",
            "ruled": [
                found("s", "secret.key", 500, 506),
                found("s", "secret.key", 500, 506),
                found("w", "list.word", 1006, 1010, shadow=True),
                {"rule": "f", "action": "block", "failed": "timeout", "detector": "d", "at": AT},
            ],
        },
        {"layer": "output", "ruled": [found("k", "claim.no_source", 0, 0)]},
    ]
}
PARTS = [{"part": "messages/0/content:user", "redacted": TEXT}]


def test_a_rule_is_asked_for_once_and_only_where_it_found_something() -> None:
    assert rules_to_judge(EVENT) == ("s", "w")
    assert rules_to_judge({}) == ("",)


def test_a_question_shows_its_own_hit_with_what_stands_around_it() -> None:
    known = {"s": Bilingual("密钥", "Keys")}
    asked = questions(EVENT, PARTS, {"w": "correct"}, known, "zh", revealed=False)
    assert [(q["title"], q["mine"], len(q["hits"])) for q in asked] == [
        ("密钥", "", 1),
        ("w", "correct", 1),
    ]
    for question, word in zip(asked, ("SECRET", "WORD"), strict=True):
        ((text),) = question["excerpts"]
        assert [p["text"] for p in text["pieces"] if p["kind"]] == [word]
        assert sum(len(p["text"]) for p in text["pieces"]) < 400


def test_of_a_call_without_a_finding_every_text_begins() -> None:
    (asked,) = questions({}, PARTS, {}, {}, "en", revealed=False)
    assert asked["excerpts"][0]["pieces"][0]["text"].startswith("aaa")
    assert len(asked["excerpts"][0]["pieces"][0]["text"]) < 400
