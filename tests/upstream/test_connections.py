"""Connections that are closed, slow or odd: against real servers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from threegate.settings import UpstreamSettings

from tests.upstream.test_client import demo, failure, read, upstreams


async def test_a_process_that_was_busy_does_not_blame_the_model_api() -> None:
    """The connection stands, but the time to connect is over when it is looked at."""
    async with demo(connect_s=0.2) as (_, settings):
        for turns in range(2, 8):  # one of them is when the connection is asked for
            async with upstreams(settings) as one:
                reading = [asyncio.ensure_future(read(one)) for _ in range(3)]
                for _ in range(turns):
                    await asyncio.sleep(0)
                time.sleep(0.6)
                assert all(await asyncio.gather(*reading))


async def test_one_that_begins_and_says_nothing_has_its_own_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """vLLM sends its status at once and the first byte when the prompt is read."""
    monkeypatch.setattr("threegate.upstream.connections.FIRST_BYTES_S", 0.05)
    async with demo(first_byte_s=0.3, idle_s=60) as (made, one), upstreams(one) as alone:
        made.play([b"data: 1\n\n"], pause=30)
        assert (await failure(alone)).code == "upstream_timeout"
    async with demo(first_byte_s=60, idle_s=0.1) as (made, one), upstreams(one) as alone:
        made.play([b"data: 1\n\n"], pause=0.3)
        assert await read(alone) == b"data: 1\n\n"


@asynccontextmanager
async def dropping(times: int) -> AsyncIterator[tuple[UpstreamSettings, list[int]]]:
    """Reads a request and closes the connection, so many times; then answers."""
    seen: list[int] = []

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"]}")
        seen.append(len(seen))
        if len(seen) > times:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield UpstreamSettings(f"http://127.0.0.1:{port}"), seen


async def test_a_call_goes_through_the_proxy_of_its_upstream() -> None:
    async with dropping(0) as (proxy, seen):
        settings = UpstreamSettings("http://model.invalid", proxy=proxy.url)
        async with upstreams(settings) as one:
            assert await read(one) == b"{}"
    assert len(seen) == 1


@pytest.mark.parametrize(("times", "answered"), [(0, True), (1, True), (2, False)])
async def test_a_connection_closed_at_once_is_tried_once_more(times: int, answered: bool) -> None:
    async with dropping(times) as (settings, seen), upstreams(settings) as one:
        if answered:
            assert await read(one) == b"{}"
        else:
            assert (await failure(one)).status == 502
    assert len(seen) == min(times + 1, 2)


@asynccontextmanager
async def keeping() -> AsyncIterator[UpstreamSettings]:
    """Answers once on each connection, keeps it, and closes it when it is used again."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"]}")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()
        await reader.read(1)
        writer.transport.abort()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield UpstreamSettings(f"http://127.0.0.1:{port}")


async def test_after_a_pause_all_kept_connections_may_be_closed() -> None:
    async with keeping() as settings, upstreams(settings) as one:
        assert await asyncio.gather(*(read(one) for _ in range(8))) == [b"{}"] * 8
        assert await asyncio.gather(*(read(one) for _ in range(8))) == [b"{}"] * 8


@pytest.mark.parametrize("status", [999, 600])
async def test_a_status_that_http_has_not_is_an_error_of_the_upstream(status: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %d Odd\r\nContent-Length: 2\r\n\r\n{}" % status)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, upstreams(UpstreamSettings(f"http://127.0.0.1:{port}")) as made:
        assert (await failure(made)).code == "upstream_status"
