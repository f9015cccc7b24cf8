from __future__ import annotations

from typing import Any

import pytest
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Placement
from threegate.wire.openai.chat_request import place_in_messages, prefixed

CHAT = ADAPTERS[0]
REQUEST: dict[str, Any] = {
    "model": "r1-pro",
    "stream": True,
    "n": 2,
    "user": "u-1",
    "stop": ["END", "\n"],
    "metadata": {"type": "vip"},
    "logit_bias": {"50256": -100},
    "prediction": {"type": "content", "content": "guess"},
    "response_format": {"type": "json_schema", "json_schema": {"name": "s", "description": "d"}},
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "find",
                "description": "Finds",
                "parameters": {
                    "type": "object",
                    "properties": {"q": {"enum": ["a"], "default": "b"}},
                },
            },
        }
    ],
    "functions": [{"name": "old", "parameters": {}}],
    "tool_choice": {"type": "function", "function": {"name": "find"}},
    "unknown_field": {"deep": ["text"]},
    "messages": [
        {"role": "developer", "content": "dev", "name": "boss"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "hi"}, {"type": "input_text", "text": "yo"}],
        },
        {
            "role": "assistant",
            "content": "<think>t</think>a",
            "refusal": "no",
            "reasoning_content": "r",
            "prefix": True,
            "tool_calls": [
                {
                    "id": "1",
                    "type": "function",
                    "function": {"name": "find", "arguments": '{"q": "x"}'},
                }
            ],
            "function_call": {"name": "old", "arguments": "free text"},
        },
        {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "result"}]},
        {"role": "function", "name": "old", "content": "result 2"},
        {"role": "stranger", "content": "who"},
    ],
}


def test_every_text_has_its_channel() -> None:
    found = {s.pointer: (str(s.locus.channel), s.text) for s in CHAT.request_slots(REQUEST)}
    assert found == {
        "/messages/0/content": ("system", "dev"),
        "/messages/0/name": ("system", "boss"),
        "/messages/1/content/0/text": ("user", "hi"),
        "/messages/1/content/1/text": ("user", "yo"),
        "/messages/2/content": ("assistant", "<think>t</think>a"),
        "/messages/2/refusal": ("assistant", "no"),
        "/messages/2/reasoning_content": ("assistant", "r"),
        "/messages/2/tool_calls/0/function/name": ("tool_arguments", "find"),
        "/messages/2/tool_calls/0/function/arguments#json": ("tool_arguments", '{"q": "x"}'),
        "/messages/2/function_call/name": ("tool_arguments", "old"),
        "/messages/2/function_call/arguments": ("tool_arguments", "free text"),
        "/messages/3/content/0/text": ("tool_result", "result"),
        "/messages/4/name": ("tool_result", "old"),
        "/messages/4/content": ("tool_result", "result 2"),
        "/messages/5/content": ("user", "who"),
        "/tools/0/function/name": ("system", "find"),
        "/tools/0/function/description": ("system", "Finds"),
        "/tools/0/function/parameters/properties/q/enum/0": ("system", "a"),
        "/tools/0/function/parameters/properties/q/default": ("system", "b"),
        "/functions/0/name": ("system", "old"),
        "/response_format/json_schema/name": ("system", "s"),
        "/response_format/json_schema/description": ("system", "d"),
        "/user": ("user", "u-1"),
        "/stop/0": ("user", "END"),
        "/stop/1": ("user", "\n"),
        "/metadata/type": ("user", "vip"),
        "/prediction/content": ("user", "guess"),
        "/tool_choice/function/name": ("user", "find"),
        "/unknown_field/deep/0": ("user", "text"),
    }
    loci = {s.pointer: s.locus for s in CHAT.request_slots(REQUEST)}
    assert loci["/messages/3/content/0/text"].message == 3
    assert loci["/messages/3/content/0/text"].part == "/content/0/text"
    assert loci["/user"].message is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": None},
        {"messages": "x"},
        {"messages": [None, 1, "x"]},
        {"messages": [{"role": []}]},
    ],
)
def test_odd_bodies_do_not_break_the_walk(body: dict[str, Any]) -> None:
    assert isinstance(CHAT.request_slots(body), tuple)


@pytest.mark.parametrize("role", ["tool", "function", "ipython", "observation"])
def test_what_a_tool_returned_is_that_under_each_name_of_its_role(role: str) -> None:
    (slot,) = CHAT.request_slots({"messages": [{"role": role, "content": "x"}]})
    assert slot.locus.channel == "tool_result"


def test_a_message_that_is_no_object_is_still_text() -> None:
    assert [s.text for s in CHAT.request_slots({"messages": ["smuggled"]})] == ["smuggled"]
    assert [s.text for s in CHAT.request_slots({"messages": "smuggled"})] == ["smuggled"]


def test_the_constitution_is_joined_to_the_first_turn_of_its_role() -> None:
    made = CHAT.place_system(REQUEST, "Rules.", Placement.SYSTEM)["messages"]
    assert made[0] == {"role": "system", "content": "Rules.\n\ndev", "name": "boss"}
    made = CHAT.place_system(REQUEST, "Rules.", Placement.FIRST_USER)["messages"]
    assert made[1]["content"][0] == {"type": "text", "text": "Rules.\n\n"}
    assert REQUEST["messages"][0]["content"] == "dev"


def test_a_missing_turn_is_added_in_front() -> None:
    user = {"role": "user", "content": "hi"}
    system = {"role": "system", "content": "Rules."}
    assert place_in_messages([user], "Rules.", Placement.SYSTEM) == [system, user]
    made = place_in_messages([], "Rules.", Placement.FIRST_USER)
    assert made == [{"role": "user", "content": "Rules."}]
    assert prefixed(None, "Rules.") == "Rules."


@pytest.mark.parametrize(
    ("given", "where", "made"),
    [
        ("u s u", Placement.SYSTEM, "S u S+s u"),
        ("a u s", Placement.SYSTEM, "S a u S+s"),
        ("s u s u s u", Placement.SYSTEM, "S+s u s u S+s u"),
        ("d u", Placement.SYSTEM, "S+d u"),
        ("a u", Placement.FIRST_USER, "U a u"),
        ("s d u a", Placement.FIRST_USER, "s d U+u a"),
        ("s a s u", Placement.FIRST_USER, "s U a s u"),
    ],
)
def test_no_turn_precedes_or_displaces_the_constitution(
    given: str, where: Placement, made: str
) -> None:
    """Large letters: turns with the constitution, in front of what the client wrote."""
    roles = {"s": "system", "d": "developer", "u": "user", "a": "assistant"}
    turns = [{"role": roles[letter], "content": letter} for letter in given.split()]
    placed = place_in_messages(turns, "Rules.", where)
    shown = [
        turn["content"].replace("Rules.", turn["role"][0].upper()).replace("\n\n", "+")
        for turn in placed
    ]
    assert " ".join(shown) == made


def test_a_turn_with_tools_of_its_own_keeps_the_role_by_which_engines_find_them() -> None:
    turn = {"role": "developer", "content": "dev", "tools": []}
    named = {**turn, "tools": [{"type": "function", "function": {"name": "find"}}]}
    made = place_in_messages([named], "Rules.", Placement.SYSTEM)
    assert made == [{"role": "system", "content": "Rules."}, named]
    assert place_in_messages([turn], "Rules.", Placement.SYSTEM)[0]["role"] == "system"


def test_reasoning_leaves_the_history() -> None:
    message = CHAT.drop_reasoning_history(REQUEST)["messages"][2]
    assert "reasoning_content" not in message
    assert message["content"] == "a"
    assert message["tool_calls"] == REQUEST["messages"][2]["tool_calls"]


def test_what_the_constraint_layer_asks() -> None:
    assert CHAT.model(REQUEST) == "r1-pro"
    assert CHAT.streamed(REQUEST)
    assert not CHAT.streamed({"stream": "true"})
    assert CHAT.choices(REQUEST) == 2
    assert CHAT.choices({"n": "2"}) == 1
    assert CHAT.max_tokens_field({}) == "max_tokens"
    assert CHAT.max_tokens_field({"max_completion_tokens": 1}) == "max_completion_tokens"
