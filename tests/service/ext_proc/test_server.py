"""The real Envoy (`scripts/envoy`) in every way to send bodies, and what its filter can be set to
that lets nothing through."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from threegate.testing.scripts import Prompt, Reply
from threegate.testing.shapes import Chat

from tests.service.ext_proc import envoy as real
from tests.service.ext_proc.conftest import Processor
from tests.service.records import events, every_event
from tests.waiting import eventually

pytestmark = [
    pytest.mark.envoy,
    pytest.mark.skipif(not real.PROGRAM, reason="THREEGATE_TEST_ENVOY names no program"),
]
MOBILE, KEY = "13917352846", "sk-proj-" + "a1B2c3D4" * 6
PRINCIPLE = (
    "Be truthful. Say when you are unsure. Do not invent facts, figures, quotations or sources. "
)
WAYS: dict[str, tuple[str, ...]] = {
    "documented": (),
    "buffered": ("BUFFERED", "BUFFERED"),
    "streamed": ("STREAMED", "STREAMED"),
    "duplex": ("FULL_DUPLEX_STREAMED", "FULL_DUPLEX_STREAMED"),
}
UNJUDGED: dict[str, tuple[str, ...]] = {
    "no answers": ("BUFFERED", "NONE"),
    "part of a request": ("BUFFERED_PARTIAL", "BUFFERED"),
}


@dataclass
class Gateway:
    url: str
    processor: Processor

    def ask(self, text: str, **more: Any) -> httpx.Response:
        return real.asked(self.url, text, **more)

    @property
    def streaming(self) -> dict[str, Any]:
        body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": "hi"}]}
        url = f"{self.url}/v1/chat/completions"
        return {"url": url, "json": {**body, "stream": True}, "timeout": 60}

    def play(self, reply: Reply, *, stream: bool = False) -> None:
        shape = Chat(Prompt(), reply, {"stream": stream})
        demo = self.processor.running.demo
        if stream:
            demo.play(list(shape.events()))
        else:
            demo.play([json.dumps(shape.body()).encode()], media_type="application/json")

    @property
    def received(self) -> list[Any]:
        return list(self.processor.running.demo.received)

    def record(self, reply: httpx.Response) -> dict[str, Any]:
        return events(self.processor.running, reply.headers["x-threegate-request-id"])[-1]


@pytest.fixture(scope="module")
def urls(
    processor: Processor, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    folder: Path = tmp_path_factory.mktemp("envoy")
    model = int(processor.running.direct.rpartition(":")[2])
    named = WAYS | UNJUDGED
    filters = [[real.ext_proc(*m) if m else real.documented()] for m in named.values()]
    with real.envoy(folder, processor.port, model, filters) as found:
        yield dict(zip(named, found, strict=True))


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def gateway(way: str, urls: dict[str, str], processor: Processor) -> Gateway:
    return Gateway(urls[way], processor)


def content(reply: httpx.Response) -> str:
    assert reply.status_code == 200, reply.text
    return str(reply.json()["choices"][0]["message"]["content"])


def streamed(text: str) -> str:
    lines = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    deltas = [c["delta"] for line in lines for c in line.get("choices", ())]
    return "".join(d.get("content") or "" for d in deltas)


def test_values_are_masked_for_the_model_and_come_back(gateway: Gateway) -> None:
    reply = gateway.ask(f"Ring {MOBILE}.")
    seen = gateway.received[-1].body["messages"]
    assert MOBILE not in json.dumps(seen)
    assert "[MOBILE_" in seen[-1]["content"]
    assert f"Ring {MOBILE}." in content(reply)
    event = every_event(gateway.processor.running)[-1]
    assert (event["stage"], event["masked"]) == ("completed", ["pii.cn.mobile"])


def test_a_stopped_request_never_reaches_the_model(gateway: Gateway) -> None:
    before = len(gateway.received)
    whole, stream = gateway.ask("我不想活了"), gateway.ask("我不想活了", stream=True)
    assert "12356" in content(whole)
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert "12356" in streamed(stream.text)
    assert stream.text.rstrip().endswith("data: [DONE]")
    assert len(gateway.received) == before
    for reply in (whole, stream):
        assert gateway.record(reply)["stage"] == "blocked"


def test_answers_are_edited(gateway: Gateway) -> None:
    gateway.play(Reply(answer=f"The key is {KEY}."))
    assert content(gateway.ask("hello")) == "The key is [secret removed]."


def test_streams_are_edited_and_values_come_back_in_them(gateway: Gateway) -> None:
    gateway.play(Reply(answer=f"The key is {KEY}, that is all."), stream=True)
    reply = gateway.ask("hello", stream=True)
    assert KEY[:12] not in reply.text
    assert streamed(reply.text) == "The key is [secret removed], that is all."
    assert gateway.record(reply)["stream"] is True
    again = gateway.ask(f"Ring {MOBILE}.", stream=True)
    assert f"Ring {MOBILE}." in streamed(again.text)
    assert again.text.rstrip().endswith("data: [DONE]")


def test_text_leaves_while_the_model_still_writes(gateway: Gateway) -> None:
    go_on, answer = threading.Event(), "The first sentence is complete. " * 20
    pieces = list(Chat(Prompt(), Reply(answer=answer), {"stream": True}).events())
    half = len(pieces) // 2
    early, late = b"".join(pieces[:half]), b"".join(pieces[half:])
    gateway.processor.running.demo.play([early, late], go_on=go_on)
    seen = ""
    with httpx.stream("POST", **gateway.streaming) as reply:
        for text in reply.iter_text():
            seen += text
            go_on.set()  # the rest is sent only after this
    assert streamed(seen) == answer


def test_a_stream_that_the_policy_cuts_ends(gateway: Gateway, way: str) -> None:
    """In full duplex at once, whatever the model still sends."""
    go_on = threading.Event()
    pieces = list(Chat(Prompt(), Reply(answer=PRINCIPLE), {"stream": True}).events())
    gateway.processor.running.demo.play([b"".join(pieces[:-2]), b"".join(pieces[-2:])], go_on=go_on)
    seen = ""
    with httpx.stream("POST", **gateway.streaming) as reply:
        for text in reply.iter_text():
            seen += text
            if way in ("buffered", "streamed"):
                go_on.set()
    go_on.set()
    assert "invent facts" not in seen
    assert seen.rstrip().endswith("data: [DONE]")
    assert gateway.record(reply)["stage"] == "blocked"


def test_an_error_of_the_model_api_keeps_its_status(gateway: Gateway) -> None:
    error = {
        "error": {"message": f"no such model for {KEY}", "type": "x", "code": "y", "param": None}
    }
    gateway.processor.running.demo.play(
        [json.dumps(error).encode()], status=404, media_type="application/json"
    )
    reply = gateway.ask("hello")
    assert reply.status_code == 404
    assert KEY not in reply.text
    assert "[secret removed]" in reply.json()["error"]["message"]


def test_requests_that_are_refused_get_the_reason_in_the_apis_own_form(gateway: Gateway) -> None:
    for content_, code in ((b"nope", "invalid_json"), (b"", "invalid_json")):
        reply = httpx.post(f"{gateway.url}/v1/chat/completions", content=content_)
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, code)
    reply = httpx.post(f"{gateway.url}/v1/messages", content=b"nope")
    assert reply.json()["type"] == "error"


def test_what_is_no_model_api_is_answered_as_by_the_proxy(gateway: Gateway) -> None:
    assert "deepseek-r1" in httpx.get(f"{gateway.url}/v1/models").text
    for path in ("/console/", "/v1/files", "/metrics"):
        assert httpx.get(gateway.url + path).status_code == 404
    assert httpx.post(f"{gateway.url}/v1/guard/check", json={}).status_code == 404


@pytest.mark.parametrize("unjudged", UNJUDGED)
def test_a_filter_that_shows_no_bodies_lets_nothing_through(
    urls: dict[str, str], processor: Processor, unjudged: str
) -> None:
    before = len(processor.running.demo.received)
    reply = real.asked(urls[unjudged], "hello")
    assert (reply.status_code, reply.json()["error"]["code"]) == (500, "ext_proc_modes")
    assert len(processor.running.demo.received) == before


def test_a_client_that_leaves_ends_its_call(gateway: Gateway) -> None:
    go_on, running = threading.Event(), gateway.processor.running
    first, *rest = list(Chat(Prompt(), Reply(answer="Hello there."), {"stream": True}).events())
    running.demo.play([first, b"".join(rest)], go_on=go_on)
    before = len(every_event(running))
    with httpx.stream("POST", **gateway.streaming):
        pass
    try:
        assert eventually(lambda: len(every_event(running)) > before)
    finally:
        go_on.set()
    assert every_event(running)[-1]["stage"] == "aborted"
