"""Every door of the model API, streamed and not, through official clients: guarded in all channels.

The table API x mode x channel has no empty cell: each cell is one case here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.e2e.support.running import Running

ID, MOBILE = "11010519491231002X", "13812345678"
TEXT = f"我的身份证是{ID}，手机{MOBILE}。"
MODEL = "deepseek-r1"
TOOL = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
ASK_TOOL = f"Look up with the tool: {TEXT}"

Said = dict[str, str]


CLIENTS: list[openai.OpenAI | anthropic.Anthropic] = []


@cache
def openai_client(url: str) -> openai.OpenAI:
    made = openai.OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0)
    CLIENTS.append(made)
    return made


@cache
def anthropic_client(url: str) -> anthropic.Anthropic:
    made = anthropic.Anthropic(base_url=url, api_key="x", max_retries=0)
    CLIENTS.append(made)
    return made


def close_clients() -> None:
    openai_client.cache_clear()
    anthropic_client.cache_clear()
    while CLIENTS:
        CLIENTS.pop().close()


@pytest.fixture(autouse=True, scope="module")
def _close_clients() -> Iterator[None]:
    yield
    close_clients()


def chat(url: str, text: str, stream: bool, tools: bool) -> Said:
    client = openai_client(url)
    offered = [{"type": "function", "function": {"name": "lookup", "parameters": TOOL}}]
    answer = client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": text}],
        stream=stream,
        **({"tools": offered} if tools else {}),
    )
    if not stream:
        message = answer.choices[0].message
        calls = message.tool_calls or []
        return {
            "content": message.content or "",
            "reasoning": getattr(message, "reasoning_content", "") or "",
            "tool_arguments": "".join(c.function.arguments for c in calls),
        }
    said = {"content": "", "reasoning": "", "tool_arguments": ""}
    for chunk in answer:
        for choice in chunk.choices:
            said["content"] += choice.delta.content or ""
            said["reasoning"] += getattr(choice.delta, "reasoning_content", "") or ""
            for call in choice.delta.tool_calls or ():
                said["tool_arguments"] += call.function.arguments or ""
    return said


def completions(url: str, text: str, stream: bool, tools: bool) -> Said:
    client = openai_client(url)
    answer = client.completions.create(model=MODEL, prompt=text, stream=stream)
    parts = answer if stream else [answer]
    return {"content": "".join(c.text or "" for part in parts for c in part.choices)}


def responses(url: str, text: str, stream: bool, tools: bool) -> Said:
    client = openai_client(url)
    offered = [{"type": "function", "name": "lookup", "parameters": TOOL, "strict": False}]
    answer = client.responses.create(
        model=MODEL, input=text, stream=stream, **({"tools": offered} if tools else {})
    )
    if stream:
        events = list(answer)
        deltas = "".join(e.delta for e in events if e.type == "response.output_text.delta")
        answer = events[-1].response
        assert answer.output_text == deltas
    calls = [o for o in answer.output if o.type == "function_call"]
    thoughts = [o for o in answer.output if o.type == "reasoning"]
    return {
        "content": answer.output_text,
        "reasoning": json.dumps([t.model_dump() for t in thoughts], ensure_ascii=False),
        "tool_arguments": "".join(c.arguments for c in calls),
    }


def messages(url: str, text: str, stream: bool, tools: bool) -> Said:
    client = anthropic_client(url)
    offered = [{"name": "lookup", "input_schema": TOOL}]
    asked: dict[str, Any] = {
        "model": MODEL,
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": text}],
        **({"tools": offered} if tools else {}),
    }
    if stream:
        with client.messages.stream(**asked) as events:
            answer = events.get_final_message()
    else:
        answer = client.messages.create(**asked)
    blocks = answer.content
    calls = [b.input for b in blocks if b.type == "tool_use"]
    return {
        "content": "".join(b.text for b in blocks if b.type == "text"),
        "reasoning": "".join(b.thinking for b in blocks if b.type == "thinking"),
        "tool_arguments": json.dumps(calls, ensure_ascii=False) if calls else "",
    }


Door = Callable[[str, str, bool, bool], Said]
DOORS: dict[str, Door] = {
    "chat": chat,
    "completions": completions,
    "responses": responses,
    "messages": messages,
}
CHANNELS = {
    "chat": ("content", "reasoning", "tool_arguments"),
    "completions": ("content",),
    "responses": ("content", "reasoning", "tool_arguments"),
    "messages": ("content", "reasoning", "tool_arguments"),
}
CELLS = [(door, channel) for door, channels in CHANNELS.items() for channel in channels]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("door", "channel"), CELLS)
def test_masked_on_the_way_in_and_restored_on_the_way_out(
    guarded: Running, door: str, channel: str, stream: bool
) -> None:
    tools = channel == "tool_arguments"
    said = DOORS[door](guarded.url, ASK_TOOL if tools else TEXT, stream, tools)
    sent = json.dumps(guarded.demo.received[-1].body, ensure_ascii=False)
    assert ID not in sent
    assert MOBILE not in sent
    assert ID in said[channel]
    assert MOBILE in said[channel]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("door", DOORS)
def test_with_policy_off_every_door_is_equal_to_direct(
    unguarded: Running, door: str, stream: bool
) -> None:
    for tools in (False, True):
        through = DOORS[door](unguarded.url, ASK_TOOL, stream, tools)
        assert through == DOORS[door](unguarded.direct, ASK_TOOL, stream, tools)


def test_embeddings_see_masked_text(guarded: Running) -> None:
    client = openai_client(guarded.url)
    answer = client.embeddings.create(model="demo-embed", input=[TEXT, "plain"])
    assert len(answer.data) == 2
    assert ID not in json.dumps(guarded.demo.received[-1].body, ensure_ascii=False)


def test_balance_passes_because_the_pack_says_so(guarded: Running) -> None:
    assert httpx.get(f"{guarded.url}/user/balance").json()["is_available"] is True


CLOSED = [
    *("/v1/files", "/v1/files/f-1/content", "/v1/uploads", "/v1/batches", "/v1/messages/batches"),
    *("/v1/responses/resp_1", "/v1/responses/resp_1/cancel", "/v1/messages/msg_1"),
    *("/v1/chat/completions/c-1", "/v1/audio/speech", "/v1/audio/transcriptions"),
    *("/v1/images/generations", "/v1/fine_tuning/jobs", "/v1/assistants", "/v1/vector_stores"),
    *("/v1/realtime", "/v1/x", "/generate", "/tokenize", "/pooling", "/v1/load_lora_adapter"),
]


@pytest.mark.parametrize("path", CLOSED)
def test_other_doors_are_closed(guarded: Running, path: str) -> None:
    before = list(guarded.demo.received)
    for method in ("POST", "GET", "DELETE"):
        reply = httpx.request(method, f"{guarded.url}{path}")
        assert reply.status_code == 404
        error = reply.json()["error"]
        anthropic = path.startswith("/v1/messages")
        assert error["type"] == ("not_found_error" if anthropic else "invalid_request_error")
        assert error.get("code", "unknown_path") == "unknown_path"
    assert "files, batches" in reply.json()["error"]["message"]
    assert list(guarded.demo.received) == before
