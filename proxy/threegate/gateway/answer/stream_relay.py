"""A streamed answer: bytes to events to machines to bytes, in order, as early as the rules allow.

The client gets every event in the order of the upstream (`event_queue`), and the last one only when
the audit record is durable.

What is released depends only on the upstream's bytes: texts are released in the order of their
arrival. If the upstream breaks off or sends something that is not an event, the texts before that
are judged completely before the error is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum, auto
from functools import partial
from weakref import proxy

from threegate.audit.log.record import Stage
from threegate.errors import AuditError, ProtocolError, ThreegateError, UpstreamError
from threegate.gateway.answer.event_queue import EventQueue
from threegate.gateway.answer.event_reader import EventReader
from threegate.gateway.answer.guarded_answer import GuardedAnswer
from threegate.gateway.answer.output_contract import ToolRules
from threegate.gateway.asgi import DirectBody
from threegate.i18n.messages import localized
from threegate.types import Ruling
from threegate.upstream import Reply
from threegate.wire.adapter import Outcome
from threegate.wire.frame_codec import StreamCodec
from threegate.wire.sse import KEEP_ALIVE

KEEP_ALIVE_S = 8.0
"""Interval of our own comments while text is held: clients and load balancers time out after 10 s
or more."""

Send = Callable[[bytes], Awaitable[None]]


class _Ruled(Exception):
    """Ends the reading of an answer that a ruling has ended."""


class Phase(IntEnum):
    READING = auto()  # the upstream still sends
    DRAINING = auto()  # its bytes have ended, verdicts are awaited
    ENDING = auto()  # nothing more of the answer is sent; its record is being written
    CLOSED = auto()  # the client has the end, or an error


@dataclass(slots=True, weakref_slot=True)
class StreamRelay:
    """`end` writes the audit record, once; `failed` is called with an error before `end`.
    `language` is the language of error texts, `direct` another way for what `send` sends."""

    codec: StreamCodec
    answer: GuardedAnswer
    queue: EventQueue
    send: Send
    outcome: Callable[[Ruling], Outcome]
    end: Callable[[Stage], Awaitable[None]]
    tools: ToolRules
    failed: Callable[[ThreegateError], None] = lambda error: None
    language: str = ""
    direct: DirectBody | None = None
    phase: Phase = field(default=Phase.READING, init=False)
    _progressed: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _sent_at: float = field(default=0.0, init=False)  # when the client was last sent something
    _sending: int = field(default=0, init=False)  # writes that wait for the client
    _reader: EventReader = field(init=False, repr=False)

    def __post_init__(self) -> None:
        pause = partial(StreamRelay._pause, proxy(self))  # a cycle would keep the whole answer
        self._reader = EventReader(self.codec, self.answer, self.queue, self.tools, pause)

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
        pump = asyncio.ensure_future(self._reporting(self._pump()))
        try:
            broken = await self._read_all(reply, pump)
        except asyncio.CancelledError:
            pump.cancel()
            raise
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

    async def _read_all(self, reply: Reply, pump: asyncio.Future[None]) -> UpstreamError | None:
        """What broke the answer off; the texts that had come by then have ended."""
        try:
            await self._read_until_closed(reply, pump)
        except UpstreamError as error:
            self.answer.closed = True
            for text in list(self.answer.texts.values()):
                text.close()
                await self.answer.turns.rest()
            return error
        return None

    async def _read_until_closed(self, reply: Reply, pump: asyncio.Future[None]) -> None:
        """A late verdict may end the answer while the model is silent: the pump has then sent the
        end, and the bytes that might follow are not waited for."""

        def stop(_: asyncio.Future[None]) -> None:
            if self.phase is Phase.CLOSED:
                with suppress(RuntimeError):  # the reading has just ended by itself
                    reading.reschedule(0)

        try:
            async with asyncio.timeout(None) as reading:
                pump.add_done_callback(stop)
                await self._read(reply)
        except TimeoutError:
            if not reading.expired():
                raise

    async def _read(self, reply: Reply) -> None:
        try:
            async for data in reply.chunks(self._take_at_once):
                if self.answer.full:
                    await self._pause()
                await self._read_chunk(data)
                if self.phase >= Phase.ENDING:
                    return
        except _Ruled:
            await self._flush()
            return
        await self._reader.close()

    async def _read_chunk(self, data: bytes) -> None:
        turns = self.answer.turns
        await turns.enter()
        await self._reader.read(data)
        await self._flush()
        if turns.over or self.answer.full:
            await self._pause()

    def _take_at_once(self, data: bytes) -> bool:
        """From the upstream's socket to the client's without a turn of a task: what comes while
        nothing else is under way, and only adds to one text. Raises _Ruled where that ended the
        answer."""
        direct = self.direct
        if direct is None or not direct.ready or self._sending or self._reader.busy:
            return False
        if self.phase is not Phase.READING or self.answer.full or self.answer.turns.contended:
            return False
        if not self._reader.goes_on(data):
            return False
        if self.answer.cut is not None:
            raise _Ruled
        if out := self.queue.released():
            direct.write(b"".join(out))
            self._sent_at = asyncio.get_running_loop().time()
        return True

    async def _pause(self) -> None:
        """Gives other calls their turn and the classifiers the time they need."""
        await self.answer.turns.rest()
        while self.answer.full and self.phase < Phase.ENDING:
            self._progressed.clear()
            await self._progressed.wait()

    # Writing

    async def _pump(self) -> None:
        """Sends text that verdicts release between reads and after the last one, and keeps the
        client's connection alive."""
        self._sent_at = asyncio.get_running_loop().time()
        while self.phase < Phase.ENDING and not self._is_drained():
            self.answer.tasks.raise_first()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._sent_at + KEEP_ALIVE_S):
                    await self.answer.changed.wait()
            if self._sent_at + KEEP_ALIVE_S <= asyncio.get_running_loop().time():
                await self._send(KEEP_ALIVE)  # also where changes come without a pause
            self.answer.changed.clear()
            await asyncio.sleep(0)  # lets the tasks that have notified end
            self._progressed.set()
            await self._flush()

    async def _send(self, data: bytes) -> None:
        self._sending += 1
        try:
            await self.send(data)
        finally:
            self._sending -= 1
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
        if self._reader.busy or self.phase >= Phase.ENDING:
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
