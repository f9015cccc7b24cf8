"""Answers of the demo upstream piece by piece: with delays, cut anywhere, broken on purpose."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from threading import Event

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Played:
    """A scripted answer: pieces of bytes, `pause` seconds before each; those after the first wait
    until `go_on` is set. `finish` False breaks the connection after the last, `hang` never
    begins."""

    pieces: tuple[bytes, ...]
    status: int = 200
    media_type: str = "text/event-stream"
    headers: tuple[tuple[str, str], ...] = ()
    pause: float = 0.0
    finish: bool = True
    hang: bool = False
    go_on: Event | None = None


class PiecesResponse(Response):
    """Sends pieces as they are; notes when the client leaves before the end."""

    def __init__(self, played: Played, on_abort: Callable[[], None]) -> None:
        headers = dict(played.headers)
        super().__init__(None, played.status, headers, played.media_type)
        del self.headers["content-length"]
        self._played = played
        self._on_abort = on_abort

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(self._watch, receive, group.cancel_scope)
            await self._send(send)
            group.cancel_scope.cancel()

    async def _watch(self, receive: Receive, scope: anyio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._on_abort()
        scope.cancel()

    async def _send(self, send: Send) -> None:
        if self._played.hang:
            await anyio.sleep_forever()
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        async for piece in self._paced():
            if piece:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        if self._played.finish:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _paced(self) -> AsyncIterator[bytes]:
        for number, piece in enumerate(self._played.pieces):
            await anyio.sleep(self._played.pause)
            if number and self._played.go_on is not None:
                await _set(self._played.go_on)
            yield piece


async def _set(event: Event) -> None:
    """A thread sets it; a thread that waited for it could not be cancelled."""
    while not event.is_set():  # noqa: ASYNC110
        await anyio.sleep(0.01)


def with_faults(events: list[bytes], options: dict[str, str]) -> Played:
    """The events with the requested faults."""
    middle = len(events) // 2
    if "keepalive" in options:
        events[1:1] = [b": keep-alive\n\n"] * 2
    if "garbage" in options:
        events[middle:middle] = [b"data: {oops\n\n"]
    if "midstream" in options:
        error = {"error": {"message": "demo fault", "type": "server_error", "code": None}}
        events[middle:] = [f"data: {json.dumps(error)}\n\n".encode()]
    if "cut" in options:
        events[middle:] = [events[middle][: len(events[middle]) // 2]]
    if size := int(options.get("size") or 0):
        data = b"".join(events)
        events = [data[start : start + size] for start in range(0, len(data), size)]
    pause = float(options.get("pause") or 0)
    return Played(tuple(events), pause=pause, finish="cut" not in options)
