"""openai-agents: over chat completions and, its default, over responses."""

from __future__ import annotations

import asyncio

import agents
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
    blocks,
    run,
    shows,
)
from pydantic import BaseModel

agents.set_tracing_disabled(True)
client = openai.AsyncOpenAI(base_url=OPENAI, api_key="any")
MODELS = (
    agents.OpenAIChatCompletionsModel(MODEL, client),
    agents.OpenAIResponsesModel(MODEL, client),
)
received: list[str] = []


class Contact(BaseModel):
    name: str
    phone: str


@agents.function_tool
def send_message(to: str) -> str:
    """Sends a message."""
    received.append(to)
    return SENT


def outputs(text: str, **more: object) -> list:
    made = (agents.Agent("assistant", model=model, **more) for model in MODELS)
    return [agents.Runner.run_sync(agent, text).final_output for agent in made]


def plain() -> None:
    for output in outputs(ASK):
        shows(output)


def streamed() -> None:
    async def pieces(model: object) -> str:
        result = agents.Runner.run_streamed(agents.Agent("assistant", model=model), ASK)
        found = [e.data.delta async for e in result.stream_events() if _is_text(e)]
        return "".join(found)

    for model in MODELS:
        shows(asyncio.run(pieces(model)))


def _is_text(event: object) -> bool:
    data = getattr(event, "data", None)
    return getattr(data, "type", "") == "response.output_text.delta"


def tools() -> None:
    received.clear()
    for output in outputs(ASK_TOOL, tools=[send_message]):
        shows(output)
    for to in received:
        shows(to)
    assert len(received) == len(MODELS)


def structured() -> None:
    for output in outputs(ASK_STRUCTURED, output_type=Contact):
        shows(output.phone)


def blocked() -> None:
    for output in outputs(KEY):
        shows(output, BLOCKED)


def refused() -> None:
    blocks(lambda: outputs(KEY, output_type=Contact)[0])


run(
    plain=plain,
    streamed=streamed,
    tools=tools,
    structured=structured,
    blocked=blocked,
    refused=refused,
)
