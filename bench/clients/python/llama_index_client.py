"""LlamaIndex: OpenAILike, the model class for OpenAI-compatible servers."""

from __future__ import annotations

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
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel

model = OpenAILike(
    model=MODEL, api_base=OPENAI, api_key="any", is_chat_model=True, is_function_calling_model=True
)


class Contact(BaseModel):
    """A contact."""

    name: str
    phone: str


def send_message(to: str) -> str:
    """Sends a message."""
    shows(to)
    return SENT


def plain() -> None:
    shows(model.chat([ChatMessage(role="user", content=ASK)]).message.content)


def streamed() -> None:
    chunks = model.stream_chat([ChatMessage(role="user", content=ASK)])
    shows("".join(chunk.delta or "" for chunk in chunks))


def tools() -> None:
    shows(model.predict_and_call([FunctionTool.from_defaults(send_message)], ASK_TOOL))


def structured() -> None:
    shows(model.as_structured_llm(Contact).complete(ASK_STRUCTURED).raw.phone)


def blocked() -> None:
    shows(model.chat([ChatMessage(role="user", content=KEY)]).message.content, BLOCKED)


def refused() -> None:
    blocks(lambda: model.as_structured_llm(Contact).complete(KEY).raw)


run(
    plain=plain,
    streamed=streamed,
    tools=tools,
    structured=structured,
    blocked=blocked,
    refused=refused,
)
