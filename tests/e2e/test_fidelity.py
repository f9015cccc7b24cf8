"""What clients of DeepSeek, vLLM and SGLang rely on goes through the guard unharmed, while every text
is checked. The answers here are bytes as those engines send them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from threegate.settings import UpstreamSettings

from tests.e2e.running import Running, proxy
from tests.gateway.shell import Heard

KEY = "sk-4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e"
ID, MOBILE = "11010519491231002X", "13812345678"
USAGE = {
    "prompt_tokens": 12,
    "completion_tokens": 9,
    "total_tokens": 21,
    "prompt_cache_hit_tokens": 8,
    "prompt_cache_miss_tokens": 4,
    "prompt_tokens_details": {"cached_tokens": 8},
    "completion_tokens_details": {"reasoning_tokens": 5},
}


def ask(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "deepseek-r1", "messages": [{"role": "user", "content": text}], **more}


def post(running: Running, text: str = "hello", **more: Any) -> httpx.Response:
    return httpx.post(f"{running.url}/v1/chat/completions", json=ask(text, **more), timeout=30)


def chunk(*choices: dict[str, Any], **more: Any) -> bytes:
    made = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "deepseek-r1"}
    return b"data: " + json.dumps({**made, "choices": choices, **more}).encode() + b"\n\n"


def delta(index: int = 0, reason: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"index": index, "delta": fields, "finish_reason": reason}


DONE = b"data: [DONE]\n\n"


def streamed(running: Running, *pieces: bytes, **how: Any) -> Heard:
    running.demo.play(pieces, **how)
    reply = post(running, stream=True)
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/event-stream")
    return Heard(reply.content)


def whole(running: Running, message: dict[str, Any], **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    body = {"id": "c1", "object": "chat.completion", "created": 1, "model": "deepseek-r1"}
    made = {**body, "choices": [choice], "usage": USAGE, **more}
    running.demo.play([json.dumps(made).encode()], media_type="application/json")
    reply: dict[str, Any] = post(running).json()
    return reply


def test_blank_lines_and_comments_while_the_model_waits(guarded: Running) -> None:
    assert post(guarded, "[demo: keepalive] hello").json()["choices"][0]["message"]["content"]
    reply = post(guarded, "[demo: keepalive] hello", stream=True)
    assert reply.content.count(b": keep-alive\n\n") >= 2
    assert Heard(reply.content).finish() == "stop"


def test_own_keep_alives_while_a_text_is_held(
    guarded: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open word is held until it ends; the client's line is kept alive meanwhile."""
    monkeypatch.setattr("threegate.gateway.stream.KEEP_ALIVE_S", 0.05)
    pieces = [chunk(delta(content="1381234")), chunk(delta(content="5678，好的。"))]
    end = chunk(delta(reason="stop")) + DONE
    heard = streamed(guarded, *pieces, end, pause=0.3)
    first = heard.data.find(b'"content"')
    assert b": keep-alive" in heard.data[:first]
    assert "好的。" in heard.text()


def test_usage_with_cache_and_reasoning_is_kept(guarded: Running) -> None:
    assert whole(guarded, {"content": "Hello."})["usage"] == USAGE
    heard = streamed(
        guarded,
        chunk(delta(content="Hello.")),
        chunk(delta(reason="stop"), usage=None),
        chunk(usage=USAGE),
        DONE,
    )
    assert heard.payloads()[-1]["usage"] == USAGE


REASONS = ["stop", "length", "content_filter", "tool_calls", "insufficient_system_resource", "new"]


@pytest.mark.parametrize("reason", REASONS)
def test_finish_reasons_are_kept(guarded: Running, reason: str) -> None:
    heard = streamed(guarded, chunk(delta(content="Hi.")), chunk(delta(reason=reason)), DONE)
    assert heard.finish() == reason
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": "Hi."},
        "finish_reason": reason,
    }
    assert whole(guarded, {}, choices=[choice])["choices"][0]["finish_reason"] == reason


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_reasoning_and_answer_in_one_delta(guarded: Running, name: str) -> None:
    """vLLM names it `reasoning`, DeepSeek and SGLang `reasoning_content`; both are guarded."""
    key = f"the key is {KEY} here. "
    heard = streamed(
        guarded,
        chunk(delta(role="assistant", content=None, **{name: ""})),
        chunk(delta(**{name: key})),
        chunk(delta(**{name: "so. "}, content="Hello. ")),
        chunk(delta(content=key)),
        chunk(delta(reason="stop")),
        DONE,
    )
    assert heard.text(name) == "the key is [secret removed] here. so. "
    assert heard.text() == "Hello. the key is [secret removed] here. "
    assert KEY.encode() not in heard.data


@pytest.mark.parametrize("stream", [False, True])
def test_choices_do_not_mix(guarded: Running, stream: bool) -> None:
    texts = [f"choice {i} says {KEY} ok." for i in range(3)]
    want = [f"choice {i} says [secret removed] ok." for i in range(3)]
    if stream:
        pieces = [
            chunk(*(delta(i, content=t[at : at + 5]) for i, t in enumerate(texts)))
            for at in range(0, len(texts[0]), 5)
        ]
        end = chunk(*(delta(i, reason="stop") for i in range(3)))
        heard = streamed(guarded, *pieces, end, DONE)
        said = [""] * 3
        for payload in heard.payloads():
            for choice in payload["choices"]:
                said[choice["index"]] += choice["delta"].get("content") or ""
    else:
        choices = [
            {"index": i, "message": {"role": "assistant", "content": t}, "finish_reason": "stop"}
            for i, t in enumerate(texts)
        ]
        body = whole(guarded, {}, choices=choices)
        said = [c["message"]["content"] for c in body["choices"]]
    assert said == want


def test_log_probabilities_stay_with_their_text_and_go_with_a_changed_one(
    guarded: Running,
) -> None:
    def tokens(text: str) -> dict[str, Any]:
        return {"content": [{"token": text, "logprob": -0.1, "bytes": None, "top_logprobs": []}]}

    def answer(text: str) -> dict[str, Any]:
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "logprobs": tokens(text),
            "finish_reason": "stop",
        }
        made: dict[str, Any] = whole(guarded, {}, choices=[choice])["choices"][0]
        return made

    assert answer("Hello.")["logprobs"] == tokens("Hello.")
    assert answer(f"It is {KEY}.")["logprobs"] is None


def test_parallel_tool_calls_in_fragments(guarded: Running) -> None:
    def call(index: int, **function: str) -> dict[str, Any]:
        head = {"id": f"call_{index}", "type": "function"} if "name" in function else {}
        return {"index": index, **head, "function": function}

    arguments = ['{"to": "a@b.example", "n": 1}', json.dumps({"key": KEY})]
    pieces = [chunk(delta(tool_calls=[call(i, name=f"f{i}", arguments="")])) for i in range(2)]
    for at in range(0, max(map(len, arguments)), 7):
        calls = [call(i, arguments=a[at : at + 7]) for i, a in enumerate(arguments) if a[at:]]
        pieces.append(chunk(delta(tool_calls=calls)))
    heard = streamed(guarded, *pieces, chunk(delta(reason="tool_calls")), DONE)
    said = ["", ""]
    names = {}
    for one in (c for d in heard.deltas() for c in d.get("tool_calls") or ()):
        said[one["index"]] += one["function"].get("arguments") or ""
        if name := one["function"].get("name"):
            names[one["index"]] = name
    assert names == {0: "f0", 1: "f1"}
    assert json.loads(said[1]) == {"key": "[secret removed]"}
    assert json.loads(said[0])["n"] == 1
    assert heard.finish() == "tool_calls"


def test_refusals_are_text_too(guarded: Running) -> None:
    heard = streamed(
        guarded,
        chunk(delta(role="assistant", content=None, refusal="I will not say ")),
        chunk(delta(refusal=f"{KEY} ever.")),
        chunk(delta(reason="stop")),
        DONE,
    )
    assert heard.text("refusal") == "I will not say [secret removed] ever."
    body = whole(guarded, {"content": None, "refusal": f"Not {KEY}."})
    assert body["choices"][0]["message"]["refusal"] == "Not [secret removed]."


def test_empty_deltas_and_unknown_fields_are_kept(guarded: Running) -> None:
    heard = streamed(
        guarded,
        chunk(delta(role="assistant", content="")),
        chunk(delta()),
        chunk(delta(content="Hi.", new_field=5), x_groq={"id": "r"}),
        chunk(delta(content="", reason="stop")),
        DONE,
    )
    assert heard.deltas()[0] == {"role": "assistant", "content": ""}
    assert heard.text() == "Hi."
    assert [p["x_groq"] for p in heard.payloads() if "x_groq" in p] == [{"id": "r"}]
    assert heard.data.endswith(DONE)


@pytest.fixture(scope="module")
def raw_r1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An engine without a reasoning parser whose template ends in `<think>`."""
    from threegate.testing.server import serve
    from threegate.testing.upstream import DemoUpstream

    demo = DemoUpstream()
    with serve(demo.app) as url:
        one = UpstreamSettings(url, starts_in_reasoning=True)
        with proxy(tmp_path_factory.mktemp("raw"), upstreams=(one,)) as running:
            running.demo = demo
            yield running


THOUGHTS = {
    "both tags": (f"<think>\nkey {KEY} hm.\n</think>\n\nHello there.", False),
    "no start tag": (f"key {KEY} hm.\n</think>\n\nHello there.", True),
    "no end tag": (f"<think>\nkey {KEY} hm. Hello there.", False),
    "no tag": (f"key {KEY} hm. Hello there.", True),
}


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("name", THOUGHTS)
def test_inline_reasoning_with_missing_tags(
    guarded: Running, raw_r1: Running, name: str, size: int
) -> None:
    text, starts_in_reasoning = THOUGHTS[name]
    running = raw_r1 if starts_in_reasoning else guarded
    pieces = [chunk(delta(content=text[at : at + size])) for at in range(0, len(text), size)]
    reason = "stop" if "</think>" in text else "length"
    heard = streamed(running, *pieces, chunk(delta(reason=reason)), DONE)
    assert heard.text() == text.replace(KEY, "[secret removed]")
    assert heard.finish() == reason


@pytest.mark.parametrize("stream", [False, True])
def test_request_ids(guarded: Running, stream: bool) -> None:
    headers = {"x-request-id": "client-made"}
    url = f"{guarded.url}/v1/chat/completions"
    reply = httpx.post(url, json=ask("hello", stream=stream), headers=headers)
    ours = reply.headers["x-threegate-request-id"]
    assert ours.startswith("tg_")
    assert guarded.demo.received[-1].headers["x-request-id"] == ours
    assert reply.headers["x-threegate-policy"].startswith("base@")


def test_ids_and_limits_of_the_model_api_come_back(guarded: Running) -> None:
    names = {"x-request-id": "up-1", "retry-after": "7", "x-ratelimit-remaining-tokens": "5"}
    hidden = {"server": "vllm", "x-internal-host": "10.0.0.7", "set-cookie": "a=b", "via": "x"}
    guarded.demo.play(
        [b'{"error":{"message":"slow down"}}'],
        status=429,
        media_type="application/json",
        headers=tuple({**names, **hidden}.items()),
    )
    reply = post(guarded)
    assert reply.status_code == 429
    assert {n: reply.headers[n] for n in names} == names
    assert not set(reply.headers) & set(hidden)


@tool
def lookup(text: str) -> str:
    """Looks a text up."""
    return f"nothing about {text}"


def chain(url: str) -> ChatOpenAI:
    return ChatOpenAI(
        base_url=f"{url}/v1", api_key="x", model="deepseek-r1", max_retries=0, stream_usage=True
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


def langchain_said(url: str, scene: str, mode: str) -> tuple[Any, ...]:
    model = chain(url)
    if mode == "tools":
        made = model.bind_tools([lookup]).invoke([HumanMessage(f"Look up with the tool: {TEXT}")])
    elif mode == "stream":
        parts = list(model.stream(SCENES[scene]))
        made = parts[0]
        for part in parts[1:]:
            made = made + part
    else:
        made = model.invoke(SCENES[scene])
    calls = [(c["name"], c["args"]) for c in made.tool_calls]
    return made.content, calls, made.usage_metadata, made.response_metadata.get("finish_reason")


CASES = [(s, m) for s in SCENES for m in ("whole", "stream")] + [("plain", "tools")]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(("scene", "mode"), CASES)
def test_langchain_is_the_same_with_the_policy_off(
    unguarded: Running, scene: str, mode: str
) -> None:
    through = langchain_said(unguarded.url, scene, mode)
    assert through == langchain_said(unguarded.direct, scene, mode)
    assert through[0] or through[1]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
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
