"""The demo upstream answers the official clients, unmodified, on a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator

import anthropic
import httpx
import openai
import pytest
from threegate.testing.upstream import DemoUpstream

from tests.serving import serve

TOOL = {
    "type": "object",
    "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}},
    "required": ["query"],
}
ASK = [{"role": "user", "content": "请用工具查一下：手机13800138000"}]


@pytest.fixture(scope="module")
def upstream() -> DemoUpstream:
    return DemoUpstream()


@pytest.fixture(scope="module")
def base(upstream: DemoUpstream) -> Iterator[str]:
    with serve(upstream.app) as url:
        yield url


@pytest.fixture
def client(base: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{base}/v1", api_key="sk-demo", max_retries=0) as client:
        yield client


@pytest.fixture
def claude(base: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=base, api_key="sk-demo", max_retries=0) as client:
        yield client


def test_chat_answers_with_reasoning_then_an_echo(client: openai.OpenAI) -> None:
    made = client.chat.completions.create(
        model="deepseek-r1", messages=[{"role": "user", "content": "你好"}], n=2, logprobs=True
    )
    assert len(made.choices) == 2
    assert "你好" in (made.choices[1].message.content or "")
    assert "你好" in made.choices[0].message.reasoning_content  # type: ignore[attr-defined]
    assert made.choices[0].logprobs is not None
    assert made.usage is not None
    assert made.usage.total_tokens > 0


@pytest.mark.parametrize("mode", ["reasoning_content", "reasoning", "think", "open", "none"])
def test_chat_streams_what_it_answers(client: openai.OpenAI, mode: str) -> None:
    ask = [{"role": "user", "content": f"hello [demo: reasoning={mode}]"}]
    whole = client.chat.completions.create(model="r1", messages=ask)
    stream = client.chat.completions.create(
        model="r1", messages=ask, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    content = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert content == whole.choices[0].message.content
    assert ("<think>" in content) is (mode == "think")
    assert ("</think>" in content) is (mode in ("think", "open"))
    assert chunks[-1].usage is not None
    assert chunks[-2].choices[0].finish_reason == "stop"


def test_chat_calls_a_tool_and_reads_its_result(client: openai.OpenAI) -> None:
    tools = [{"type": "function", "function": {"name": "search_kb", "parameters": TOOL}}]
    made = client.chat.completions.create(model="r1", messages=ASK, tools=tools)
    call = made.choices[0].message.tool_calls[0]
    assert made.choices[0].finish_reason == "tool_calls"
    assert "13800138000" in json.loads(call.function.arguments)["query"]
    turn = made.choices[0].message.model_dump(exclude_none=True)
    result = {"role": "tool", "tool_call_id": call.id, "content": "库存3件"}
    after = client.chat.completions.create(model="r1", messages=[*ASK, turn, result], tools=tools)
    assert "库存3件" in after.choices[0].message.content


def test_streamed_tool_arguments_are_the_same_json_when_escaped(client: openai.OpenAI) -> None:
    tools = [{"type": "function", "function": {"name": "search_kb", "parameters": TOOL}}]
    ask = [{"role": "user", "content": "查询杭州 [demo: escape]"}]
    stream = client.chat.completions.create(model="r1", messages=ask, tools=tools, stream=True)
    calls = [c for chunk in stream for c in chunk.choices[0].delta.tool_calls or ()]
    text = "".join(c.function.arguments or "" for c in calls)
    assert "\\u" in text
    assert json.loads(text)["query"] == "查询杭州"


def test_completions_with_suffix(client: openai.OpenAI) -> None:
    made = client.completions.create(model="r1", prompt="def f(", suffix="return 1")
    assert "def f(" in made.choices[0].text
    pieces = client.completions.create(model="r1", prompt="def f(", suffix="return 1", stream=True)
    assert "".join(p.choices[0].text for p in pieces) == made.choices[0].text


def test_responses_whole_and_streamed(client: openai.OpenAI) -> None:
    whole = client.responses.create(model="r1", input="hello", instructions="Be brief.")
    assert "hello" in whole.output_text
    with client.responses.stream(model="r1", input="hello") as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert final.output_text == whole.output_text


def test_responses_call_a_function(client: openai.OpenAI) -> None:
    tool = {"type": "function", "name": "search_kb", "parameters": TOOL, "strict": False}
    made = client.responses.create(model="r1", input=ASK, tools=[tool])
    assert made.output[-1].type == "function_call"
    assert "13800138000" in json.loads(made.output[-1].arguments)["query"]


def test_messages_whole_and_streamed(claude: anthropic.Anthropic) -> None:
    ask = [{"role": "user", "content": "hello"}]
    whole = claude.messages.create(model="r1", max_tokens=99, messages=ask)
    assert [b.type for b in whole.content] == ["thinking", "text"]
    with claude.messages.stream(model="r1", max_tokens=99, messages=ask) as stream:
        final = stream.get_final_message()
    assert final.content[1].text == whole.content[1].text
    assert final.content[0].thinking == whole.content[0].thinking
    assert final.usage.output_tokens == whole.usage.output_tokens


def test_messages_use_a_tool_also_below_the_deepseek_path(base: str) -> None:
    tool = {"name": "search_kb", "input_schema": TOOL}
    with anthropic.Anthropic(base_url=f"{base}/anthropic", api_key="k") as claude:  # noqa: SIM117
        with claude.messages.stream(model="r1", max_tokens=9, messages=ASK, tools=[tool]) as stream:
            final = stream.get_final_message()
    assert final.stop_reason == "tool_use"
    assert "13800138000" in final.content[-1].input["query"]


def test_embeddings_models_and_balance(client: openai.OpenAI, base: str) -> None:
    made = client.embeddings.create(
        model="demo-embed", input=["a", "你好"], encoding_format="float"
    )
    assert len(made.data) == 2
    assert made.data[0].embedding != made.data[1].embedding
    assert "deepseek-r1" in [model.id for model in client.models.list()]
    assert httpx.get(f"{base}/user/balance").json()["is_available"] is True


def test_received_is_kept_and_shown_without_keys(
    client: openai.OpenAI, base: str, upstream: DemoUpstream
) -> None:
    ask = [{"role": "user", "content": "remember me"}]
    client.chat.completions.create(model="r1", messages=ask)
    assert upstream.received[-1].headers["authorization"] == "Bearer sk-demo"
    shown = httpx.get(f"{base}/demo/received").json()[-1]
    assert shown["body"]["messages"] == ask
    assert shown["headers"]["authorization"] == "***"
