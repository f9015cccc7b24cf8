from __future__ import annotations

from typing import Any

import pytest
from threegate.testing import prompts

TOOL = {"name": "find", "parameters": {"p": 1}, "input_schema": {"p": 1}}


def test_chat() -> None:
    body = {
        "model": "m",
        "messages": [
            {"role": "system", "content": "sys"},
            {
                "role": "user",
                "content": [{"type": "text", "text": "hi [demo: reasoning=think, cut]"}],
            },
            {"role": "tool", "content": "found"},
        ],
        "tools": [{"type": "function", "function": TOOL}],
        "tool_choice": "required",
        "metadata": {"demo": "size=3, delay=0"},
    }
    made = prompts.from_chat(body)
    assert (made.model, made.system, made.question, made.tool_result) == ("m", "sys", "hi", "found")
    assert made.tools == (("find", {"p": 1}),)
    assert made.must_call
    assert made.options == {"reasoning": "think", "cut": "", "size": "3", "delay": "0"}


def test_messages() -> None:
    body = {
        "system": [{"type": "text", "text": "sys"}],
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [{"type": "tool_use"}]},
            {"role": "user", "content": [{"type": "tool_result", "content": "found"}]},
        ],
        "tools": [TOOL],
    }
    made = prompts.from_messages(body)
    assert (made.system, made.question, made.tool_result) == ("sys", "hi", "found")
    assert made.tools == (("find", {"p": 1}),)


def test_responses() -> None:
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "function_call_output", "output": "found"},
    ]
    made = prompts.from_responses({"input": items, "instructions": "sys"})
    assert (made.system, made.question, made.tool_result) == ("sys", "hi", "found")
    assert prompts.from_responses({"input": "hi"}).question == "hi"


def test_completions() -> None:
    assert prompts.from_completions({"prompt": "a", "suffix": "b"}).question == "a…b"
    assert prompts.from_completions({"prompt": ["a", "b"]}).question == "a\nb"


def test_empty_bodies_are_prompts_too() -> None:
    for read in (
        prompts.from_chat,
        prompts.from_messages,
        prompts.from_responses,
        prompts.from_completions,
    ):
        assert read({}).question == ""


SCHEMA = {"type": "object", "properties": {"phone": {"type": "string"}}}


@pytest.mark.parametrize(
    ("read", "body", "schema"),
    [
        (prompts.from_chat, {"response_format": {"type": "json_object"}}, {}),
        (
            prompts.from_chat,
            {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}},
            SCHEMA,
        ),
        (
            prompts.from_responses,
            {"text": {"format": {"type": "json_schema", "schema": SCHEMA}}},
            SCHEMA,
        ),
        (prompts.from_chat, {"response_format": {"type": "text"}}, None),
        (prompts.from_chat, {"response_format": True}, None),
        (prompts.from_responses, {"text": [1]}, None),
        (prompts.from_chat, {}, None),
    ],
)
def test_the_format_of_the_answer(read: Any, body: dict[str, Any], schema: Any) -> None:
    assert read(body).answer_schema == schema
