"""anthropic (Python): messages; a forced tool for the structured answer."""

from __future__ import annotations

import anthropic
from common import ASK, ASK_STRUCTURED, ASK_TOOL, BASE, BLOCKED, KEY, MODEL, SENT, run, shows

client = anthropic.Anthropic(base_url=BASE, api_key="any")
TOOL = {
    "name": "send_message",
    "input_schema": {
        "type": "object",
        "properties": {"to": {"type": "string"}},
        "required": ["to"],
    },
}
COMMON = {"model": MODEL, "max_tokens": 500}


def user(text: str) -> list:
    return [{"role": "user", "content": text}]


def text_of(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def plain() -> None:
    shows(text_of(client.messages.create(messages=user(ASK), **COMMON)))


def streamed() -> None:
    with client.messages.stream(messages=user(ASK), **COMMON) as stream:
        shows("".join(stream.text_stream))


def tools() -> None:
    messages = user(ASK_TOOL)
    made = client.messages.create(messages=messages, tools=[TOOL], **COMMON)
    (call,) = (block for block in made.content if block.type == "tool_use")
    shows(call.input["to"])
    result = {"type": "tool_result", "tool_use_id": call.id, "content": SENT}
    messages += [
        {"role": "assistant", "content": made.content},
        {"role": "user", "content": [result]},
    ]
    shows(text_of(client.messages.create(messages=messages, tools=[TOOL], **COMMON)))


def structured() -> None:
    wanted = {"type": "tool", "name": "send_message"}
    made = client.messages.create(
        messages=user(ASK_STRUCTURED), tools=[TOOL], tool_choice=wanted, **COMMON
    )
    (call,) = (block for block in made.content if block.type == "tool_use")
    shows(call.input["to"])


def blocked() -> None:
    made = client.messages.create(messages=user(KEY), **COMMON)
    assert made.stop_reason == "refusal"
    shows(text_of(made), BLOCKED)


def refused() -> None:
    wanted = {"type": "tool", "name": "send_message"}
    made = client.messages.create(messages=user(KEY), tools=[TOOL], tool_choice=wanted, **COMMON)
    assert made.stop_reason == "refusal"
    assert all(block.type == "text" for block in made.content)


run(
    plain=plain,
    streamed=streamed,
    tools=tools,
    structured=structured,
    blocked=blocked,
    refused=refused,
)
