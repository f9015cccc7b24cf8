"""Envoy's part, played with the real gRPC client: any message in any order."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc
from threegate.service.ext_proc.messages import MESSAGE, METHOD, BodyMode

from tests.waiting import PATIENCE_S

CHAT = {":method": "POST", ":path": "/v1/chat/completions", "content-type": "application/json"}
JSON = {":status": "200", "content-type": "application/json"}
EVENTS = {":status": "200", "content-type": "text/event-stream"}


class PlayedEnvoy:
    def __init__(self, call: Any, out: queue.SimpleQueue[Any]) -> None:
        self._call, self._out = call, out

    def headers(
        self, part: str, named: Mapping[str, str], *, last: bool = False, **more: Any
    ) -> None:
        message = MESSAGE["ProcessingRequest"](**more)
        made = getattr(message, part)
        made.end_of_stream = last
        for name, value in named.items():
            made.headers.headers.add(key=name, raw_value=value.encode())
        self._out.put(message)

    def request(
        self,
        mode: BodyMode,
        answer: BodyMode | None = None,
        named: Mapping[str, str] = CHAT,
        **more: Any,
    ) -> None:
        config = {
            "request_body_mode": mode,
            "response_body_mode": mode if answer is None else answer,
        }
        self.headers("request_headers", named, protocol_config=config, **more)

    def body(self, part: str, data: bytes, *, last: bool = True) -> None:
        message = MESSAGE["ProcessingRequest"]()
        getattr(message, part).body = data
        getattr(message, part).end_of_stream = last
        self._out.put(message)

    def trailers(self, part: str) -> None:
        message = MESSAGE["ProcessingRequest"]()
        getattr(message, part).SetInParent()
        self._out.put(message)

    def leave(self) -> None:
        self._out.put(None)

    def next(self) -> Any:
        return next(self._call)

    def ended(self) -> Any:
        """The status of the stream, after the server has closed it."""
        for _ in self._drained():
            pass
        return self._call.code()

    def _drained(self) -> Iterator[Any]:
        try:
            yield from self._call
        except grpc.RpcError:
            return


@contextmanager
def playing(port: int, credentials: grpc.ChannelCredentials | None = None) -> Iterator[PlayedEnvoy]:
    out: queue.SimpleQueue[Any] = queue.SimpleQueue()
    place = f"127.0.0.1:{port}"
    with (
        grpc.secure_channel(place, credentials) if credentials else grpc.insecure_channel(place)
    ) as channel:
        method = channel.stream_stream(
            METHOD,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=MESSAGE["ProcessingResponse"].FromString,
        )
        call = method(iter(out.get, None), timeout=PATIENCE_S)
        try:
            yield PlayedEnvoy(call, out)
        finally:
            out.put(None)
            call.cancel()


def header(mutation: Any, name: str) -> str:
    found = [o.header.raw_value.decode() for o in mutation.set_headers if o.header.key == name]
    return found[-1] if found else ""
