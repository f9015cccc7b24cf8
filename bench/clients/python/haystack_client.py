"""haystack: OpenAIChatGenerator, and its Agent for tools."""

from __future__ import annotations

from common import ASK, ASK_STRUCTURED, ASK_TOOL, BLOCKED, KEY, MODEL, OPENAI, SENT, run, shows
from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.tools import tool
from haystack.utils import Secret
from pydantic import BaseModel

received: list[str] = []


class Contact(BaseModel):
    name: str
    phone: str


@tool
def send_message(to: str) -> str:
    """Sends a message."""
    received.append(to)
    return SENT


def generator(**more: object) -> OpenAIChatGenerator:
    return OpenAIChatGenerator(
        model=MODEL, api_base_url=OPENAI, api_key=Secret.from_token("any"), **more
    )


def asked(text: str, **more: object) -> ChatMessage:
    return generator(**more).run([ChatMessage.from_user(text)])["replies"][0]


def plain() -> None:
    shows(asked(ASK).text)


def streamed() -> None:
    pieces: list[str] = []
    asked(ASK, streaming_callback=lambda chunk: pieces.append(chunk.content or ""))
    shows("".join(pieces))


def tools() -> None:
    agent = Agent(chat_generator=generator(), tools=[send_message])
    shows(agent.run(messages=[ChatMessage.from_user(ASK_TOOL)])["messages"][-1].text)
    (to,) = received
    shows(to)


def structured() -> None:
    made = asked(ASK_STRUCTURED, generation_kwargs={"response_format": Contact})
    shows(Contact.model_validate_json(made.text).phone)


def blocked() -> None:
    shows(asked(KEY).text, BLOCKED)


run(plain=plain, streamed=streamed, tools=tools, structured=structured, blocked=blocked)
