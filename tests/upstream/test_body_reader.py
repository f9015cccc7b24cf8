"""The body of an answer against a server that sends its next piece when one has arrived."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from weakref import ref

import pytest
from threegate.errors import UpstreamError
from threegate.i18n.messages import localized
from threegate.settings import UpstreamSettings
from threegate.upstream import ModelRequest, Reply, Upstreams
from threegate.upstream.body_reader import FITS

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
PIECES = [b"data: %d\n\n" % n for n in range(12)]
LAST = b"0\r\n\r\n"
KEYS = {"a": "sk-0123456789abcdef"}
NO_KEYS: Mapping[str, str] = {}


@asynccontextmanager
async def answering(
    pieces: list[bytes], keys: Mapping[str, str] = NO_KEYS, end: bytes = LAST
) -> AsyncIterator[tuple[Reply, Callable[[], None]]]:
    """The reply, and what to call when a piece has arrived."""
    arrived, done = asyncio.Semaphore(0), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD)
        for piece in pieces:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            async with asyncio.timeout(10):
                await arrived.acquire()
            if writer.is_closing():
                break
        writer.write(end)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        done.set()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        made = Upstreams((UpstreamSettings(f"http://{host}:{port}", name="a"),), keys)
        reply = await made.send(ModelRequest("GET", "/v1/models", b"", {}))
        try:
            yield reply, arrived.release
        finally:
            await reply.aclose()
            await made.aclose()
            for _ in pieces:
                arrived.release()
            await done.wait()


async def read(
    reply: Reply, arrived: Callable[[], None], wanted: Callable[[int], bool]
) -> tuple[list[bytes], list[bytes]]:
    """All chunks in order, and those among them that were taken; `wanted` gets their number."""
    every: list[bytes] = []
    taken: list[bytes] = []

    def take(data: bytes) -> bool:
        if not wanted(len(every)):
            return False
        every.append(data)
        taken.append(data)
        arrived()
        return True

    async for data in reply.chunks(take):
        every.append(data)
        arrived()
    return every, taken


@pytest.mark.parametrize("every", [1, 2, 3])
async def test_what_is_refused_is_read_in_its_place(every: int) -> None:
    async with answering(PIECES) as (reply, arrived):
        chunks, taken = await read(reply, arrived, lambda n: n % every == 0)
    assert chunks == PIECES
    assert taken == [p for n, p in enumerate(PIECES) if n and n % every == 0]  # the first is read


def test_this_version_of_aiohttp_allows_it() -> None:
    assert FITS


async def test_who_takes_chunks_leaves_memory_when_the_answer_has_ended() -> None:
    def wanted(number: int) -> bool:
        return True

    watched = ref(wanted)
    gc.disable()  # nothing of it waits for a collection of reference cycles
    try:
        async with answering(PIECES) as (reply, arrived):
            await read(reply, arrived, wanted)
            del wanted
            assert watched() is None
    finally:
        gc.enable()


async def test_what_it_raises_the_chunks_raise() -> None:
    def broken(number: int) -> bool:
        raise UpstreamError(localized("answer-large"))

    async with answering(PIECES) as (reply, arrived):
        with pytest.raises(UpstreamError, match="answer"):
            await read(reply, arrived, broken)


async def test_an_answer_that_breaks_off_after_what_was_taken_is_an_error() -> None:
    async with answering(PIECES, end=b"") as (reply, arrived):
        with pytest.raises(UpstreamError):
            await read(reply, arrived, lambda n: True)


@pytest.mark.parametrize("every", [1, 2])
async def test_no_key_of_the_proxy_is_taken_or_read(every: int) -> None:
    key = KEYS["a"].encode()
    pieces = [b"one", b" two " + key[:9], key[9:] + b" three", b" four", b" five"]
    async with answering(pieces, KEYS) as (reply, arrived):
        chunks, taken = await read(reply, arrived, lambda n: n % every == 0)
    whole = b"".join(chunks)
    assert whole.startswith(b"one two ")
    assert whole.endswith(b" three four five")
    assert key[:9] not in whole
    assert taken
