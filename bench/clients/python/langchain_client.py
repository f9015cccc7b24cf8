"""LangChain: ChatOpenAI, with a tool loop by hand and `with_structured_output`."""

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
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

model = ChatOpenAI(base_url=OPENAI, api_key="any", model=MODEL)


class Contact(BaseModel):
    name: str
    phone: str


@tool
def send_message(to: str) -> str:
    """Sends a message."""
    shows(to)
    return SENT


def plain() -> None:
    shows(model.invoke(ASK).content)


def streamed() -> None:
    shows("".join(chunk.content for chunk in model.stream(ASK)))


def tools() -> None:
    armed = model.bind_tools([send_message])
    messages: list = [HumanMessage(ASK_TOOL)]
    answer = armed.invoke(messages)
    (call,) = answer.tool_calls
    messages += [answer, ToolMessage(send_message.invoke(call["args"]), tool_call_id=call["id"])]
    shows(armed.invoke(messages).content)


def structured() -> None:
    shows(model.with_structured_output(Contact).invoke(ASK_STRUCTURED).phone)


def blocked() -> None:
    shows(model.invoke(KEY).content, BLOCKED)
    shows("".join(chunk.content for chunk in model.stream(KEY)), BLOCKED)


def refused() -> None:
    blocks(lambda: model.with_structured_output(Contact).invoke(KEY))


run(
    plain=plain,
    streamed=streamed,
    tools=tools,
    structured=structured,
    blocked=blocked,
    refused=refused,
)
