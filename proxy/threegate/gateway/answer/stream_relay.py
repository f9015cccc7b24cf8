"""A streamed answer: bytes to events to machines to bytes, in order, as early as the rules allow.

The client gets every event in the order of the upstream (`event_queue`), and the last one only when
the audit record is durable.

What is released depends only on the upstream's bytes: texts are released in the order of their
arrival. If the upstream breaks off or sends something that is not an event, the texts before that
are judged completely before the error is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import IntEnum, auto

from threegate.audit.log.record import Stage
from threegate.errors import AuditError, ProtocolError, ThreegateError, UpstreamError
from threegate.gateway.answer.event_queue import EventQueue, is_call
from threegate.gateway.answer.guarded_answer import CalledTool, GuardedAnswer
from threegate.gateway.answer.output_contract import ToolRules
from threegate.i18n.messages import localized
from threegate.types import Ruling
from threegate.upstream import Reply
from threegate.wire.adapter import Chunk, Delta, Outcome, StreamCodec, StreamKey
from threegate.wire.sse import ServerSentEvent, SSEDecoder, thinned

AT_ONCE = 2048
"""Code points of one text that are scanned at a time."""

KEEP_ALIVE = b": keep-alive\n\n"
KEEP_ALIVE_S = 8.0
"""Interval of our own comments while text is held: clients and load balancers time out after 10 s
or more."""

Send = Callable[[bytes], Awaitable[None]]


class Phase(IntEnum):
    READING = auto()  # the upstream still sends
    DRAINING = auto()  # its bytes have ended, verdicts are awaited
    ENDING = auto()  # nothing more of the answer is sent; its record is being written
    CLOSED = auto()  # the client has the end, or an error


@dataclass(slots=True)
class StreamRelay:
    """`end` writes the audit record, once; `failed` is called with an error before `end`.
    `language` is the language of error texts."""

    codec: StreamCodec
    answer: GuardedAnswer
    queue: EventQueue
    send: Send
    outcome: Callable[[Ruling], Outcome]
    end: Callable[[Stage], Awaitable[None]]
    tools: ToolRules
    failed: Callable[[ThreegateError], None] = lambda error: None
    language: str = ""
    phase: Phase = field(default=Phase.READING, init=False)
    _pending: Delta | None = field(default=None, init=False)  # not given to a machine yet
    _progressed: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _taking: bool = field(default=False, init=False)  # an event is being given to the machines
    _sent_at: float = field(default=0.0, init=False)  # when the client was last sent something

    async def run(self, reply: Reply) -> None:
        """Returns when the last byte has been sent. Errors end the stream in its own format; an
        unexpected exception is raised again after the client has got an error."""
        await self._reporting(self._answer(reply))

    async def _reporting(self, work: Awaitable[None]) -> None:
        try:
            await work
        except ThreegateError as error:
            await self._fail(error)
        except Exception:
            await self._fail(ProtocolError("unexpected error"))
            raise

    async def _answer(self, reply: Reply) -> None:
        broken: UpstreamError | None = None
        pump = asyncio.ensure_future(self._reporting(self._pump()))
        try:
            await self._read(reply)
        except asyncio.CancelledError:
            pump.cancel()
            raise
        except UpstreamError as error:
            broken = error
            self.answer.close()
        except Exception:
            self.queue.clear()  # a bug: text that is waiting for a verdict is not released
            raise
        finally:
            self.phase = max(self.phase, Phase.DRAINING)
            self.queue.upstream_ended = True
            self.answer.changed.set()
            await pump
        if broken is not None:
            await self._break_off()
            raise broken
        await self._conclude()

    async def _break_off(self) -> None:
        queue = self.queue
        if self.phase < Phase.ENDING and (rest := b"".join(queue.released() + queue.rest())):
            await self.send(rest)

    # Reading

    async def _read(self, reply: Reply) -> None:
        decoder, slices = SSEDecoder(), self.answer.slices
        async for data in reply.chunks():
            slices.begin()
            if not (decoder.between and self._goes_on(data)):
                await self._events(decoder.feed(data))
            await self._flush()
            if slices.due or self.answer.full:
                await self._pause()
            slices.end()
            if self.phase >= Phase.ENDING:
                return
        await self._events(decoder.close())
        if not self.answer.ending and (last := self.codec.close()) is not None:
            await self._take(last)
            await self._feed()

    def _goes_on(self, data: bytes) -> bool:
        """Whether these events only add to one text. If no event waits before them, they need no
        place in the queue: their text leaves as it is released."""
        if self.queue or self.answer.ending or (piece := self.codec.alike(data)) is None:
            return False
        text = self.answer.texts.get(piece.key)
        if text is None or len(piece.text) > AT_ONCE:
            return False
        text.feed(piece.text)
        return True

    async def _events(self, events: Iterable[ServerSentEvent]) -> None:
        try:
            for event in thinned(events):
                if self.answer.ending:
                    return
                chunk = self.codec.read(event)
                if chunk.frame is not None and self.answer.check_words(chunk.frame):
                    self.codec.reread()
                if not self._joins(chunk):
                    await self._take(chunk)
                await self._pause()
        except UpstreamError:
            await self._feed()
            raise
        await self._feed()

    async def _pause(self) -> None:
        """Gives other calls their turn and the classifiers the time they need."""
        await self.answer.slices.rest()
        while self.answer.full and self.phase < Phase.ENDING:
            self._progressed.clear()
            await self._progressed.wait()

    def _joins(self, chunk: Chunk) -> bool:
        """Pieces of one text that arrive together are scanned and released together."""
        pending = self._pending
        key = self.queue.open_call if pending is None else pending.key
        if key is None or not self.codec.is_piece(chunk, key):
            return False
        if pending is None:
            self._pending = replace(chunk.deltas[0])
            return True
        if len(pending.text) > AT_ONCE:
            return False
        pending.text += chunk.deltas[0].text
        return True

    async def _feed(self) -> None:
        if (pending := self._pending) is None:
            return
        self._pending = None
        for start in range(0, len(pending.text), AT_ONCE):
            if self.answer.ending:
                return
            self.answer.text(pending.key).feed(pending.text[start : start + AT_ONCE])
            if start + AT_ONCE < len(pending.text):
                await self._pause()

    async def _take(self, chunk: Chunk) -> None:
        self._taking = True
        try:
            await self._take_texts(chunk)
        finally:
            self._taking = False

    async def _take_texts(self, chunk: Chunk) -> None:
        if self._pending is not None:
            await self._feed()
        if self.answer.ending:
            return
        for delta in chunk.deltas:
            if self._pending is not None:
                await self._feed()
            if not delta.text or delta.key not in self.answer.texts:
                self._begin(delta.key)
            if self.answer.ending:
                return
            if delta.text:
                self._pending = replace(delta)
            await self._pause()
        if chunk.closes:
            await self._feed()
        for key in chunk.closes:
            self.answer.text(key).close()
            await self._pause()
        self.queue.append(chunk)

    def _begin(self, key: StreamKey) -> None:
        """A tool call whose name is not allowed ends the answer before its event is sent. A name
        may arrive in pieces, each with an empty text."""
        if is_call(key) and (name := self.codec.tool_name(key)):
            self.answer.calls[key] = CalledTool(name, self.tools.gate(name))
            if (ruled := self.tools.name(name)) is not None:
                self.answer.stop_after_received(ruled)

    # Writing

    async def _pump(self) -> None:
        """Sends text that verdicts release between reads and after the last one, and keeps the
        client's connection alive."""
        self._sent_at = asyncio.get_running_loop().time()
        while self.phase < Phase.ENDING and not self._is_drained():
            self.answer.tasks.raise_first()
            try:
                async with asyncio.timeout_at(self._sent_at + KEEP_ALIVE_S):
                    await self.answer.changed.wait()
            except TimeoutError:
                await self._send(KEEP_ALIVE)
            self.answer.changed.clear()
            await asyncio.sleep(0)  # lets the tasks that have notified end
            self._progressed.set()
            await self._flush()

    async def _send(self, data: bytes) -> None:
        await self.send(data)
        self._sent_at = asyncio.get_running_loop().time()

    def _is_drained(self) -> bool:
        if self.phase is Phase.READING or self.answer.cut is not None:
            return False
        return self.answer.all_decided if self.answer.closed else not self.queue

    async def _conclude(self) -> None:
        """The upstream's bytes have ended without the event that ends a stream."""
        if self.phase >= Phase.ENDING:
            return
        if not self.codec.finish_reasons:
            raise UpstreamError(localized("upstream-ended"))
        self.phase = Phase.ENDING
        await self.end(Stage.COMPLETED)

    async def _flush(self) -> None:
        """Sends everything that may be released now, in one write."""
        if self._taking or self.phase >= Phase.ENDING:
            return
        out = self.queue.released()
        if self.answer.cut is not None:
            await self._cut(out, self.answer.cut)
            return
        if (last := self.queue.last() if self.queue else None) is not None:
            out.append(last)
            self.phase = Phase.ENDING
            await self.end(Stage.COMPLETED)
        if data := b"".join(out):
            await self._send(data)
        if last is not None:
            self.phase = Phase.CLOSED

    # Ends

    async def _cut(self, out: list[bytes], ruled: Ruling) -> None:
        self.phase = Phase.ENDING
        out += [*self.queue.rest(), self.codec.cut(self.outcome(ruled))]
        await self.end(Stage.BLOCKED)
        await self.send(b"".join(out))
        self.phase = Phase.CLOSED

    async def _fail(self, error: ThreegateError) -> None:
        """Sends the error once, in the stream's own format; also in place of the normal end if the
        call's last record cannot be stored."""
        if self.phase is Phase.CLOSED:
            return
        ended, self.phase = self.phase is Phase.ENDING, Phase.CLOSED
        self._progressed.set()
        self.failed(error)
        if not ended:
            with suppress(AuditError):
                await self.end(Stage.ABORTED)
        await self.send(self.codec.error(error, self.language))
