from __future__ import annotations

from typing import Any

import pytest
from threegate.audit.log.query import Entry
from threegate.console.presenters.records import (
    channel_of,
    field_of,
    number_of,
    row,
    shown_score,
    texts,
    why_no_text,
)

RULED = [
    {
        "rule": "r", "action": "mask", "kind": "pii.email", "level": "high", "score": 1,
        "detector": "email", "span": [2, 15],
        "at": {"channel": "user", "message": 0, "part": "/content"},
    },
    {
        "rule": "o", "action": "flag", "kind": "list.word", "level": "high", "score": 1,
        "detector": "words", "span": [0, 3], "at": {"channel": "content", "choice": 0, "part": "1"},
    },
]  # fmt: skip
EVENT = {"decisions": [{"ruled": RULED}]}
PARTS = [
    {
        "part": "messages/0/content:user",
        "redacted": "x [EMAIL_BCDF] y",
        "text": "x a@example.com y",
    },
    {"part": "messages/1/content:user", "redacted": "another text here"},
    {"part": "choices/0/content/1", "redacted": "bad [EMAIL_BCDF]"},
]


def entry(event: dict[str, Any]) -> Entry:
    return Entry("w", 1, 0, b"", {"stage": "completed", "request": "r"} | event, "", False, True)


def coloured(revealed: bool) -> list[list[str]]:
    shown = texts(EVENT, PARTS, revealed=revealed)
    return [[p["text"] for p in t["pieces"] if p["kind"]] for t in shown]


def test_hits_are_coloured_on_their_own_text() -> None:
    assert coloured(revealed=False) == [["[EMAIL_BCDF]"], [], ["bad", "[EMAIL_BCDF]"]]


def test_originals_only_where_revealed() -> None:
    assert coloured(revealed=True)[0] == ["a@example.com"]
    assert "a@example.com" not in str(texts(EVENT, PARTS, revealed=False))


def test_an_original_never_shows_less_than_the_redacted_text() -> None:
    """An answer's original lost every mark."""
    answer = {
        "part": "choices/0/content/1",
        "redacted": "bad [EMAIL_BCDF] x",
        "text": "bad a@b.c x",
    }
    (shown,) = texts(EVENT, [answer], revealed=True)
    assert [p["text"] for p in shown["pieces"] if p["kind"]] == ["bad", "a@b.c"]
    (shown,) = texts(EVENT, [answer | {"text": "another answer"}], revealed=True)
    assert [p["text"] for p in shown["redacted"] if p["kind"]] == ["bad", "[EMAIL_BCDF]"]


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("messages/0/content:user", "user"),
        ("messages/3/tool_calls/0/function/arguments#json:tool_arguments", "tool_arguments"),
        ("choices/0/reasoning/0", "reasoning"),
    ],
)
def test_channels_of_parts(name: str, channel: str) -> None:
    assert channel_of(name) == channel


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("messages/0/content:user", 1),
        ("messages/3/tool_calls/0", 4),
        ("choices/0/content/1", 0),
        ("choices/1/content/1", 2),
        ("prompt:user", 0),
    ],
)
def test_numbers_of_parts(name: str, number: int) -> None:
    assert number_of(name) == number


def test_why_there_is_no_text() -> None:
    hashed = {"content": [{"part": "messages/0/content:user", "hash": "aa", "chars": 3}]}
    stored = {"content": [*hashed["content"], {"blob": "bb", "key": "k", "level": "redacted"}]}
    assert why_no_text([{}]) == "none"
    assert why_no_text([{}, hashed]) == "metadata"
    assert why_no_text([hashed, stored]) == "erased"


def test_what_a_rule_on_calls_did_is_listed() -> None:
    """A call whose temperature was lowered stood there as "flag" without any rule, a refused model as
    blocked by nothing; the constitution, which is added to every call, is not listed."""
    clamped = {"rule": "base.model.sampling", "action": "flag", "kind": "constraint.clamped"}
    refused = {"rule": "own.models", "action": "block", "kind": "constraint.model"}
    added = {"rule": "base.model.constitution", "action": "allow", "kind": "constraint.added"}
    for ruled in (clamped, refused):
        made = [{"layer": "constraint", "action": ruled["action"], "ruled": [ruled, added]}]
        shown = row(entry({"action": ruled["action"], "decisions": made}), "en", {})
        assert [r["id"] for r in shown["rules"]] == [ruled["rule"]]
        assert [k["kind"] for k in shown["kinds"]] == [ruled["kind"]]
    assert [r["id"] for r in shown["decided"]] == ["own.models"]


@pytest.mark.parametrize(
    ("name", "field"),
    [("user:user", "user"), ("messages/0/content:user", ""), ("choices/0/content/1", "")],
)
def test_a_text_outside_the_messages_names_its_field(name: str, field: str) -> None:
    """The id of an end user stood there as if the user had said it."""
    assert field_of(name) == field


def test_a_call_that_only_a_fact_check_recorded_says_so() -> None:
    """Half of a search was "let through and recorded" without a rule or a finding."""
    note = RULED[1] | {"kind": "claim.no_source"}
    decisions = [{"layer": "output", "ruled": [note]}]
    shown = row(entry({"decisions": decisions, "action": "flag"}), "en", {})
    assert (shown["rules"], shown["noted"]) == ([], "claim.no_source")
    found = [{"layer": "output", "ruled": [*RULED, note]}]
    assert row(entry({"decisions": found, "action": "mask"}), "en", {})["noted"] == ""


def test_a_topic_by_examples_shows_its_level_alone() -> None:
    """ "high 0.237" told an editor two things that contradict each other."""
    assert shown_score("category.loans", 0.237) == ""
    assert shown_score("hazard.fraud", 0.93) == 0.93
