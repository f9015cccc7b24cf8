"""Choice of upstreams, and what they are sent; answers on real sockets are in `e2e` and
`security`."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from threegate.errors import RequestError, UpstreamError
from threegate.settings import UpstreamSettings
from threegate.testing.server import serve
from threegate.testing.upstream import DemoUpstream
from threegate.upstream import Upstreams

A = UpstreamSettings("http://127.0.0.1:9", name="a", models=("deepseek-*",), weight=3)
B = UpstreamSettings("http://127.0.0.1:9", name="b", models=("deepseek-r1", "qwen"))
BODY = b'{"model":"deepseek-r1","messages":[{"role":"user","content":"hi"}]}'
CHAT = "/v1/chat/completions"


@asynccontextmanager
async def upstreams(*settings: UpstreamSettings, **keys: str) -> AsyncIterator[Upstreams]:
    made = Upstreams(settings, keys)
    try:
        yield made
    finally:
        await made.aclose()


async def test_a_model_goes_where_it_is_served() -> None:
    async with upstreams(A, B) as both:
        assert [u.name for u in both.candidates("qwen")] == ["b"]
        assert [u.name for u in both.candidates("deepseek-v4")] == ["a"]
        with pytest.raises(UpstreamError) as caught:
            both.candidates("other")
        assert caught.value.status == 404


async def test_a_call_without_a_model_goes_anywhere() -> None:
    async with upstreams(A, B) as both:
        assert {u.name for u in both.candidates("")} == {"a", "b"}


async def test_weights_are_kept_and_the_others_follow() -> None:
    async with upstreams(A, B) as both:
        chosen = [[u.name for u in both.candidates("deepseek-r1")] for _ in range(40)]
    assert Counter(names[0] for names in chosen) == {"a": 30, "b": 10}
    assert all(sorted(names) == ["a", "b"] for names in chosen)


async def test_an_upstream_that_is_away_is_passed_over() -> None:
    demo = DemoUpstream()
    with serve(demo.app) as url:
        away = UpstreamSettings("http://127.0.0.1:9", name="away", weight=100)
        async with upstreams(away, UpstreamSettings(url, name="here")) as both:
            reply = await both.send("POST", CHAT, BODY, {}, "deepseek-r1")
            assert b"".join([c async for c in reply.chunks()]).startswith(b"{")
            await reply.aclose()
    assert len(demo.received) == 1


async def test_all_away_is_an_error_that_names_no_address() -> None:
    async with upstreams(UpstreamSettings("http://127.0.0.1:9")) as one:
        with pytest.raises(UpstreamError) as caught:
            await one.send("POST", CHAT, BODY, {}, "m")
    assert caught.value.status == 502
    assert "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "sent", "want"),
    [
        ("", {"authorization": "Bearer c"}, {"authorization": "Bearer c"}),
        ("", {"x-api-key": "c"}, {"x-api-key": "c"}),
        ("up", {}, {"authorization": "Bearer up"}),
        ("up", {"authorization": "Bearer c"}, {"authorization": "Bearer up"}),
        ("up", {"x-api-key": "c"}, {"authorization": "Bearer up", "x-api-key": "up"}),
    ],
)
async def test_keys_are_passed_or_swapped(
    key: str, sent: dict[str, str], want: dict[str, str]
) -> None:
    demo = DemoUpstream()
    with serve(demo.app) as url:
        keys = {"one": key} if key else {}
        async with upstreams(UpstreamSettings(url, name="one"), **keys) as one:
            reply = await one.send("POST", CHAT, BODY, sent, "m")
            assert reply.own_key is bool(key)
            await reply.aclose()
    got = demo.received[-1].headers
    names = ("authorization", "x-api-key")
    assert {n: got[n] for n in names if n in got} == want


async def test_a_header_beyond_ascii_is_the_clients_fault() -> None:
    async with upstreams(UpstreamSettings("http://127.0.0.1:9")) as one:
        with pytest.raises(RequestError) as caught:
            await one.send("POST", CHAT, BODY, {"accept": "\u00e9"}, "m")
    assert (caught.value.status, caught.value.param) == (400, "accept")
