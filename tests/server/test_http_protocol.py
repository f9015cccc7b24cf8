"""On real sockets with a trivial app; with the whole proxy in `security.test_parsers`."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
import uvloop
from threegate.gateway.asgi import DIRECT, WhileConnected
from threegate.server.http_protocol import HEAD_BYTES, IDLE_S, HttpProtocol
from uvicorn.server import ServerState


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Answers without reading the body."""
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hi"})


@asynccontextmanager
async def connected(
    state: ServerState | None = None, keep_alive_s: int = 5, app: Any = hello
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    config = uvicorn.Config(app, log_config=None, ws="none", timeout_keep_alive=keep_alive_s)
    state = state or ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: HttpProtocol(config, state, {}), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            yield reader, writer
        finally:
            writer.close()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Everything until the server closes, which it must."""
    async with asyncio.timeout(10):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def start(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": 200, "headers": list(headers)}


async def test_pieces_of_a_body_need_no_task_while_it_is_open() -> None:
    ready: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        direct = scope["extensions"][DIRECT]
        ready.append(direct.ready)
        await send(start())
        ready.append(direct.ready)
        direct.write(b"one ")
        await send({"type": "http.response.body", "body": b"two ", "more_body": True})
        direct.write(b"three")
        await send({"type": "http.response.body", "body": b""})
        ready.append(direct.ready)

    async with connected(app=app) as (reader, writer):
        writer.write(GET)
        body = (await reader.readuntil(b"0\r\n\r\n")).partition(b"\r\n\r\n")[2]
    assert body == b"4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"
    assert ready == [False, True, False]


async def test_a_piece_without_bytes_does_not_end_the_body() -> None:
    """A released text that the client does not see, such as hidden reasoning, is written as no
    bytes; as a chunk these would be the end of the answer."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        scope["extensions"][DIRECT].write(b"")
        scope["extensions"][DIRECT].write(b"text")
        await send({"type": "http.response.body", "body": b""})

    async with connected(app=app) as (reader, writer):
        writer.write(GET)
        body = (await reader.readuntil(b"0\r\n\r\n")).partition(b"\r\n\r\n")[2]
    assert body == b"4\r\ntext\r\n0\r\n\r\n"


@pytest.mark.parametrize("request_", [GET.replace(b"GET", b"HEAD"), GET])
async def test_a_body_without_chunks_has_no_short_way(request_: bytes) -> None:
    ready: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        length = [] if scope["method"] == "HEAD" else [(b"content-length", b"2")]
        await send(start(*length))
        ready.append(scope["extensions"][DIRECT].ready)
        await send({"type": "http.response.body", "body": b"hi"})

    async with connected(app=app) as (reader, writer):
        writer.write(request_)
        await reader.readuntil(b"\r\n\r\n")
    assert ready == [False]


async def test_a_client_that_does_not_read_or_has_left_gets_nothing_by_the_short_way() -> None:
    ready: list[bool] = []
    left = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        direct = scope["extensions"][DIRECT]
        await send(start())
        while direct.ready:
            direct.write(b"x" * 65536)
        ready.append(direct.ready)
        await receive()
        while (await receive())["type"] != "http.disconnect":
            pass
        ready.append(direct.ready)
        left.set()

    async with connected(app=app) as (_, writer):
        writer.write(GET)
        await asyncio.sleep(0.05)
        writer.transport.abort()
        async with asyncio.timeout(10):
            await left.wait()
    assert ready == [False, False]


@pytest.mark.parametrize("whole", [False, True])
async def test_a_client_that_never_reads_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    """Its call ends while it is stuck, and the connection of one whose call has ended."""
    monkeypatch.setattr("threegate.server.http_protocol.UNREAD_S", 0.1)
    size, ended, state = 64 << 20, asyncio.Event(), ServerState()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            async with WhileConnected(scope, receive):
                await send(start())
                if whole:
                    await send({"type": "http.response.body", "body": bytes(size)})
                while not whole:
                    part = {"type": "http.response.body", "body": bytes(65536)}
                    await send({**part, "more_body": True})
        finally:
            ended.set()

    async with connected(state, app=app) as (reader, writer):
        writer.write(GET)
        await asyncio.wait_for(ended.wait(), 20)
        async with asyncio.timeout(20):
            while state.connections:
                await asyncio.sleep(0.01)
        assert len(await rest(reader)) < size


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a socket holds")
async def test_what_a_client_takes_from_the_socket_counts() -> None:
    """Before the socket takes more from the server."""
    state = ServerState()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await send({"type": "http.response.body", "body": bytes(64 << 20)})

    async with connected(state, app=app) as (reader, writer):
        writer.write(GET)
        await reader.readuntil(b"\r\n\r\n")
        (served,) = state.connections
        assert isinstance(served, HttpProtocol)
        before = -1
        while before != (before := served._untaken()):  # until the sockets are full
            await asyncio.sleep(0.1)
        held_here = served.transport.get_write_buffer_size()
        await reader.readexactly(512 << 10)
        async with asyncio.timeout(20):
            while served._untaken() >= before:
                await asyncio.sleep(0.01)
        assert served.transport.get_write_buffer_size() == held_here


async def test_a_client_that_reads_slowly_gets_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also after the time for which an idle connection stays open."""
    monkeypatch.setattr("threegate.server.http_protocol.UNREAD_S", 1.0)
    monkeypatch.setattr("threegate.server.http_protocol.IDLE_S", 0.1)
    size, got = 24 << 20, 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start((b"content-length", str(size).encode())))
        await send({"type": "http.response.body", "body": bytes(size)})

    async with connected(app=app) as (reader, writer):
        writer.write(GET)
        await reader.readuntil(b"\r\n\r\n")
        while part := await reader.read(1 << 20):
            got += len(part)
            await asyncio.sleep(0.02)
    assert got == size


async def test_a_request_is_answered_and_another_after_it() -> None:
    async with connected() as (reader, writer):
        for _ in range(2):
            writer.write(GET)
            assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200")


async def test_a_trailer_is_no_header() -> None:
    """It took the place of the header of the same name that a proxy in front had set or checked."""
    seen: list[dict[bytes, bytes]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        seen.append(dict(scope["headers"]))
        await hello(scope, receive, send)

    head = b"POST / HTTP/1.1\r\nHost: a\r\nX-User: li\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with connected(app=app) as (reader, writer):
        for _ in range(2):
            writer.write(head + b"1\r\nx\r\n0\r\nX-User: wang\r\nX-New: 1\r\n\r\n")
            await reader.readuntil(b"hi")
    assert [set(h) for h in seen] == [{b"host", b"x-user", b"transfer-encoding"}] * 2
    assert [h[b"x-user"] for h in seen] == [b"li", b"li"]


async def test_one_who_has_the_answer_and_goes_ends_nothing() -> None:
    """What a call does after its last byte, such as giving its place back, runs to its end."""
    left, over = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async with WhileConnected(scope, receive):
            await hello(scope, receive, send)
            await left.wait()
            await asyncio.sleep(0)
            over.set()

    async with connected(app=app) as (reader, writer):
        writer.write(GET)
        await reader.readuntil(b"hi")
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.05)
        left.set()
        async with asyncio.timeout(10):
            await over.wait()


@pytest.mark.parametrize("start", [b"", b"GET / HT", GET[:-2], GET + b"\r\n", GET + GET[:9]])
async def test_a_head_must_come_in_time(monkeypatch: pytest.MonkeyPatch, start: bytes) -> None:
    monkeypatch.setattr("threegate.server.http_protocol.HEAD_S", 0.05)
    monkeypatch.setattr("threegate.server.http_protocol.IDLE_S", 0.05)
    async with connected() as (reader, writer):
        writer.write(start)
        assert (await rest(reader)).count(b"HTTP/1.1 200") == start.count(GET)


def test_a_request_that_came_while_the_loop_was_busy_is_read_before_the_connection_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """libuv runs the timer that closes an idle connection before it reads from the socket."""
    monkeypatch.setattr("threegate.server.http_protocol.IDLE_S", 0.1)

    async def run() -> bytes:
        async with connected() as (reader, writer):
            writer.write(GET)
            await reader.readuntil(b"hi")
            read, write = os.pipe()
            client = writer.get_extra_info("socket").fileno()

            def busy() -> None:
                os.write(client, GET)
                time.sleep(0.2)  # past the end of the idle time
                loop.remove_reader(read)
                os.close(read)
                os.close(write)

            loop = asyncio.get_running_loop()
            loop.add_reader(read, busy)
            os.write(write, b"x")
            return await rest(reader)

    assert uvloop.run(run()).startswith(b"HTTP/1.1 200")


async def test_an_idle_connection_outlives_those_of_load_balancers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever closes first loses requests that are on their way: theirs end after a minute."""
    assert IDLE_S > 60
    monkeypatch.setattr("threegate.server.http_protocol.HEAD_S", 0.05)
    async with connected(keep_alive_s=0) as (reader, writer):  # uvicorn's own time does not count
        for _ in range(2):
            writer.write(GET)
            await reader.readuntil(b"hi")
            await asyncio.sleep(0.1)


async def test_a_head_has_a_bound() -> None:
    async with connected() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nX-A: " + b"a" * HEAD_BYTES)
        assert b" 400 " in (await rest(reader))[:20]


async def test_a_body_that_nobody_reads_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threegate.server.http_protocol.LINGER_S", 0.05)
    async with connected() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nx")
        await reader.readuntil(b"hi")
        writer.write(b"x")
        assert await rest(reader) == b""


async def test_a_body_that_comes_late_but_whole_keeps_the_connection() -> None:
    async with connected() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx")
        await reader.readuntil(b"hi")
        writer.write(b"x" * 8 + GET)
        assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200")


async def stop(state: ServerState) -> None:
    """What uvicorn does with the connections it has; here with the one that is to come."""
    async with asyncio.timeout(10):
        while not state.connections:
            await asyncio.sleep(0)
    for connection in list(state.connections):
        connection.shutdown()


@pytest.mark.parametrize("answered", [0, 1])
@pytest.mark.parametrize("begun", [0, 9])
async def test_a_server_that_stops_answers_what_is_on_its_way(answered: int, begun: int) -> None:
    state = ServerState()
    async with connected(state) as (reader, writer):
        writer.write(GET * answered + GET[:begun])
        for _ in range(answered):
            await reader.readuntil(b"hi")
        await stop(state)
        writer.write(GET[begun:])
        answer = await rest(reader)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in answer


async def test_a_server_that_stops_answers_what_follows_a_stream() -> None:
    """The head of a stream in progress did not say that the connection ends with it."""
    going, state = asyncio.Event(), ServerState()

    async def stream(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ho", "more_body": True})
        await going.wait()
        await send({"type": "http.response.body", "body": b"hi"})

    async with connected(state, app=stream) as (reader, writer):
        writer.write(GET)
        await reader.readuntil(b"ho")
        await stop(state)
        going.set()
        await reader.readuntil(b"hi\r\n0\r\n\r\n")
        writer.write(GET)
        assert b"connection: close" in await rest(reader)


async def test_a_server_that_stops_does_not_wait_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("threegate.server.http_protocol.LEAVE_S", 0.05)
    state = ServerState()
    async with connected(state) as (reader, _):
        await stop(state)
        assert await rest(reader) == b""
