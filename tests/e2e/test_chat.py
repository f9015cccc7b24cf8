"""The main job, end to end, with the official client on real sockets."""

from __future__ import annotations

import json
from typing import Any

import httpx
import openai
import pytest
import requests
from threegate.wire import ADAPTERS
from threegate.wire.sse import SSEDecoder

from tests.e2e.support.running import Running
from tests.wire.cuts import cut_at

ID, MOBILE, CARD = "11010519491231002X", "13812345678", "4111 1111 1111 1111"
KEY = "sk-4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e"
PLANTED = (ID, MOBILE, CARD, KEY)
PROMPT = f"我的身份证是{ID}，手机{MOBILE}，卡号{CARD}号，密钥{KEY}。"


def client(url: str) -> openai.OpenAI:
    """To be closed: a socket that is left to the collector fails whatever test runs then."""
    return openai.OpenAI(base_url=f"{url}/v1", api_key="sk-client", max_retries=0)


def ask(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "deepseek-r1", "messages": [{"role": "user", "content": text}], **more}


def seen(running: Running) -> str:
    return json.dumps([r.body for r in running.demo.received], ensure_ascii=False)


@pytest.mark.parametrize("stream", [False, True])
def test_planted_values_never_reach_the_model_and_come_back(guarded: Running, stream: bool) -> None:
    with client(guarded.url) as asking:
        answer = asking.chat.completions.create(**ask(PROMPT, stream=stream))
        if stream:
            said = [c.choices[0].delta for c in answer if c.choices]
        else:
            said = [answer.choices[0].message]
    content = "".join(s.content or "" for s in said)
    reasoning = "".join(getattr(s, "reasoning_content", None) or "" for s in said)
    assert not [value for value in PLANTED if value in seen(guarded)]
    for value in (ID, MOBILE, CARD):
        assert value in content
        assert value in reasoning
    assert KEY not in content


def test_the_call_that_the_r1_guides_print(guarded: Running) -> None:
    reply = requests.post(
        f"{guarded.url}/v1/chat/completions",
        headers={"Authorization": "Bearer key", "Content-Type": "application/json"},
        json={
            "model": "r1-pro",
            "messages": [{"role": "user", "content": "Hello"}],
            "temperature": 0.7,
            "max_tokens": 2048,
        },
        timeout=120,
    )
    assert reply.status_code == 200
    assert reply.json()["choices"][0]["message"]["content"]
    assert guarded.demo.received[-1].body["model"] == "deepseek-r1"
    assert guarded.demo.received[-1].body["temperature"] == 0.7


def test_the_client_never_wins_over_a_clamp(guarded: Running) -> None:
    with client(guarded.url) as asking:
        raw = asking.chat.completions.with_raw_response.create(
            **ask("hi", temperature=2.0, max_tokens=100_000, extra_body={"made_up": 1})
        )
    body = guarded.demo.received[-1].body
    assert (body["temperature"], body["max_tokens"]) == (1, 32768)
    assert raw.headers["x-threegate-changed"] == "made_up, temperature, max_tokens"


def test_a_call_that_needs_no_change_reaches_the_model_as_it_is(guarded: Running) -> None:
    """But for the constitution: no default, no other temperature, and no header."""
    with client(guarded.url) as asking:
        raw = asking.chat.completions.with_raw_response.create(**ask("hi", temperature=0))
    body = guarded.demo.received[-1].body
    assert body["temperature"] == 0
    assert set(body) == {"model", "messages", "temperature"}
    assert "x-threegate-changed" not in raw.headers


SCENES: dict[str, dict[str, Any]] = {
    "plain": ask("Hello there"),
    "chinese": ask("你好，介绍一下自己"),
    "choices": ask("Hello", n=2),
    "tools": ask(
        "Look up the weather with the tool",
        tools=[
            {
                "type": "function",
                "function": {
                    "name": "weather",
                    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
                },
            }
        ],
    ),
    "logprobs": ask("Hello", logprobs=True),
}


@pytest.mark.parametrize("scene", SCENES)
def test_with_policy_off_a_body_is_equal_to_direct(unguarded: Running, scene: str) -> None:
    through = httpx.post(f"{unguarded.url}/v1/chat/completions", json=SCENES[scene])
    direct = httpx.post(f"{unguarded.direct}/v1/chat/completions", json=SCENES[scene])
    assert through.content == direct.content
    assert through.headers["content-type"] == direct.headers["content-type"]


@pytest.mark.parametrize("scene", SCENES)
def test_with_policy_off_a_stream_is_equal_to_direct(unguarded: Running, scene: str) -> None:
    body = {**SCENES[scene], "stream": True, "stream_options": {"include_usage": True}}
    through = httpx.post(f"{unguarded.url}/v1/chat/completions", json=body)
    direct = httpx.post(f"{unguarded.direct}/v1/chat/completions", json=body)
    assert events(through.content) == events(direct.content)
    assert len(events(direct.content)) > 3


def events(data: bytes) -> list[object]:
    decoder = SSEDecoder()
    return [*decoder.feed(data), *decoder.close()]


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_errors_of_the_model_arrive_as_they_are(unguarded: Running, status: int) -> None:
    body = ask(f"[demo: status={status}] hello")
    errors = []
    for url in (unguarded.direct, unguarded.url):
        with client(url) as asking, pytest.raises(openai.APIStatusError) as caught:
            asking.chat.completions.create(**body)
        errors.append((type(caught.value), caught.value.status_code, caught.value.body))
    assert errors[0] == errors[1]


FAULTS = {"cut": 200, "garbage": 200, "bomb": 502, "redirect": 502}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_upstream_gives_a_clear_error(guarded: Running, fault: str) -> None:
    body = ask(f"[demo: {fault}] hello", stream=True)
    reply = httpx.post(f"{guarded.url}/v1/chat/completions", json=body)
    assert reply.status_code == FAULTS[fault]
    assert "error" in reply.text


BAD: dict[str, bytes] = {
    "duplicate": b'{"model":"a","model":"b","messages":[]}',
    "duplicate below": b'{"model":"a","messages":[{"role":"user","content":"x","content":"y"}]}',
    "duplicate by escape": b'{"model":"a","messages":[],"\\u006dodel":"b"}',
    "nan": b'{"model":"a","messages":[],"temperature":NaN}',
    "infinity": b'{"model":"a","messages":[],"temperature":-Infinity}',
    "too large a float": b'{"model":"a","messages":[],"temperature":1e999}',
    "deep": b'{"model":"a","messages":' + b"[" * 100 + b"]" * 100 + b"}",
    "surrogate": b'{"model":"a","messages":[{"role":"user","content":"\\ud800"}]}',
    "huge": b'{"model":"a","messages":[],"seed":' + b"9" * 5000 + b"}",
    "bom": b'\xef\xbb\xbf{"model":"a","messages":[]}',
    "array": b"[]",
    "cut": b'{"model":',
}


DOORS = [path for adapter in ADAPTERS for path in adapter.paths]


@pytest.mark.parametrize("name", BAD)
def test_bad_json_is_refused_and_the_proxy_lives(guarded: Running, name: str) -> None:
    since = len(guarded.demo.received)
    for path in DOORS:
        reply = httpx.post(f"{guarded.url}{path}", content=BAD[name])
        assert reply.status_code == 400
        assert reply.json()["error"]["message"]
        assert httpx.get(f"{guarded.url}/healthz").status_code == 200
    assert len(guarded.demo.received) == since


def test_ready_metrics_and_closed_doors(guarded: Running) -> None:
    assert httpx.get(f"{guarded.url}/readyz").json() == {"status": "ready", "missing": {}}
    assert "threegate_rulings_total" in httpx.get(f"{guarded.url}/metrics").text
    assert httpx.post(f"{guarded.url}/v1/files", content=b"{}").status_code == 404
    names = [m["id"] for m in httpx.get(f"{guarded.url}/v1/models").json()["data"]]
    assert "r1-pro" in names


def test_every_cut_of_the_upstream_bytes_gives_the_same_text(guarded: Running) -> None:
    """Real sockets: one recorded stream, cut in pieces of many sizes."""
    body = ask(PROMPT, stream=True)
    whole = httpx.post(f"{guarded.url}/v1/chat/completions", json=body).content
    sent = guarded.demo.received[-1].body
    recorded = httpx.post(f"{guarded.direct}/v1/chat/completions", json=sent).content
    for size in (1, 2, 3, 5, 7, 64, 1000):
        guarded.demo.play(cut_at(recorded, range(0, len(recorded), size)))
        again = httpx.post(f"{guarded.url}/v1/chat/completions", json=body).content
        assert text_of(again) == text_of(whole)


def text_of(data: bytes) -> tuple[str, str]:
    content, reasoning = "", ""
    for event in events(data):
        payload = getattr(event, "data", "") or ""  # none: a comment, sent while the answer is slow
        if payload.startswith("{"):
            for choice in json.loads(payload)["choices"]:
                content += choice["delta"].get("content") or ""
                reasoning += choice["delta"].get("reasoning_content") or ""
    return content, reasoning
