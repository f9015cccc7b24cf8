"""Several model APIs behind one proxy: what a client sees when one dies, hangs, breaks off or is full,
and that a client can neither choose one nor lose its key to one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from threegate.gateway.access.auth import KeyFile
from threegate.settings import UpstreamSettings

from tests.e2e.support.running import Running, proxy
from tests.gateway.shell import Heard
from tests.scripted_upstream import ScriptedUpstream
from tests.security.raw import chat, request, sized, waiting
from tests.serving import serve
from tests.waiting import eventually

A = UpstreamSettings("", name="a", failures=3, rest_s=60)
B = UpstreamSettings("", name="b", weight=0)


@contextmanager
def two(
    var: Path, a: UpstreamSettings = A, b: UpstreamSettings = B, **given: Any
) -> Iterator[tuple[Running, ScriptedUpstream, ScriptedUpstream]]:
    """A proxy in front of two model APIs; the second is asked when the first cannot be."""
    with ExitStack() as stack:
        demos = ScriptedUpstream(), ScriptedUpstream()
        urls = [stack.enter_context(serve(d.app)) for d in demos]
        both = replace(a, url=urls[0]), replace(b, url=urls[1])
        running = stack.enter_context(proxy(var, upstreams=both, **given))
        yield running, *demos


def post(running: Running, text: str = "hello", **more: Any) -> httpx.Response:
    headers = more.pop("headers", {})
    body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": text}], **more}
    url = f"{running.url}/v1/chat/completions"
    return httpx.post(url, json=body, headers=headers, timeout=120)


def metric(running: Running, line: str) -> bool:
    return line in httpx.get(f"{running.url}/metrics").text


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("how", [{"status": 503}, {"hang": True}, {"pieces": [], "finish": False}])
def test_a_client_does_not_notice_that_one_is_ill(
    tmp_path: Path, how: dict[str, Any], stream: bool
) -> None:
    with two(tmp_path, replace(A, first_byte_s=0.3)) as (running, ill, well):
        given = {"pieces": [b"{}"], "media_type": "application/json"} | how
        ill.play(given.pop("pieces"), **given)
        reply = post(running, stream=stream)
        assert reply.status_code == 200
        assert len(well.received) == 1
        assert metric(running, 'threegate_upstream_up{upstream="a"} 1.0')
        assert metric(running, 'threegate_upstream_tried_again_total{upstream="a"} 1.0')


def test_once_text_was_released_nothing_is_sent_again(tmp_path: Path) -> None:
    with two(tmp_path) as (running, ill, well):
        start = b'data: {"choices":[{"index":0,"delta":{"content":"Hello there. "}}]}\n\n'
        ill.play([start], finish=False)
        reply = post(running, stream=True)
        assert "Hello there. " in Heard(reply.content).text()
        assert b"upstream_error" in reply.content
        assert len(well.received) == 0


def test_one_that_rests_is_told_by_the_metrics(tmp_path: Path) -> None:
    with two(tmp_path) as (running, ill, well):
        for _ in range(A.failures):
            ill.play([b"{}"], status=503, media_type="application/json")
            assert post(running).status_code == 200
        assert post(running).status_code == 200
        assert len(ill.received) == A.failures
        assert len(well.received) == A.failures + 1
        assert metric(running, 'threegate_upstream_up{upstream="a"} 0.0')
        assert metric(running, 'threegate_upstream_up{upstream="b"} 1.0')


def test_without_another_a_client_is_told_when_to_come_again(tmp_path: Path) -> None:
    demo = ScriptedUpstream()
    with serve(demo.app) as url:
        one = UpstreamSettings(url, failures=2, rest_s=60)
        with proxy(tmp_path, upstreams=(one,)) as running:
            for _ in range(2):
                assert post(running, "[demo: status=503] hello").status_code == 503
            reply = post(running)
            assert reply.status_code == 503
            assert reply.json()["error"]["code"] == "upstream_away"
            assert 50 <= int(reply.headers["retry-after"]) <= 60
    assert len(demo.received) == 2


def test_more_calls_than_connections_are_refused_not_queued(tmp_path: Path) -> None:
    demo = ScriptedUpstream()
    with serve(demo.app) as url:
        one = UpstreamSettings(url, max_connections=1)
        with proxy(tmp_path, upstreams=(one,)) as running:
            demo.play([], hang=True)
            body = chat("hello")
            with waiting(running, request(body, headers=sized(body))):
                assert eventually(lambda: len(demo.received) == 1)
                reply = post(running)
                assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
                assert reply.json()["error"]["code"] == "upstream_busy"
            assert eventually(lambda: post(running).status_code == 200)


def test_the_models_of_all_are_one_list(tmp_path: Path) -> None:
    a, b = replace(A, models=("deepseek-r1",)), replace(B, models=("demo-*",))
    with two(tmp_path, a, b) as (running, _, _):
        listed = {m["id"] for m in httpx.get(f"{running.url}/v1/models").json()["data"]}
        assert {"deepseek-r1", "demo-embed"} <= listed
        assert "deepseek-chat" not in listed


CHOOSING = ("x-upstream", "x-upstream-name", "x-threegate-upstream", "host", "x-route", "x-target")


@pytest.mark.parametrize("name", CHOOSING)
def test_a_client_cannot_choose(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    with two(tmp_path_factory.mktemp("choice")) as (running, first, other):
        assert post(running, headers={name: "b"}, upstream="b", route="b").status_code == 200
        assert (len(first.received), len(other.received)) == (1, 0)


def test_tenants_go_to_their_own_model_api(tmp_path: Path) -> None:
    a, b = replace(A, tenants=("bank",)), replace(B, tenants=("shop*",), weight=1)
    with two(tmp_path, a, b, keys="required") as (running, first, second):
        file = KeyFile(running.deps.settings.key_file)
        bank, shop, other = (file.add(t)[1] for t in ("bank", "shop-1", "other"))
        for key in (bank, shop, shop):
            assert post(running, headers={"authorization": f"Bearer {key}"}).status_code == 200
        reply = post(running, headers={"authorization": f"Bearer {other}"})
        assert (reply.status_code, reply.json()["error"]["code"]) == (404, "model_not_found")
        assert (len(first.received), len(second.received)) == (1, 2)


@pytest.mark.parametrize(
    ("given", "onward"),
    [
        ({}, {}),
        ({"x-upstream-authorization": "Bearer theirs"}, {"authorization": "Bearer theirs"}),
        ({"x-upstream-api-key": "theirs"}, {"x-api-key": "theirs"}),
    ],
)
def test_a_key_of_the_proxy_never_reaches_a_model_api(
    tmp_path: Path, given: dict[str, str], onward: dict[str, str]
) -> None:
    demo = ScriptedUpstream()
    with serve(demo.app) as url:
        one = UpstreamSettings(url)  # no key of its own: the client's would be passed through
        with proxy(tmp_path, upstreams=(one,), keys="required") as running:
            secret = KeyFile(running.deps.settings.key_file).add("a")[1]
            for name, value in (("authorization", f"Bearer {secret}"), ("x-api-key", secret)):
                assert post(running, headers={name: value, **given}).status_code == 200
                httpx.get(f"{running.url}/v1/models", headers={name: value, **given})
    for seen in demo.received:
        assert secret not in str(seen.headers)
        kept = ("authorization", "x-api-key")
        assert {n: seen.headers[n] for n in kept if n in seen.headers} == onward
    assert len(demo.received) == 2
