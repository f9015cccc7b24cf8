"""The guard around an ASGI application with its own API:

    app = GuardMiddleware(app, guard, {"/chat": Fields(("/message",), ("/reply",))})

What users write reaches the application masked or not at all; its answers are judged, with masked
values restored, before anybody reads them. Answers are JSON, or text in pieces. Nothing else passes
on the given paths.
"""

from __future__ import annotations

import asyncio
import codecs
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from threegate.client.async_guard import AsyncGuard
from threegate.client.results import CheckOptions, ContextOptions, GuardError, GuardStopped, Verdict
from threegate.tasks import Tasks

Json = dict[str, Any]
Path = tuple[str | int, ...]
MAX_BODY = 8 << 20
QUEUED = 16
"""Pieces of a text answer that may wait for the guard."""
TEXT = "text/plain"
UNREADABLE = "the answer cannot be checked"


@dataclass(frozen=True, slots=True)
class Fields:
    """JSON pointers to the texts of a request and of a JSON answer; `*` stands for every member. A
    text/plain answer is one text, whole or in pieces."""

    asked: tuple[str, ...]
    answered: tuple[str, ...] = ()


@dataclass(slots=True)
class GuardMiddleware:
    """`paths` by exact path, for POST. `options` go with every check, as for `AsyncGuard.check`."""

    app: Any
    guard: AsyncGuard
    paths: Mapping[str, Fields]
    options: ContextOptions = field(default_factory=lambda: ContextOptions())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        fields = self.paths.get(scope.get("path", "")) if scope["type"] == "http" else None
        if fields is None or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        call = _Call(self.guard, fields, self.options, send)
        try:
            body = await call.request(receive)
            await self.app(_with_length(scope, len(body)), _once(body, receive), call.answer)
            await call.end()
        except GuardStopped as stopped:
            await call.refuse(403, _refusal(stopped.verdict))
        except GuardError as error:
            if call.streams:  # its head has been sent, so ending without the last bytes is an error
                raise
            await call.refuse(error.status, {"error": {"code": error.code, "message": str(error)}})
        finally:
            await call.close()


@dataclass(slots=True)
class _Call:
    """One request and its answer. A JSON answer waits until all of it is judged; text is released
    as early as the rules allow."""

    guard: AsyncGuard
    fields: Fields
    options: ContextOptions
    send: Any
    turns: list[Json] = field(default_factory=list, repr=False)
    masks: str = field(default="", repr=False)
    _start: Json = field(default_factory=dict)
    _body: bytearray = field(default_factory=bytearray, repr=False)
    _stream: _TextStream | None = None

    async def request(self, receive: Any) -> bytes:
        """The body that the application may read. Raises GuardStopped, GuardError."""
        try:
            body = json.loads(await _read(receive))
        except ValueError:
            raise GuardError("the request is not JSON", 400, "invalid_json") from None
        places = dict(_texts(body, self.fields.asked))
        if not places:
            raise GuardError("the request has no text at its fields", 400, "nothing_to_check")
        self.turns = [{"role": "user", "content": text} for text in places.values()]
        verdict = await self.guard.check(texts=list(places.values()), **self.options)
        if not verdict.allowed:
            raise GuardStopped(verdict)
        self.masks = verdict.masks
        return _edited(body, dict(zip(places, verdict.texts, strict=True)))

    async def answer(self, message: Json) -> None:
        """Handles a message from the application. Raises GuardError."""
        if message["type"] == "http.response.start":
            self._start = message
            if _media(message) == TEXT:
                self._stream = _TextStream(self._released(), self.send, message)
        elif message["type"] == "http.response.body":
            piece = message.get("body", b"")
            if self._stream is not None:
                await self._stream.put(piece)
                return
            self._body += piece
            if len(self._body) > MAX_BODY:
                raise GuardError(UNREADABLE, 502, "answer_too_large")

    async def end(self) -> None:
        if self._stream is not None:
            await self._stream.end()
        elif self._body:
            await self._json()
        elif self._start:
            await self._give(b"")

    def _released(self) -> Callable[[AsyncIterator[str]], AsyncIterator[str]]:
        options: CheckOptions = {**self.options, "masks": self.masks}
        return lambda pieces: self.guard.stream(pieces, messages=self.turns, **options)

    async def _json(self) -> None:
        try:
            body = json.loads(bytes(self._body))
        except ValueError:
            raise GuardError(UNREADABLE, 502, "answer_not_readable") from None
        places = dict(_texts(body, self.fields.answered))
        texts = [await self._judged(text) for text in places.values()]
        await self._give(_edited(body, dict(zip(places, texts, strict=True))))

    async def _judged(self, text: str) -> str:
        turns = [*self.turns, {"role": "assistant", "content": text}]
        options: CheckOptions = {**self.options, "masks": self.masks}
        verdict = await self.guard.check(messages=turns, stage="output", **options)
        if verdict.answer is None:
            raise GuardStopped(verdict)
        return str(verdict.answer["content"])

    async def _give(self, body: bytes) -> None:
        await self.send(_with_length(self._start, len(body)))
        await self.send({"type": "http.response.body", "body": body})

    async def refuse(self, status: int, why: Json) -> None:
        headers = [(b"content-type", b"application/json")]
        self._start = {"type": "http.response.start", "status": status, "headers": headers}
        await self._give(json.dumps(why, ensure_ascii=False).encode())

    @property
    def streams(self) -> bool:
        return self._stream is not None

    async def close(self) -> None:
        if self._stream is not None:
            await self._stream.tasks.cancel()


@dataclass(slots=True)
class _TextStream:
    """A text answer through `released`, which is `AsyncGuard.stream`."""

    released: Callable[[AsyncIterator[str]], AsyncIterator[str]]
    send: Any
    start: Json
    tasks: Tasks = field(default_factory=Tasks)
    _pieces: asyncio.Queue[bytes | None] = field(
        default_factory=lambda: asyncio.Queue(QUEUED), repr=False
    )
    _work: asyncio.Task[None] | None = None

    async def put(self, piece: bytes | None) -> None:
        """Waits while much is queued. Pieces for a finished stream are dropped."""
        if self._work is None:
            self._work = self.tasks.spawn(self._run())
        putting = self.tasks.spawn(self._pieces.put(piece))
        await asyncio.wait((putting, self._work), return_when=asyncio.FIRST_COMPLETED)

    async def end(self) -> None:
        """Raises GuardError if the text could not be judged to its end."""
        await self.put(None)
        assert self._work is not None
        await self._work

    async def _run(self) -> None:
        await self.send(_with_length(self.start, None))
        try:
            async for text in self.released(self._texts()):
                await self._give(text)
        except GuardStopped as stopped:
            await self._give(f"\n{stopped.verdict.words}")
        await self.send({"type": "http.response.body", "body": b""})

    async def _give(self, text: str) -> None:
        await self.send({"type": "http.response.body", "body": text.encode(), "more_body": True})

    async def _texts(self) -> AsyncIterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while (piece := await self._pieces.get()) is not None:
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)


def _texts(value: Any, pointers: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    """Texts at the pointers, each with its place."""
    for pointer in pointers:
        yield from _at(value, tuple(pointer.strip("/").split("/")))


def _at(value: Any, names: tuple[str, ...], path: Path = ()) -> Iterator[tuple[Path, str]]:
    if not names:
        if isinstance(value, str) and value:
            yield path, value
        return
    members = dict(enumerate(value)) if isinstance(value, list) else value
    if isinstance(members, dict):
        for name, inner in members.items():
            if names[0] in ("*", str(name)):
                yield from _at(inner, names[1:], (*path, name))


def _edited(body: Any, texts: Mapping[Path, str]) -> bytes:
    """`body` with the texts at their places, as JSON. Changes `body`."""
    for path, text in texts.items():
        inner = body
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = text
    return json.dumps(body, ensure_ascii=False).encode()


async def _read(receive: Any) -> bytes:
    """Raises GuardError beyond the limit, or if the client has gone."""
    data = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise GuardError("the client has gone", 400, "disconnected")
        data += message.get("body", b"")
        if len(data) > MAX_BODY:
            raise GuardError("the request is too large", 413, "request_too_large")
        if not message.get("more_body"):
            return bytes(data)


def _once(body: bytes, receive: Any) -> Any:
    """A `receive` that returns this body, then the server's messages."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def given() -> Any:
        return waiting.pop() if waiting else await receive()

    return given


def _with_length(message: Json, length: int | None) -> Json:
    """A scope or response start with the length of the edited body; None: unknown."""
    own = (b"content-length", b"content-encoding", b"etag", b"content-md5")
    headers = [(n, v) for n, v in message.get("headers", ()) if n.lower() not in own]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return {**message, "headers": headers}


def _media(start: Json) -> str:
    found = (v for n, v in start.get("headers", ()) if n.lower() == b"content-type")
    return str(next(found, b"").decode("latin-1").split(";")[0].strip().lower())


def _refusal(verdict: Verdict) -> Json:
    error = {"code": "content_filter", "message": verdict.words, "record": verdict.id}
    return {"error": error}
