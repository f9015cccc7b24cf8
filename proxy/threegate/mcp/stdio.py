"""A server that speaks over standard input and output, started here with the guard between it and
its client. Messages are lines of JSON; each direction keeps its order."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import orjson

from threegate.errors import ThreegateError
from threegate.mcp.messages import Json, unreadable
from threegate.mcp.session import McpSession, Routed
from threegate.tasks import Tasks
from threegate.wire import json as strict_json

log = logging.getLogger(__name__)
MAX_LINE = 8 << 20
STOP_S = 5.0
"""How long a server may take to end its output once its client has gone."""
GRACE_S = 1.0
"""And to exit after that before it is terminated."""


class Writer(Protocol):
    def write(self, data: bytes) -> None: ...
    async def drain(self) -> None: ...


@dataclass(slots=True)
class FileWriter:
    """A file descriptor, written from a thread: it may be a pipe, a terminal or a file."""

    descriptor: int
    _waiting: bytearray = field(default_factory=bytearray, repr=False)

    def write(self, data: bytes) -> None:
        self._waiting += data

    async def drain(self) -> None:
        data = bytes(self._waiting)
        self._waiting.clear()
        await asyncio.to_thread(self._write, data)

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.descriptor, data) :]


@dataclass(slots=True)
class StdioProxy:
    """`client_in` and `client_out` are the client's side."""

    session: McpSession
    client_in: asyncio.StreamReader
    client_out: Writer
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self, command: Sequence[str]) -> int:
        """Runs until one side ends. Returns the server's exit code if it ended first, else 0."""
        server = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=MAX_LINE
        )
        assert server.stdin is not None
        assert server.stdout is not None
        tasks = Tasks()
        requests = tasks.spawn(self._requests(server.stdin))
        answers = tasks.spawn(self._answers(server.stdout, server.stdin))
        try:
            await asyncio.wait((requests, answers), return_when=asyncio.FIRST_COMPLETED)
            server.stdin.close()
            await asyncio.wait((answers,), timeout=STOP_S)
            tasks.raise_first()
            if requests.done():
                return 0
            await _end(server)  # its output can no longer be read
            return server.returncode or 0
        finally:
            await tasks.cancel()
            await _end(server)

    async def _requests(self, server: Writer) -> None:
        async for message in _messages(self.client_in, self._unreadable):
            await self._route(await self.session.from_client(message), server, self.client_out)

    async def _answers(self, lines: asyncio.StreamReader, server: Writer) -> None:
        async for message in _messages(lines, _ignored):
            await self._route(await self.session.from_server(message), self.client_out, server)

    async def _route(self, routed: Routed, on: Writer, back: Writer) -> None:
        async with self._lock:  # both directions write to both sides
            for message, writer in ((routed.on, on), (routed.back, back)):
                if message is not None:
                    writer.write(orjson.dumps(message) + b"\n")
                    with suppress(ConnectionError):
                        await writer.drain()

    async def _unreadable(self) -> None:
        """A client's line that is not a message is answered; a server's is dropped."""
        await self._route(Routed(on=unreadable()), self.client_out, self.client_out)


async def _end(server: asyncio.subprocess.Process) -> None:
    """A server that ends by itself is only waited for: `terminate` on a process that has just ended
    would consume its exit code before asyncio, which then logs an unknown child process."""
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(server.wait(), GRACE_S)
    finally:  # also if the wait is cancelled
        if server.returncode is None:
            with suppress(ProcessLookupError):
                server.terminate()
    try:
        await asyncio.wait_for(server.wait(), STOP_S)
    except TimeoutError:
        with suppress(ProcessLookupError):  # it ended in the meantime
            server.kill()
        await server.wait()


async def _ignored() -> None:
    """Servers print other things too."""


async def _messages(
    lines: asyncio.StreamReader, unreadable: Callable[[], Awaitable[None]]
) -> AsyncIterator[Json]:
    while line := await _line(lines):
        try:
            yield strict_json.parse(line)
        except ThreegateError:
            if line.strip():
                await unreadable()


async def _line(lines: asyncio.StreamReader) -> bytes:
    """Empty at the end, or if a line is longer than the guard reads."""
    try:
        return await lines.readline()
    except ValueError:
        log.error("a message of more than %d MiB: the session ends", MAX_LINE >> 20)
        return b""
    except ConnectionError:
        return b""


async def over_standard_streams(session: McpSession, command: Sequence[str]) -> int:
    """The proxy at this process's own standard input and output."""
    reader = await _standard_input()
    writer = FileWriter(os.dup(sys.stdout.fileno()))
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else may write between the messages
    return await StdioProxy(session, reader, writer).run(command)


async def _standard_input() -> asyncio.StreamReader:
    """Reads a pipe, socket or terminal as data arrives; a file or /dev/null, which an event loop
    cannot poll and which never block, at once."""
    reader = asyncio.StreamReader(limit=MAX_LINE)
    source = sys.stdin.buffer
    mode = os.fstat(source.fileno()).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or source.isatty():
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), source)
    else:
        reader.feed_data(await asyncio.to_thread(source.read))
        reader.feed_eof()
    return reader
