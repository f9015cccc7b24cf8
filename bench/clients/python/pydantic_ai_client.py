"""pydantic-ai: an agent over chat completions."""

from __future__ import annotations

import asyncio

from common import (
    ASK,
    ASK_STRUCTURED,
    ASK_TOOL,
    KEY,
    MODEL,
    OPENAI,
    SENT,
    blocks,
    run,
    shows,
)
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

model = OpenAIChatModel(MODEL, provider=OpenAIProvider(base_url=OPENAI, api_key="any"))
received: list[str] = []


class Contact(BaseModel):
    name: str
    phone: str


def send_message(to: str) -> str:
    """Sends a message."""
    received.append(to)
    return SENT


def plain() -> None:
    shows(Agent(model).run_sync(ASK).output)


def streamed() -> None:
    async def pieces() -> str:
        async with Agent(model).run_stream(ASK) as stream:
            return "".join([text async for text in stream.stream_text(delta=True)])

    shows(asyncio.run(pieces()))


def tools() -> None:
    received.clear()
    shows(Agent(model, tools=[send_message]).run_sync(ASK_TOOL).output)
    (to,) = received
    shows(to)


def structured() -> None:
    shows(Agent(model, output_type=Contact).run_sync(ASK_STRUCTURED).output.phone)


def blocked() -> None:
    blocks(lambda: Agent(model).run_sync(KEY).output)


def refused() -> None:
    blocks(lambda: Agent(model, output_type=Contact).run_sync(KEY).output)


run(
    plain=plain,
    streamed=streamed,
    tools=tools,
    structured=structured,
    blocked=blocked,
    refused=refused,
)
