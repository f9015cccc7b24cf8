"""openai (Python): chat completions, and responses for the structured answer."""

from __future__ import annotations

import json

import openai
from common import (
    ASK,
    ASK_STRUCTURED,
    ASK_TOOL,
    BLOCKED,
    KEY,
    MODEL,
    OPENAI,
    SENT,
    TOOL,
    run,
    shows,
)
from pydantic import BaseModel

client = openai.OpenAI(base_url=OPENAI)  # with the key of OPENAI_API_KEY


class Contact(BaseModel):
    name: str
    phone: str


def user(text: str) -> list:
    return [{"role": "user", "content": text}]


def plain() -> None:
    made = client.chat.completions.create(model=MODEL, messages=user(ASK))
    shows(made.choices[0].message.content)


def streamed() -> None:
    stream = client.chat.completions.create(model=MODEL, messages=user(ASK), stream=True)
    shows("".join(c.choices[0].delta.content or "" for c in stream if c.choices))


def tools() -> None:
    messages = user(ASK_TOOL)
    made = client.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL])
    message = made.choices[0].message
    (call,) = message.tool_calls
    shows(json.loads(call.function.arguments)["to"])
    messages += [message, {"role": "tool", "tool_call_id": call.id, "content": SENT}]
    again = client.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL])
    shows(again.choices[0].message.content)


def structured() -> None:
    made = client.chat.completions.parse(
        model=MODEL, messages=user(ASK_STRUCTURED), response_format=Contact
    )
    shows(made.choices[0].message.parsed.phone)
    other = client.responses.parse(model=MODEL, input=ASK_STRUCTURED, text_format=Contact)
    shows(other.output_parsed.phone)


def blocked() -> None:
    made = client.chat.completions.create(model=MODEL, messages=user(KEY))
    shows(made.choices[0].message.content, BLOCKED)


def refused() -> None:
    made = client.chat.completions.parse(model=MODEL, messages=user(KEY), response_format=Contact)
    assert made.choices[0].message.parsed is None
    shows(made.choices[0].message.refusal, BLOCKED)


run(
    plain=plain,
    streamed=streamed,
    tools=tools,
    structured=structured,
    blocked=blocked,
    refused=refused,
)
