from __future__ import annotations

import asyncio

import pytest
from threegate.errors import UpstreamError
from threegate.service.ext_proc.exchange import JSON, MAX_WAITING, Exchange
from threegate.types import Caller


def test_our_key_stays_and_the_models_goes_on() -> None:
    given = {"authorization": "Bearer tg-1", "x-upstream-authorization": "Bearer m", "te": "gzip"}
    exchange = Exchange(given)
    assert exchange.request_changes() == (JSON, ("x-upstream-authorization", "te"))
    exchange.caller = Caller(tenant="t", key_id="k")
    changed, removed = exchange.request_changes()
    assert changed == {"authorization": "Bearer m", **JSON}
    assert removed == ("x-upstream-authorization", "te")
    exchange = Exchange({"x-api-key": "tg-1"}, caller=Caller(tenant="t", key_id="k"))
    assert exchange.request_changes() == (JSON, ("x-api-key",))


async def test_the_body_is_given_once_and_then_the_end() -> None:
    exchange = Exchange({}, body=b"{}")
    assert await exchange.receive() == {"type": "http.request", "body": b"{}"}
    waiting = asyncio.ensure_future(exchange.receive())
    await asyncio.sleep(0)
    assert not waiting.done()
    exchange.leave()
    assert await waiting == {"type": "http.disconnect"}


async def test_a_reply_that_breaks_off_is_an_error_after_what_came() -> None:
    exchange = Exchange({})
    reply = exchange.begin_reply(200, {})
    reply.feed(b"a")
    chunks = reply.chunks()
    assert await anext(chunks) == b"a"
    exchange.leave()
    with pytest.raises(UpstreamError):
        await anext(chunks)
    whole = Exchange({}).begin_reply(200, {})
    whole.feed(b"b")
    whole.end()
    assert [piece async for piece in whole.chunks()] == [b"b"]


async def test_an_answer_that_nobody_takes_waits() -> None:
    exchange = Exchange({})
    await exchange.send({"type": "http.response.start", "status": 200, "headers": []})
    await exchange.send(
        {"type": "http.response.body", "body": b"x" * MAX_WAITING, "more_body": True}
    )
    more = asyncio.ensure_future(exchange.send({"type": "http.response.body", "body": b"y"}))
    await asyncio.sleep(0)
    assert not more.done()
    exchange.take(10)
    await more
    assert exchange.ended
    assert exchange.take().endswith(b"y")
