"""`POST /v1/guard/stream`: the stream machine for gateways. One request is one answer.

Both bodies are lines of JSON (`application/x-ndjson`) and flow at the same time:

    {"open": {…}}                       as for `/v1/guard/check`, without stage and texts
    {"append": "text", "channel": "content", "choice": 0}
    {"close": true}

    {"release": "text", "channel": "content", "choice": 0}
    {"end": {…}}                        the result of the check

What is released does not depend on how the text was cut. `{"end": …}` is sent when the record is
durable; if it says that the answer is not allowed, nothing more of it may be shown. If a client
leaves before that, the record says aborted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from threegate.errors import RequestError, ThreegateError
from threegate.gateway.asgi import Receive, Responder, Scope
from threegate.gateway.http_endpoint import HttpEndpoint
from threegate.gateway.meta.openapi import schema_of
from threegate.i18n.messages import localized
from threegate.limits.admission import AdmissionSlot
from threegate.service.check_stream import CheckStream, check_stream
from threegate.service.dialects.base import REQUESTS, Operation, json_of
from threegate.service.dialects.guard_check import answer_check, result_json
from threegate.service.engine import CheckEngine, OpenCheck
from threegate.service.lines import Lines
from threegate.types import Caller, Channel
from threegate.wire.adapter import Body, StreamKey
from threegate.wire.errors import openai_error

MEDIA_TYPE: Final = "application/x-ndjson"
MAX_CHOICES: Final = 128
MAX_PIECES: Final = 4096
"""Read as one; then others have their turn."""
MESSAGE: Final = REQUESTS["guard_stream"]
OPERATION: Final = Operation.described(
    "guard_stream", "/v1/guard/stream", schema_of(MESSAGE), content_type=MEDIA_TYPE
)


@dataclass(frozen=True, slots=True)
class GuardStream(HttpEndpoint):
    engine: CheckEngine

    @property
    def name(self) -> str:
        return "guard_stream"

    def error_body(self, error: ThreegateError, language: str) -> Body:
        return openai_error(error, language)

    async def serve(
        self, scope: Scope, receive: Receive, out: Responder, slot: AdmissionSlot
    ) -> None:
        lines = Lines(receive, self.deps.closing)

        async def first(receive: Receive, headers: Mapping[str, str]) -> bytes:
            return await lines.first()

        async def opened(headers: Mapping[str, str], data: bytes, caller: Caller) -> OpenCheck:
            return self._opened(scope["path"], headers, data, caller, out)

        check = await self.read(scope, receive, out, slot, opened, first)
        try:
            async with check_stream(self.engine, check) as stream:
                slot.release_check()  # what follows arrives at the pace of a model
                await out.start(200, {"content-type": MEDIA_TYPE, "cache-control": "no-store"})
                await _flow(lines, stream, out)
                end = result_json(check.check, await stream.end())
                await out.finish(_line({"end": end}))
        except ThreegateError as error:
            if out.started:
                await out.finish(_line(openai_error(error, out.language)))
            raise

    def _opened(
        self, path: str, headers: Mapping[str, str], data: bytes, caller: Caller, out: Responder
    ) -> OpenCheck:
        message = json_of(data, MESSAGE)
        if message.get("open") is None:
            raise RequestError(localized("needed", place="open"), param="/open")
        check = answer_check(message["open"])
        return self.engine.open(check, self.name, path, headers, caller, out, streamed=True)


async def _flow(lines: Lines, stream: CheckStream, out: Responder) -> None:
    """Runs until nothing more will be released."""
    reader = asyncio.ensure_future(_read(lines, stream))
    reader.add_done_callback(lambda _: stream.stream.changed.set())
    try:
        while True:
            over = stream.over  # before the release: it may become true while that is sent
            if data := b"".join(_released(stream)):
                await out.chunk(data)
            if over:
                return
            if reader.done():
                reader.result()
            await stream.wait()
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)


def _released(stream: CheckStream) -> list[bytes]:
    return [
        _line({"release": text, "channel": key.channel.value, "choice": key.choice})
        for key, text in stream.take().items()
    ]


async def _read(lines: Lines, stream: CheckStream) -> None:
    """Pieces of one text that are here already are one: what is released is the same, and each
    costs a scan of what is held."""
    waiting: list[str] = []
    at = StreamKey(0, Channel.CONTENT)
    while (line := await lines.next()) is not None:
        message = json_of(line, MESSAGE)
        if text := message.get("append"):
            if (key := _key(message)) != at:
                await _append(stream, at, waiting)
            at = key
            waiting.append(text)
        closes = bool(message.get("close"))
        if closes or not lines.ready or len(waiting) >= MAX_PIECES:
            await _append(stream, at, waiting)
            await stream.room()
        if closes:
            stream.close()
            return
    raise RequestError(localized("needed", place="close"), param="/close")


async def _append(stream: CheckStream, key: StreamKey, waiting: list[str]) -> None:
    if waiting:
        await stream.append(key, "".join(waiting))
        waiting.clear()


def _key(message: Body) -> StreamKey:
    choice = int(message.get("choice") or 0)
    if not 0 <= choice < MAX_CHOICES:
        known = f"0…{MAX_CHOICES - 1}"
        raise RequestError(localized("one-of", place="choice", known=known), param="/choice")
    return StreamKey(choice, Channel(message.get("channel") or Channel.CONTENT))


def _line(message: dict[str, Any]) -> bytes:
    return orjson.dumps(message) + b"\n"
