"""LangGraph: the prebuilt ReAct agent."""

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
    run,
    shows,
)
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.prebuilt import create_react_agent
from pydantic import BaseModel

model = ChatOpenAI(base_url=OPENAI, api_key="any", model=MODEL)
received: list[str] = []


class Contact(BaseModel):
    name: str
    phone: str


@tool
def send_message(to: str) -> str:
    """Sends a message."""
    received.append(to)
    return SENT


agent = create_react_agent(model, [send_message])


def asked(text: str, used: object = agent) -> dict:
    return used.invoke({"messages": [("user", text)]})


def plain() -> None:
    shows(asked(ASK)["messages"][-1].content)


def streamed() -> None:
    chunks = agent.stream({"messages": [("user", ASK)]}, stream_mode="messages")
    shows("".join(str(chunk.content) for chunk, _ in chunks))


def tools() -> None:
    received.clear()
    shows(asked(ASK_TOOL)["messages"][-1].content)
    (to,) = received
    shows(to)


def structured() -> None:
    formatting = create_react_agent(model, [], response_format=Contact)
    shows(asked(ASK_STRUCTURED, formatting)["structured_response"].phone)


def blocked() -> None:
    received.clear()
    shows(asked(KEY)["messages"][-1].content, BLOCKED)
    assert received == []


run(plain=plain, streamed=streamed, tools=tools, structured=structured, blocked=blocked)
