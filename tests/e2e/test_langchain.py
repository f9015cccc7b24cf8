"""LangChain in front of the guard: as without it when the policy is off, guarded when it is on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from tests.e2e.support.running import Running

ID, MOBILE = "11010519491231002X", "13812345678"


@tool
def lookup(text: str) -> str:
    """Looks a text up."""
    return f"nothing about {text}"


@contextmanager
def chain(url: str) -> Iterator[ChatOpenAI]:
    """With an HTTP client of its own, which is closed: LangChain leaves its to the collector."""
    with httpx.Client() as http:
        yield ChatOpenAI(
            base_url=f"{url}/v1",
            api_key="x",
            model="deepseek-r1",
            max_retries=0,
            stream_usage=True,
            http_client=http,
        )  # type: ignore[call-arg]


TEXT = f"我的身份证是{ID}，手机{MOBILE}。"
SCENES: dict[str, list[Any]] = {
    "plain": [HumanMessage("Hello there")],
    "system": [SystemMessage("Be short."), HumanMessage(TEXT)],
    "turns": [HumanMessage("hello"), AIMessage("Hi."), HumanMessage(TEXT)],
    "result": [
        HumanMessage(TEXT),
        AIMessage("", tool_calls=[{"name": "lookup", "args": {"text": ID}, "id": "call_1"}]),
        ToolMessage(f"It is {MOBILE}.", tool_call_id="call_1"),
    ],
}


def _made(model: ChatOpenAI, scene: str, mode: str) -> Any:
    if mode == "tools":
        return model.bind_tools([lookup]).invoke([HumanMessage(f"Look up with the tool: {TEXT}")])
    if mode == "whole":
        return model.invoke(SCENES[scene])
    made, *parts = model.stream(SCENES[scene])
    for part in parts:
        made = made + part
    return made


def langchain_said(url: str, scene: str, mode: str) -> tuple[Any, ...]:
    with chain(url) as model:
        made = _made(model, scene, mode)
    calls = [(c["name"], c["args"]) for c in made.tool_calls]
    return made.content, calls, made.usage_metadata, made.response_metadata.get("finish_reason")


CASES = [(s, m) for s in SCENES for m in ("whole", "stream")] + [("plain", "tools")]


@pytest.mark.parametrize(("scene", "mode"), CASES)
def test_langchain_is_the_same_with_the_policy_off(
    unguarded: Running, scene: str, mode: str
) -> None:
    through = langchain_said(unguarded.url, scene, mode)
    assert through == langchain_said(unguarded.direct, scene, mode)
    assert through[0] or through[1]


@pytest.mark.parametrize(("scene", "mode"), CASES)
def test_langchain_is_guarded_with_the_policy_on(guarded: Running, scene: str, mode: str) -> None:
    guarded.demo.received.clear()
    content, calls, usage, _ = langchain_said(guarded.url, scene, mode)
    sent = json.dumps([r.body for r in guarded.demo.received], ensure_ascii=False)
    assert "deepseek-r1" in sent
    assert ID not in sent
    assert MOBILE not in sent
    assert usage["output_tokens"] > 0
    if scene in ("system", "turns"):
        assert ID in content
    if mode == "tools":
        assert ID in calls[0][1]["text"]
