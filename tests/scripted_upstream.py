"""The demo model with what tests and benchmarks need beside: scripted bytes, faults, an API key, and
a count of the clients that left.

`play` scripts the bytes of the next answers, cut anywhere, with delays. Faults are further
directives of the demo model (`threegate.testing.prompts`):

| directive | effect |
|---|---|
| `status=N` | an error of that status |
| `delay=S` | seconds before the answer; `pause=S` between the pieces of a stream |
| `size=N` | the stream in pieces of N bytes, wherever that cuts |
| `keepalive` | comments (stream) or blank lines (not streamed) while "thinking" |
| `cut` | the connection breaks inside an event |
| `garbage` | an event that is no JSON |
| `midstream` | an error event in the middle |
| `bomb` | 64 MiB of zeros, gzipped |
| `hang` | no answer ever |
| `redirect` | 307 to somewhere else |
"""

from __future__ import annotations

import gzip
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from threading import Event
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send
from threegate.testing.scripts import Prompt
from threegate.testing.upstream import DemoUpstream, Json, Shape, error_response

BOMB_BYTES = 64 << 20


class ScriptedUpstream(DemoUpstream):
    """One demo model. With `api_key` it refuses requests that do not carry it."""

    def __init__(self, *, api_key: str | None = None) -> None:
        super().__init__()
        self._api_key = api_key
        self._script: deque[Played] = deque()
        self.aborted = 0  # answers whose client left before the end

    def play(self, pieces: Iterable[bytes], **how: Any) -> None:
        """Answer the next request with these bytes; `how` as in `Played`."""
        self._script.append(Played(tuple(pieces), **how))

    async def take(self, request: Request) -> tuple[Json, Response | None]:
        body, refused = await super().take(request)
        if refused is not None:
            return body, refused
        if not self._authorised(request):
            kind = "authentication_error"
            return body, error_response(401, "Authentication Fails (no such user)", kind)
        if self._script:
            return body, PiecesResponse(self._script.popleft(), self._note_abort)
        return body, None

    def _authorised(self, request: Request) -> bool:
        if self._api_key is None:
            return True
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        return self._api_key in (bearer, request.headers.get("x-api-key"))

    def _note_abort(self) -> None:
        self.aborted += 1

    async def respond(self, answer: Shape, prompt: Prompt, *, streamed: bool) -> Response:
        if (fault := await self._fault(prompt.options)) is not None:
            return fault
        if streamed:
            played = with_faults(list(answer.events()), prompt.options)
        else:
            whole = await super().respond(answer, prompt, streamed=False)
            played = whole_with_faults(bytes(whole.body), prompt.options)
        return PiecesResponse(played, self._note_abort)

    async def _fault(self, options: dict[str, str]) -> Response | None:
        await anyio.sleep(float(options.get("delay") or 0))
        if "hang" in options:
            return PiecesResponse(Played((), hang=True), self._note_abort)
        if "status" in options:
            return error_response(int(options["status"]), f"demo fault {options['status']}")
        if "redirect" in options:
            return RedirectResponse("http://127.0.0.1:9/", 307)
        if "bomb" in options:
            headers = {"content-encoding": "gzip"}
            return Response(gzip.compress(bytes(BOMB_BYTES)), 200, headers, "application/json")
        return None


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
    while not event.is_set():
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


def whole_with_faults(text: bytes, options: dict[str, str]) -> Played:
    """An answer that is not streamed, with the requested faults."""
    if "garbage" in options:
        text = b'{"choices": [oops'
    blank = b"\n\n\n" if "keepalive" in options else b""
    pieces = (blank + text[: len(text) // 2],) if "cut" in options else (blank, text)
    shown = tuple(piece for piece in pieces if piece)
    return Played(shown, media_type="application/json", finish="cut" not in options)
