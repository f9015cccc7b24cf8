"""The model's answer between Envoy and the guarded endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from threegate.service.ext_proc.exchange import EnvoyReply, Exchange
from threegate.service.ext_proc.inbox import Inbox
from threegate.service.ext_proc.messages import (
    PIECE,
    BodyMode,
    body_answer,
    continue_answer,
    header_mutation,
    headers_in,
    immediate_answer,
    status_of,
    streamed_answer,
)
from threegate.tasks import Tasks
from threegate.wire.sse import is_event_stream

Write = Callable[[Any], Awaitable[None]]

END_S = 1.0
"""How long a finished answer waits for the end of Envoy's message. Whether that ends in trailers
must be known before the last piece; an answer that was cut ends long before the model's.
"""


async def immediate(exchange: Exchange, write: Write, begun: bytes = b"") -> bool:
    """Sends the endpoint's answer in place of the model's, of which `begun` has been taken. False
    if there is none."""
    rest = await exchange.taken(lambda: exchange.ended or exchange.gone)
    if exchange.ended:
        headers = {k: v for k, v in exchange.answer_headers.items() if k != "content-length"}
        await write(immediate_answer(exchange.status, headers, begun + rest))
    return exchange.ended


@dataclass(slots=True)
class Answering:
    """`mode` says how Envoy sends the answer's body."""

    exchange: Exchange
    inbox: Inbox
    write: Write
    mode: BodyMode
    tasks: Tasks
    _trailers: bool = False
    _received: bool = False  # Envoy's message to its end

    async def run(self) -> bool:
        """False if Envoy must not continue by itself."""
        part, head = await self.inbox.next()
        if part == "request_trailers":
            await self.write(continue_answer(part))
            part, head = await self.inbox.next()
        if part != "response_headers":
            return False
        headers = {k: v.decode("latin-1") for k, v in headers_in(head.headers) if k != ":status"}
        reply = self.exchange.begin_reply(status_of(head), headers)
        if head.end_of_stream:
            reply.end()
            return await immediate(self.exchange, self.write)
        if self.mode is BodyMode.FULL_DUPLEX_STREAMED:
            return await self._duplex(reply)
        return await self._one_by_one(reply)

    async def _one_by_one(self, reply: EnvoyReply) -> bool:
        """Answers every message from Envoy with whatever has been released by then."""
        exchange, streams = self.exchange, is_event_stream(reply.headers)
        if streams:
            await exchange.until(lambda: exchange.status or exchange.gone)
            if exchange.status != reply.status:
                return await immediate(exchange, self.write)
        changes = self._changes(reply) if streams else None
        buffered = self.mode is BodyMode.BUFFERED
        override = BodyMode.STREAMED if streams and buffered else None
        await self.write(continue_answer("response_headers", changes, override))
        done: bool | None = None
        while done is None:
            done = await self._piece(reply, whole=buffered and not streams)
        return done

    async def _piece(self, reply: EnvoyReply, *, whole: bool) -> bool | None:
        """None: more follows."""
        part, message = await self.inbox.next()
        exchange = self.exchange
        if part == "response_body":
            last = whole or message.end_of_stream
            self._feed(reply, message.body, last=last)
            data = await exchange.taken(lambda: exchange.ended or exchange.gone or reply.drained)
            if exchange.status not in (0, reply.status):
                return await immediate(exchange, self.write, data)
            changes = self._changes(reply, len(data)) if whole else None
            await self.write(body_answer(part, data, changes))
            return True if last else None
        if part != "response_trailers":
            return False
        self._feed(reply, b"", last=True)
        rest = await exchange.taken(lambda: exchange.ended or exchange.gone)
        if rest:  # too late for a body; the client must not take this for the end
            return await immediate(exchange, self.write, rest)
        await self.write(continue_answer(part))
        return exchange.ended

    async def _duplex(self, reply: EnvoyReply) -> bool:
        """Sends text as soon as it is released, whatever Envoy sends meanwhile."""
        exchange = self.exchange
        self.tasks.spawn(self._feed_all(reply))
        await exchange.until(lambda: exchange.status or exchange.gone)
        if exchange.status != reply.status:
            return await immediate(exchange, self.write)
        await self.write(continue_answer("response_headers", self._changes(reply)))
        while True:
            await exchange.until(lambda: exchange.out or exchange.ended or exchange.gone)
            if exchange.gone and not exchange.ended:
                return False
            data = exchange.take(PIECE)
            if exchange.ended and not exchange.out and self._received:
                break
            if data:
                await self.write(streamed_answer("response_body", data, last=False))
            elif exchange.ended:
                await self._end_of_message()
        await self.write(streamed_answer("response_body", data, last=not self._trailers))
        if self._trailers:
            await self.write(continue_answer("response_trailers"))
        return True

    async def _end_of_message(self) -> None:
        exchange = self.exchange
        with suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await exchange.until(lambda: self._received or exchange.gone)
        self._received = True

    async def _feed_all(self, reply: EnvoyReply) -> None:
        exchange = self.exchange
        while True:
            part, message = await self.inbox.next()
            match part:
                case "response_body":
                    self._feed(reply, message.body, last=message.end_of_stream)
                    self._note_end(ended=message.end_of_stream)
                    await exchange.until(lambda: reply.drained or exchange.ended or exchange.gone)
                case "response_trailers":
                    self._trailers = not self._received
                    self._feed(reply, b"", last=True)
                    self._note_end(ended=True)
                case _:
                    exchange.leave()
                    return

    def _note_end(self, *, ended: bool) -> None:
        if ended:
            self._received = True
            self.exchange.changed.set()

    def _feed(self, reply: EnvoyReply, data: bytes, *, last: bool) -> None:
        if self.exchange.ended:  # nothing is sent after a cut
            return
        if data:
            reply.feed(data)
        if last:
            reply.end()

    def _changes(self, reply: EnvoyReply, length: int | None = None) -> Any:
        """Headers from the endpoint that the model did not send. If the body has no known length,
        Envoy removes that header itself."""
        given = self.exchange.answer_headers
        changed = {k: v for k, v in given.items() if reply.headers.get(k) != v}
        changed.pop("content-length", None)
        if length is not None:
            changed["content-length"] = str(length)
        return header_mutation(changed)
