"""LiteLLM: the library as a client."""

from __future__ import annotations

import json

import litellm
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


class Contact(BaseModel):
    name: str
    phone: str


def asked(messages: list, **more: object) -> object:
    return litellm.completion(
        model=f"openai/{MODEL}", api_base=OPENAI, api_key="any", messages=messages, **more
    )


def user(text: str) -> list:
    return [{"role": "user", "content": text}]


def plain() -> None:
    shows(asked(user(ASK)).choices[0].message.content)


def streamed() -> None:
    chunks = asked(user(ASK), stream=True)
    shows("".join(chunk.choices[0].delta.content or "" for chunk in chunks))


def tools() -> None:
    messages = user(ASK_TOOL)
    message = asked(messages, tools=[TOOL]).choices[0].message
    (call,) = message.tool_calls
    shows(json.loads(call.function.arguments)["to"])
    messages += [message, {"role": "tool", "tool_call_id": call.id, "content": SENT}]
    shows(asked(messages, tools=[TOOL]).choices[0].message.content)


def structured() -> None:
    made = asked(user(ASK_STRUCTURED), response_format=Contact)
    shows(Contact.model_validate_json(made.choices[0].message.content).phone)


def blocked() -> None:
    shows(asked(user(KEY)).choices[0].message.content, BLOCKED)


def refused() -> None:
    message = asked(user(KEY), response_format=Contact).choices[0].message
    assert not message.content
    assert BLOCKED in str(message)


run(
    plain=plain,
    streamed=streamed,
    tools=tools,
    structured=structured,
    blocked=blocked,
    refused=refused,
)
