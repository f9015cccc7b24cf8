from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from threegate.errors import RequestError
from threegate.gateway.asgi import (
    DEPARTURE,
    ClientLeft,
    Departure,
    Receive,
    Responder,
    WhileConnected,
    headers_of,
    read_request,
    wanted_language,
)
from threegate.wire.limits import MAX_BODY_BYTES

GONE = {"type": "http.disconnect"}


def receiving(events: Iterable[dict[str, Any]]) -> Receive:
    """These events, then silence."""
    left = list(events)

    async def receive() -> dict[str, Any]:
        if not left:
            await asyncio.Event().wait()
        return left.pop(0)

    return receive


def body(*pieces: bytes) -> list[dict[str, Any]]:
    last = len(pieces) - 1
    return [
        {"type": "http.request", "body": p, "more_body": i < last} for i, p in enumerate(pieces)
    ]


def test_headers_have_lower_case_names_and_no_control_characters() -> None:
    scope = {"headers": [(b"a", b"1"), (b"a", b"2"), (b"b", b"x\ty")]}
    assert headers_of(scope) == {"a": "2", "b": "x\ty"}
    for code in (0, 1, 10, 13, 27, 31, 127):
        with pytest.raises(RequestError) as caught:
            headers_of({"headers": [(b"name", b"a" + bytes([code]))]})
        assert caught.value.param == "name"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", ""),
        ("*", ""),
        ("fr, de;q=0.9", ""),
        ("english", ""),
        ("zh-CN", "zh"),
        ("zh", "zh"),
        ("zh-Hant-TW;q=0.5", "zh"),
        ("en-US,en;q=0.9,zh-CN;q=0.8", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0.3, zh;q=0.7", "zh"),
        ("fr, ZH; q=0.2", "zh"),
        ("zh;q=0", ""),
        ("zh;q=0, en;q=0.1", "en"),
        ("zh;q=x", "zh"),
        (",,;q=1,zh" + ",a;q=0.1" * 1000, "zh"),
    ],
)
def test_the_language_that_a_client_wants(accepted: str, language: str) -> None:
    assert wanted_language(accepted) == language


async def test_a_body_is_collected() -> None:
    assert await read_request(receiving(body(b"a", b"", b"bc")), {}) == b"abc"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-encoding": "gzip"}, 415),
        ({"content-encoding": "Identity"}, 415),
        ({"content-length": str(MAX_BODY_BYTES + 1)}, 413),
    ],
)
async def test_a_body_is_refused_unread(headers: dict[str, str], status: int) -> None:
    with pytest.raises(RequestError) as caught:
        await read_request(receiving([]), headers)
    assert caught.value.status == status


async def test_a_body_that_lies_about_its_length_is_stopped() -> None:
    half = b" " * (MAX_BODY_BYTES // 2 + 1)
    with pytest.raises(RequestError) as caught:
        await read_request(receiving(body(half, half)), {"content-length": "2"})
    assert caught.value.status == 413


async def test_a_body_at_the_limit_is_taken() -> None:
    whole = b" " * MAX_BODY_BYTES
    headers = {"content-length": str(MAX_BODY_BYTES)}
    assert len(await read_request(receiving(body(whole)), headers)) == MAX_BODY_BYTES


async def test_a_slow_body_and_a_client_that_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClientLeft):
        await read_request(receiving([*body(b"a", b"b")[:1], GONE]), {})
    monkeypatch.setattr("threegate.gateway.asgi.BODY_S", 0.01)
    with pytest.raises(RequestError) as caught:
        await read_request(receiving(body(b"a", b"b")[:1]), {})
    assert caught.value.status == 408


async def test_what_runs_ends_when_the_client_leaves() -> None:
    with pytest.raises(ClientLeft):
        async with WhileConnected({}, receiving([*body(b""), GONE])):
            await asyncio.Event().wait()


async def test_what_ends_first_is_not_disturbed() -> None:
    async with WhileConnected({}, receiving([])):
        done = True
    assert done
    with pytest.raises(ZeroDivisionError):
        async with WhileConnected({}, receiving([])):
            raise ZeroDivisionError


async def test_a_cancellation_from_outside_stays_one() -> None:
    async def work() -> None:
        async with WhileConnected({}, receiving([])):
            await asyncio.Event().wait()

    task = asyncio.ensure_future(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_answer_has_its_length_and_the_added_headers() -> None:
    sent: list[dict[str, Any]] = []

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    await Responder(send, {"x-a": "1"}).json(201, {"名": 1}, {"x-a": "2", "x-b": "3"})
    assert sent[0]["status"] == 201
    headers = dict(sent[0]["headers"])
    assert headers[b"content-length"] == str(len(sent[1]["body"])).encode()
    assert (headers[b"x-a"], headers[b"x-b"]) == (b"1", b"3")


async def test_the_servers_word_ends_what_runs_without_a_task() -> None:
    departure = Departure()
    scope = {"extensions": {DEPARTURE: departure}}

    async def work() -> None:
        async with WhileConnected(scope, receiving([])):
            await asyncio.Event().wait()

    task = asyncio.ensure_future(work())
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {task, asyncio.current_task()}
    departure.leave()
    with pytest.raises(ClientLeft):
        await task
    with pytest.raises(ClientLeft):
        await work()  # a pipelined request of a client that is gone


async def test_who_has_been_answered_may_leave() -> None:
    departure = Departure()
    scope = {"extensions": {DEPARTURE: departure}}
    async with WhileConnected(scope, receiving([])):
        pass
    departure.leave()
    await asyncio.sleep(0)
