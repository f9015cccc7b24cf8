"""Callers that cost little: raw HTTP/1.1 over kept connections, one call at a time on each.

At several times a proxy's capacity an ordinary client needs more processor than the proxy, and its
own waiting would be counted as the proxy's. `bench.speed.overload` shows what the model itself
answers at the same rate.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import cast

from bench.speed import mock

GIVE_UP_S = 20
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.I)
_AGAIN = re.compile(rb"\r\nretry-after:", re.I)
_CLOSES = re.compile(rb"\r\nconnection:\s*close", re.I)


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` 0: none came."""

    status: int
    seconds: float
    come_again: bool = False


class Connection(asyncio.Protocol):
    """One connection; `asked` is done when the answer is whole or the connection is lost."""

    def __init__(self) -> None:
        self.buffer = b""
        self.asked: asyncio.Future[bytes] | None = None
        self.open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.open = True

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        self._tell(b"")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, parted, rest = self.buffer.partition(b"\r\n\r\n")
        if parted and _whole(head, rest):
            self.open = self.open and not _CLOSES.search(head)
            self.buffer = b""
            self._tell(head)

    def ask(self, request: bytes) -> asyncio.Future[bytes]:
        """The head of the answer; empty when there is none."""
        self.asked = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.asked

    def _tell(self, head: bytes) -> None:
        if self.asked is not None and not self.asked.done():
            self.asked.set_result(head)


def _whole(head: bytes, rest: bytes) -> bool:
    if found := _LENGTH.search(head):
        return len(rest) >= int(found[1])
    return mock.dechunked(rest) is not None


@dataclass(slots=True)
class Callers:
    """`head` is all of a request but the length of its body."""

    port: int
    headers: dict[str, str]
    _idle: list[Connection] = field(default_factory=list)

    async def ask(self, body: bytes) -> Answer:
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(GIVE_UP_S):
                connection = await self._connection()
                head = await connection.ask(self._request(body))
        except (OSError, TimeoutError):
            return Answer(0, time.perf_counter() - begun)
        if connection.open:
            self._idle.append(connection)
        status = int(head[9:12]) if head else 0
        return Answer(status, time.perf_counter() - begun, bool(_AGAIN.search(head)))

    async def _connection(self) -> Connection:
        while self._idle:
            if (known := self._idle.pop()).open:
                return known
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(Connection, "127.0.0.1", self.port)
        return made

    def _request(self, body: bytes) -> bytes:
        lines = [f"{name}: {value}" for name, value in self.headers.items()]
        head = ["POST /v1/chat/completions HTTP/1.1", "host: bench", *lines]
        head += ["content-type: application/json", f"content-length: {len(body)}", "", ""]
        return "\r\n".join(head).encode() + body

    def close(self) -> None:
        for connection in self._idle:
            connection.transport.close()
