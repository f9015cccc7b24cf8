"""Ordinary conversations through the whole proxy, without models: nothing but the named values
changes, and these come back."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from bench.ordinary.conversations import conversations
from bench.ordinary.placeholders import aligned, pairs
from bench.ordinary.run import run


def test_an_honest_person_notices_nothing() -> None:
    outcomes = asyncio.run(run(conversations(), classifiers="off", both_ways=False))
    assert {o.id: o.wrong for o in outcomes if o.wrong} == {}


def test_the_conversations_are_many_and_half_of_them_chinese() -> None:
    chosen = conversations()
    count = Counter(c.language for c in chosen)
    assert len({c.id for c in chosen}) == len(chosen) >= 170
    assert abs(count["en"] - count["zh"]) <= len(chosen) / 10
    answers = {
        c.id: "\n".join((*c.answer.contents, *(a for _, a in c.answer.calls))) for c in chosen
    }
    assert sum(any(v in answers[c.id] for v in c.masked) for c in chosen) >= 50


@pytest.mark.parametrize(
    ("sent", "received", "found"),
    [
        ("a", "a", []),
        ("tel 123!", "tel [PHONE_BCDF]!", [("123", "[PHONE_BCDF]")]),
        ("k=x", "k=[secret removed]", [("x", "[secret removed]")]),
        ("tel 123!", "tell [PHONE_BCDF]!", None),
        ("a", "b", None),
    ],
)
def test_what_stands_for_a_value(
    sent: str, received: str, found: list[tuple[str, str]] | None
) -> None:
    assert aligned(sent, received) == found


def test_texts_of_two_bodies_stand_side_by_side() -> None:
    sent = {"b": ["x", 1], "a": {"arguments": '{"p": 7}'}, "c": '{"n": 7}'}
    received = {"b": ["y", 1], "a": {"arguments": '{"p": "[M_BCDF]"}'}, "c": '{"n": [M_BCDF]}'}
    assert list(pairs(sent, received)) == [
        ("7", "[M_BCDF]"),
        ("x", "y"),
        ("1", "1"),
        ('{"n": 7}', '{"n": [M_BCDF]}'),
    ]
