"""ASGI input and output: bounded bodies, headers, JSON answers, streams, disconnecting clients.
Pure ASGI."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import orjson

from threegate.errors import RequestError
from threegate.i18n.messages import localized
from threegate.wire.limits import MAX_BODY_BYTES

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
SendEvent = Callable[[dict[str, Any]], Awaitable[None]]

BODY_S = 30.0
"""A body must arrive within this many seconds (slow-loris)."""

EVENTS: Final = {
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
}
"""Headers of a stream. The last one keeps nginx from buffering it."""

_LANGUAGE: Final = re.compile(
    r"(?:^|,)[ \t]*(zh|en)(?![a-z])[^,;]*(?:;[ \t]*q=([01](?:\.\d{1,3})?))?"
)
_CONTROLS: Final = bytes({*range(32), 127} - {ord("\t")})


class ClientLeft(Exception):
    """The client closed the connection; no answer can be sent."""


def headers_of(scope: Scope) -> dict[str, str]:
    """Headers by lower-case name; of repeated ones the last. Raises RequestError for control
    characters."""
    out: dict[str, str] = {}
    for name, value in scope["headers"]:
        if value.translate(None, _CONTROLS) != value:
            raise RequestError(localized("header-controls"), param=name.decode("latin-1"))
        out[name.decode("latin-1")] = value.decode("latin-1")
    return out


def wanted_language(accepted: str) -> str:
    """zh or en, whichever an `accept-language` header prefers; empty if it names neither."""
    if not accepted:
        return ""
    weights = {"": 0.0}
    for tag, weight in _LANGUAGE.findall(accepted.lower()):
        weights.setdefault(tag, float(weight or 1))
    return max(weights, key=weights.__getitem__)


async def read_request(receive: Receive, headers: Mapping[str, str]) -> bytes:
    """Reads the body. Raises RequestError: 413 too large, 415 encoded, 408 too slow."""
    if headers.get("content-encoding", "identity") not in ("identity", ""):
        raise RequestError(localized("compressed"), status=415, code="encoding")
    declared = headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_S):
            return await _collect(receive)
    except TimeoutError:
        raise RequestError(localized("body-late"), status=408, code="timeout") from None


async def _collect(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        size += len(message.get("body", b""))
        if size > MAX_BODY_BYTES:
            raise _too_large()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _too_large() -> RequestError:
    text = localized("body-large", limit=MAX_BODY_BYTES)
    return RequestError(text, status=413, code="request_too_large")


class DirectBody(Protocol):
    """Our own server's short way for a piece of a body, in `scope["extensions"]`: a call that need
    not be awaited. Only while it is `ready`: the body has begun and the client keeps up."""

    @property
    def ready(self) -> bool: ...
    def write(self, data: bytes) -> None: ...


DIRECT: Final = "threegate.direct"


@dataclass(slots=True)
class Responder:
    """One answer to one request. `headers` are added to whatever is sent. `language` is that of its
    errors: the one that the client prefers, else that of the text it sent, else English."""

    send: SendEvent
    headers: dict[str, str] = field(default_factory=dict)
    language: str = ""
    started: bool = False
    direct: DirectBody | None = None

    async def json(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        kept = {**(headers or {}), "content-type": "application/json"}
        await self.start(status, kept | {"content-length": str(len(data))})
        await self.send({"type": "http.response.body", "body": data})

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        self.started = True
        merged = {**headers, **self.headers}
        raw = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in merged.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": raw})

    async def chunk(self, data: bytes) -> None:
        await self.send({"type": "http.response.body", "body": data, "more_body": True})

    async def finish(self, data: bytes = b"") -> None:
        await self.send({"type": "http.response.body", "body": data})


@dataclass(slots=True)
class Departure:
    """Our own server's notice that a client has left, in `scope["extensions"]`: with it no call
    needs a task that waits for `http.disconnect`. One per connection, which serves one request at a
    time.
    """

    gone: bool = False
    call: Callable[[], None] | None = None  # what to call when the client leaves

    def leave(self) -> None:
        self.gone = True
        if self.call is not None:
            self.call()


DEPARTURE: Final = "threegate.departure"


class WhileConnected:
    """Raises ClientLeft inside the block as soon as the client is gone."""

    def __init__(
        self, scope: Mapping[str, Any], receive: Callable[[], Awaitable[Mapping[str, Any]]]
    ) -> None:
        self._departure: Departure | None = scope.get("extensions", {}).get(DEPARTURE)
        self._receive, self._left = receive, False
        self._watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        inside = asyncio.current_task()
        assert inside is not None
        self._inside = inside
        if self._departure is None:
            self._watcher = asyncio.get_running_loop().create_task(self._watch())
        elif self._departure.gone:
            raise ClientLeft
        else:
            self._departure.call = self._leave

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """The watcher need not be awaited: it only has to end."""
        if self._departure is not None and self._departure.call == self._leave:
            self._departure.call = None
        if self._watcher is not None:
            self._watcher.cancel()
        if self._left and kind is asyncio.CancelledError:
            self._inside.uncancel()
            raise ClientLeft from None

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._leave()

    def _leave(self) -> None:
        self._left = True
        self._inside.cancel()
