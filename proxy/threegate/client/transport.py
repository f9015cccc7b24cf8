"""Where the guard runs: in this process, or at a server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp

from threegate.client.results import GuardError

Json = dict[str, Any]
CHECK, STREAM = "/v1/guard/check", "/v1/guard/stream"
TIMEOUT_S = 60.0


class Transport(Protocol):
    """Bodies are those of `/v1/guard/check`; errors are GuardError."""

    async def check(self, body: Json) -> Json: ...
    def stream(self, body: Json, pieces: AsyncIterable[str], channel: str) -> AsyncIterator[Json]:
        """`{"release": …}` for each text released, then `{"end": …}`."""
        ...

    async def aclose(self) -> None: ...


@dataclass(slots=True)
class HomeLoop:
    """The event loop of the first call: engine and connections belong to it."""

    _loop: asyncio.AbstractEventLoop | None = field(default=None, repr=False)

    def enter(self) -> None:
        """Raises GuardError in another loop."""
        loop = asyncio.get_running_loop()
        self._loop = self._loop or loop
        if self._loop is not loop:
            raise GuardError("the guard belongs to another event loop", 503, "other_loop")

    def leave(self) -> None:
        self._loop = None


@dataclass(slots=True)
class HttpTransport:
    """A server at `url`. One connection pool, opened at the first call and used in that call's loop
    alone."""

    url: str
    key: str = field(default="", repr=False)
    timeout_s: float = TIMEOUT_S
    _session: aiohttp.ClientSession | None = field(default=None, repr=False)
    _home: HomeLoop = field(default_factory=HomeLoop, repr=False)

    async def check(self, body: Json) -> Json:
        try:
            async with self._open().post(self.url + CHECK, json=body) as reply:
                return await _body(reply)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _away(self.url, error) from None

    async def stream(
        self, body: Json, pieces: AsyncIterable[str], channel: str
    ) -> AsyncIterator[Json]:
        timeout = aiohttp.ClientTimeout(sock_connect=self.timeout_s, sock_read=self.timeout_s)
        lines = _lines(body, pieces, channel)
        headers = {"content-type": "application/x-ndjson"}
        try:
            async with self._open().post(
                self.url + STREAM, data=lines, headers=headers, timeout=timeout
            ) as reply:
                if reply.status != 200:
                    await _body(reply)
                ended = False
                async for line in _lines_of(reply.content):
                    message = _message(line)
                    ended = ended or "end" in message
                    yield message
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _away(self.url, error) from None
        if not ended:
            raise GuardError("the guard's answer has no verdict", 502, "no_verdict")

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
        self._home.leave()

    def _open(self) -> aiohttp.ClientSession:
        self._home.enter()
        if self._session is None:
            headers = {"authorization": f"Bearer {self.key}"} if self.key else {}
            timeout = aiohttp.ClientTimeout(total=self.timeout_s)
            self._session = aiohttp.ClientSession(headers=headers, timeout=timeout)
        return self._session


async def _lines(body: Json, pieces: AsyncIterable[str], channel: str) -> AsyncIterator[bytes]:
    yield _line({"open": body})
    async for piece in pieces:
        if piece:
            yield _line({"append": piece, "channel": channel})
    yield _line({"close": True})


def _line(message: Json) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode() + b"\n"


async def _lines_of(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Of any length: the last one has an entry for each finding."""
    tail = bytearray()
    async for data in content.iter_any():
        tail += data
        if b"\n" in data:
            *lines, rest = bytes(tail).split(b"\n")
            tail = bytearray(rest)
            for line in lines:
                yield line


def _message(line: bytes) -> Json:
    message = _parsed(line, 502)
    if "error" in message:
        raise _refused(message, 500)
    return message


async def _body(reply: aiohttp.ClientResponse) -> Json:
    body = _parsed(await reply.read(), reply.status)
    if reply.status != 200:
        raise _refused(body, reply.status)
    return body


def _parsed(data: bytes, status: int) -> Json:
    try:
        found: Json = json.loads(data)
    except ValueError:
        raise GuardError("the answer is not JSON", status, "no_json") from None
    return found


def _refused(body: Any, status: int) -> GuardError:
    reported = body.get("error") if isinstance(body, dict) else None
    error = reported if isinstance(reported, dict) else {}
    return GuardError(str(error.get("message") or status), status, str(error.get("code") or ""))


def _away(url: str, error: BaseException) -> GuardError:
    why = f"the guard at {url} cannot be reached: {type(error).__name__}"
    return GuardError(why, 503, "unreachable")
