"""What a request says about itself."""

from __future__ import annotations

import pytest
from threegate.gateway.request.request_context import (
    conversation_of,
    counted_by,
    language_of,
    last_question,
    sources_of,
    with_provenance,
)
from threegate.policy.model import Claims, Knowledge
from threegate.types import Caller, Channel, Layer, TextLocation
from threegate.wire.adapter import Slot

LONG = "A long document that claims may rest on, with all its sentences. " * 3


def slot(
    text: str, channel: Channel = Channel.USER, message: int | None = 0, pointer: str = "/m"
) -> Slot:
    return Slot(TextLocation(Layer.INPUT, channel, message), pointer, text)


@pytest.mark.parametrize(
    ("text", "language"),
    [("你好，请问 API 怎么用？", "zh"), ("How do I say 你好?", "zh"), ("Hello", "en"), ("", "en"),
     ("A very long English question about the one word 好 in it", "en"),
     ("㐀龿", "zh"), ("こんにちは", "en"), ("übel 你", "zh"), ("😀 hi", "en")],
)  # fmt: skip
def test_language(text: str, language: str) -> None:
    assert (
        language_of([slot("其他内容，不算数", message=0), slot(text or " ", message=1)][1:])
        == language
    )


def test_the_last_turn_of_the_user_is_the_question() -> None:
    turns = [slot("first", message=0), slot("a", Channel.ASSISTANT, 1), slot("last", message=2)]
    assert last_question([*turns, slot("and more", message=2), slot("user-7", message=None)]) == (
        "last\nand more"
    )
    assert last_question([slot("prompt", message=None)]) == "prompt"
    assert last_question([slot("  ", message=0)]) == ""


def test_retrieved_text_is_no_word_of_the_user() -> None:
    (document, own) = with_provenance([slot("d", pointer="/documents/0/text"), slot("u")])
    assert document.locus.channel is Channel.TOOL_RESULT
    assert own.locus.channel is Channel.USER


def test_a_conversation_keeps_its_name_and_nobody_elses() -> None:
    first, later = [slot("hello")], [slot("hello"), slot("and?", message=2)]
    me, other = Caller(key_id="a"), Caller(key_id="b")
    assert conversation_of({}, first, me) == conversation_of({}, later, me)
    assert conversation_of({}, first, me) != conversation_of({}, first, other)
    given = {"x-conversation-id": "c-1"}
    assert conversation_of(given, first, me) == conversation_of(given, [slot("x")], me)
    assert "hello" not in conversation_of({}, first, me)


def test_sources_are_those_that_a_rule_counts() -> None:
    slots = [
        slot("short question"),
        slot(LONG, message=1, pointer="/u"),
        slot("from a tool", Channel.TOOL_RESULT, 2, "/t"),
        slot("a document", Channel.TOOL_RESULT, None, "/documents/0"),
    ]
    assert sources_of(slots, (), ()) == ()

    def named(*wanted: str) -> list[str]:
        known = (Knowledge("faq/hours", "known"), Knowledge("faq2/prices", "known"))
        return [s.id for s in sources_of(slots, known, [Claims(sources=wanted)])]

    assert named("user", "tool_result") == ["user:/u", "tool_result:/t"]
    assert named("context") == ["context:/documents/0"]
    assert named("knowledge") == ["faq/hours", "faq2/prices"]
    assert named("knowledge/faq") == ["faq/hours"]


def test_checks_that_count_different_sources_are_told_apart() -> None:
    plans, call = Claims(sources=("knowledge/plans",)), Claims(sources=("user", "context"))
    assert counted_by([plans, plans]) == ()
    assert counted_by([plans, call]) == ({"context", "user"}, {"knowledge/plans"})
    known = (Knowledge("plans/prices", "known"), Knowledge("faq/hours", "known"))
    found = sources_of([slot(LONG, pointer="/u")], known, [plans, call])
    assert [(s.id, s.names) for s in found] == [
        ("user:/u", {"user"}),
        ("plans/prices", {"knowledge", "knowledge/plans"}),
    ]
