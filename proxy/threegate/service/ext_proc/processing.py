"""The order of Envoy's messages for one request, and the reply to each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from threegate.errors import UpstreamError
from threegate.i18n.messages import localized
from threegate.service.ext_proc.answering import Answering, Write, immediate
from threegate.service.ext_proc.exchange import Exchange
from threegate.service.ext_proc.inbox import Inbox
from threegate.service.ext_proc.messages import (
    BodyMode,
    body_answer,
    continue_answer,
    error_answer,
    header_mutation,
    pieces,
    status_of,
    streamed_answer,
)
from threegate.tasks import Tasks
from threegate.wire.limits import MAX_BODY_BYTES

MODES: Final = (BodyMode.STREAMED, BodyMode.BUFFERED, BodyMode.FULL_DUPLEX_STREAMED)
"""Modes in which a body can be judged."""


@dataclass(slots=True)
class Processing:
    """`request_mode` and `answer_mode` say how Envoy sends bodies."""

    exchange: Exchange
    inbox: Inbox
    write: Write
    request_mode: BodyMode
    answer_mode: BodyMode
    tasks: Tasks = field(default_factory=Tasks)
    _trailers: bool = False

    @property
    def _duplex(self) -> bool:
        return self.request_mode is BodyMode.FULL_DUPLEX_STREAMED

    async def run(self, *, has_body: bool) -> bool:
        """Processes all messages after the first. False if Envoy must not continue by itself,
        because its messages were unexpected."""
        self.tasks.spawn(self.inbox.pump())
        try:
            return await self._run(has_body)
        finally:
            await self.tasks.cancel()

    async def _run(self, has_body: bool) -> bool:
        exchange = self.exchange
        if not has_body:
            exchange.body = b""
        await exchange.until(lambda: exchange.wanted or exchange.ended or exchange.gone)
        if exchange.wanted and has_body:
            if not self._duplex:
                await self._go_on()
            match await self._read_body():
                case "response_headers", head:  # only the head remains: no model gets a text
                    await self.write(self._early(head))
                    return True
                case unexpected, _ if unexpected:
                    return False
        await exchange.until(lambda: exchange.sent is not None or exchange.ended or exchange.gone)
        if exchange.sent is None:
            return await immediate(exchange, self.write)
        await self._send_on(exchange.sent)
        answering = Answering(exchange, self.inbox, self.write, self.answer_mode, self.tasks)
        return await answering.run()

    async def _go_on(self) -> None:
        """In full duplex the head also waits for the verdict, so that a stopped request never
        reaches the model API."""
        changes = header_mutation(*self.exchange.request_changes())
        await self.write(continue_answer("request_headers", changes))

    def _early(self, head: Any) -> Any:
        """Forwards Envoy's own answer. If the head of the request has left, a model API may have
        answered and Envoy would send it the rest of the body unchecked, so the reply ends the
        request, with the same status if that is an error status."""
        if self.request_mode is not BodyMode.STREAMED:
            return continue_answer("response_headers")
        status = status_of(head)
        error = UpstreamError(localized("upstream-status", status=status))
        return error_answer(error, status if status >= 400 else error.status)

    async def _read_body(self) -> tuple[str, Any]:
        """An empty name when the body is complete or nobody waits for it; else the part that
        arrived instead."""
        parts = bytearray()
        while True:
            part, message = await self.inbox.next(or_end=True)
            if part == "request_trailers" and self._duplex:
                self._trailers = True
                break
            if part != "request_body":
                return part, message
            parts += message.body
            whole = message.end_of_stream or self.request_mode is BodyMode.BUFFERED
            if whole or len(parts) > MAX_BODY_BYTES:  # the endpoint refuses a longer one
                break
            if self.request_mode is BodyMode.STREAMED:
                await self.write(body_answer("request_body", b""))
        self.exchange.body = bytes(parts)
        self.exchange.changed.set()
        return "", None

    async def _send_on(self, data: bytes) -> None:
        if not self._duplex:
            buffered = self.request_mode is BodyMode.BUFFERED
            length = header_mutation({"content-length": str(len(data))}) if buffered else None
            await self.write(body_answer("request_body", data, length))
            return
        await self._go_on()
        for piece, last in pieces(data):
            ends = last and not self._trailers
            await self.write(streamed_answer("request_body", piece, last=ends))
        if self._trailers:
            await self.write(continue_answer("request_trailers"))
