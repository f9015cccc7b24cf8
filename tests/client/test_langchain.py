"""The middleware in a real LangChain 1.x agent, with a model that plays a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from threegate import Guard

from tests.service.records import every_event

pytest.importorskip("langchain.agents")

from langchain.agents import create_agent
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from threegate.client.langchain import GuardMiddleware

MOBILE, KEY = "13917352846", "sk-proj-" + "a1B2c3D4" * 6
PLACEHOLDER = re.compile(r"\[MOBILE_[A-Z]+\]")


class Scripted(BaseChatModel):
    """Answers with what `script` makes of the messages; `seen` keeps those."""

    script: Callable[[list[BaseMessage]], AIMessage]
    seen: list[list[BaseMessage]] = []

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        self.seen.append(messages)
        return ChatResult(generations=[ChatGeneration(message=self.script(messages))])

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self


def placeholder(messages: list[BaseMessage]) -> str:
    return PLACEHOLDER.findall(str(messages))[0]


def run(
    guard: Guard, script: Any, text: str, tools: Any = ()
) -> tuple[list[BaseMessage], Scripted]:
    model = Scripted(script=script, seen=[])
    agent = create_agent(
        model, list(tools), system_prompt="Be kind.", middleware=[GuardMiddleware(guard)]
    )
    state = agent.invoke({"messages": [HumanMessage(text)]})
    return state["messages"], model


def test_the_model_sees_placeholders_and_the_user_the_values(guard: Guard) -> None:
    messages, model = run(
        guard, lambda m: AIMessage(f"I rang {placeholder(m)}. Key: {KEY}"), f"Ring {MOBILE}."
    )
    assert MOBILE not in str(model.seen)
    assert messages[0].content == f"Ring {MOBILE}."
    assert messages[-1].content == f"I rang {MOBILE}. Key: [secret removed]"


def test_tools_get_the_values_and_what_they_return_is_judged(guard: Guard) -> None:
    rung: list[str] = []

    def ring(number: str) -> str:
        """Ring a number."""
        rung.append(number)
        return f"{number} answered"

    def script(messages: list[BaseMessage]) -> AIMessage:
        if len(messages) > 2 and messages[-1].type == "tool":
            return AIMessage("Done.")
        call = {"name": "ring", "args": {"number": placeholder(messages)}, "id": "c1"}
        return AIMessage("", tool_calls=[call])

    messages, model = run(guard, script, f"Ring {MOBILE}.", [ring])
    assert rung == [MOBILE]
    assert MOBILE not in str(model.seen)
    assert messages[-1].content == "Done."


def test_a_stopped_request_never_reaches_the_model(guard: Guard) -> None:
    messages, model = run(guard, lambda m: AIMessage("hi"), "我不想活了")
    assert model.seen == []
    assert messages[-1].content
    assert messages[-1].response_metadata["threegate"]["action"] == "answer"


async def test_asynchronous_agents(local: Guard, local_var: Path) -> None:
    before = len(every_event(local_var))
    model = Scripted(script=lambda m: AIMessage(f"I rang {placeholder(m)}."), seen=[])
    agent = create_agent(model, [], middleware=[GuardMiddleware(local)])
    state = await agent.ainvoke({"messages": [HumanMessage(f"Ring {MOBILE}.")]})
    assert state["messages"][-1].content == f"I rang {MOBILE}."
    made = every_event(local_var)[before:]
    assert [(e["endpoint"], e["stage"]) for e in made] == [("library", "completed")] * 2
