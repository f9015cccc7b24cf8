"""A streamed answer: bytes to events to machines to bytes, in order, as early as the rules allow.

Events wait in a queue. An event that closes a text waits until that text's machine has drained;
until then only the texts that it closes are released. So the client gets every event in the order
of the upstream, and the last one only when the audit record is durable. Tool calls and everything
after one wait for the end of the answer.

What is released depends only on the upstream's bytes: texts are released in the order of their
arrival. If the upstream breaks off or sends something that is not an event, the texts before it are
judged completely before the error is sent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum, auto

from threegate.audit.log.record import Stage
from threegate.errors import AuditError, ProtocolError, ThreegateError, UpstreamError
from threegate.gateway.answer.annotations import notes_of
from threegate.gateway.answer.output_contract import ToolRules
from threegate.gateway.answer.tracks import AnswerTracks, CalledTool
from threegate.guard.stream_machine import HIGH_WATER
from threegate.i18n.messages import localized
from threegate.types import Channel, Ruling
from threegate.upstream import Reply
from threegate.wire.adapter import Chunk, Outcome, StreamCodec, StreamKey
from threegate.wire.sse import ServerSentEvent, SSEDecoder

KEEP_ALIVE = b": keep-alive\n\n"
KEEP_ALIVE_S = 8.0
"""Interval of our own comments while text is held: clients and load balancers time out after 10 s
or more."""

Send = Callable[[bytes], Awaitable[None]]


class Phase(IntEnum):
    READING = auto()  # the upstream still sends
    DRAINING = auto()  # its bytes have ended, verdicts are awaited
    ENDING = auto()  # nothing more of the answer goes out; its record is being written
    CLOSED = auto()  # the client has the end, or an error


@dataclass(slots=True)
class PendingText:
    """Text that has not been given to a machine yet."""

    key: StreamKey
    text: str = field(repr=False)


@dataclass(slots=True)
class StreamShell:
    """`end` writes the audit record, once; `first` is called when the first text is released,
    `failed` with an error before `end`. `language` is the language of error texts."""

    codec: StreamCodec
    answer: AnswerTracks
    send: Send
    outcome: Callable[[Ruling], Outcome]
    end: Callable[[Stage], Awaitable[None]]
    tools: ToolRules
    first: Callable[[], None]
    failed: Callable[[ThreegateError], None] = lambda error: None
    label: dict[str, str] | None = None
    sign: str = ""
    language: str = ""
    phase: Phase = field(default=Phase.READING, init=False)
    _fresh: PendingText | None = field(default=None, init=False)
    _queue: deque[Chunk] = field(default_factory=deque, init=False, repr=False)
    _noted: int = field(default=0, init=False)  # rulings whose annotations have gone out
    _begun: bool = field(default=False, init=False)  # text has gone out
    _progressed: asyncio.Event = field(default_factory=asyncio.Event, init=False)

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
            self._queue.clear()  # a bug: text that waits for a verdict is not released
            raise
        finally:
            self.phase = max(self.phase, Phase.DRAINING)
            self.answer.changed.set()
            await pump
        if broken is not None:
            await self._break_off()
            raise broken
        await self._conclude()

    async def _break_off(self) -> None:
        if self.phase < Phase.ENDING and (rest := b"".join(self._ready() + self._rest())):
            await self.send(rest)

    # Reading

    async def _read(self, reply: Reply) -> None:
        decoder = SSEDecoder()
        async for data in reply.chunks():
            self._events(decoder.feed(data))
            await self._flush()
            if self._is_full():
                self._progressed.clear()
                await self._progressed.wait()
            if self.phase >= Phase.ENDING:
                return
        self._events(decoder.close())
        if not self.answer.ending and (last := self.codec.close()) is not None:
            self._take(last)
            self._feed()

    def _events(self, events: Iterable[ServerSentEvent]) -> None:
        try:
            for event in events:
                if self.answer.ending:
                    return
                chunk = self.codec.read(event)
                if chunk.frame is not None and self.answer.check_words(chunk.frame):
                    self.codec.reread()
                if not self._joins(chunk):
                    self._take(chunk)
        finally:
            self._feed()

    def _joins(self, chunk: Chunk) -> bool:
        """Pieces of one text that arrive together are scanned and released together."""
        if self._fresh is None or not self.codec.is_piece(chunk, self._fresh.key):
            return False
        self._fresh.text += chunk.deltas[0].text
        return True

    def _feed(self) -> None:
        if (fresh := self._fresh) is not None:
            self._fresh = None
            self.answer.track(fresh.key).feed(fresh.text)

    def _take(self, chunk: Chunk) -> None:
        if self._fresh is not None:
            self._feed()
        if self.answer.ending:
            return
        for delta in chunk.deltas:
            if self._fresh is not None:
                self._feed()
            if not delta.text or delta.key not in self.answer.tracks:
                self._begin(delta.key)
            if self.answer.stopping:
                return
            if delta.text:
                self._fresh = PendingText(delta.key, delta.text)
        if chunk.closes:
            self._feed()
        for key in chunk.closes:
            self.answer.track(key).close()
        self._queue.append(chunk)

    def _begin(self, key: StreamKey) -> None:
        """A tool call whose name is not allowed ends the answer before its event is sent. A name
        may arrive in pieces, each with an empty text."""
        if _is_call(key) and (name := self.codec.tool_name(key)):
            self.answer.calls[key] = CalledTool(name, self.tools.gate(name))
            if (ruled := self.tools.name(name)) is not None:
                self.answer.stop_in_turn(ruled)

    def _is_full(self) -> bool:
        """Whether so much text waits for a verdict that reading has to pause."""
        waits = len(self.answer.tasks) and self.phase < Phase.ENDING
        return bool(waits) and self.answer.held > HIGH_WATER

    # Writing

    async def _pump(self) -> None:
        """Sends text that verdicts release between reads and after the last one, and keeps the
        client's connection alive."""
        while self.phase < Phase.ENDING and not self._drained_all():
            self.answer.tasks.raise_first()
            try:
                async with asyncio.timeout(KEEP_ALIVE_S):
                    await self.answer.changed.wait()
                self.answer.changed.clear()
                self._progressed.set()
                await self._flush()
            except TimeoutError:
                await self.send(KEEP_ALIVE)

    def _drained_all(self) -> bool:
        if self.phase is Phase.READING or self.answer.cut is not None:
            return False
        return self.answer.all_decided if self.answer.closed else not self._queue

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
        if self.phase >= Phase.ENDING:
            return
        out = self._ready()
        if self.answer.cut is not None:
            await self._cut(out, self.answer.cut)
            return
        last = bool(self._queue) and self._queue[0].terminal and self._drained(self._queue[0])
        if last:
            out.append(self._write(self._queue.popleft()))
            self.phase = Phase.ENDING
            await self.end(Stage.COMPLETED)
        if data := b"".join(out):
            await self.send(data)
        if last:
            self.phase = Phase.CLOSED

    def _ready(self) -> list[bytes]:
        out: list[bytes] = []
        while self._queue and not self._queue[0].terminal and self._drained(self._queue[0]):
            out.append(self._write(self._queue.popleft()))
        for key in self._free():
            if text := self.answer.track(key).take():
                self._first_text()
                out.append(self.codec.text(key, text))
        return out if self._noted == len(self.answer.ruled) else out + self._notes()

    def _free(self) -> list[StreamKey]:
        """Keys whose text may be sent outside the queue: all, or while an event waits, those that
        it closes but has no text of."""
        if not self._queue:
            return list(self.answer.tracks)
        head = self._queue[0]
        own = {d.key for d in head.deltas}
        return [key for key in head.closes if key not in own]

    def _first_text(self) -> None:
        if not self._begun:
            self._begun = True
            self.first()

    def _drained(self, chunk: Chunk) -> bool:
        for delta in chunk.deltas:
            if _is_call(delta.key):
                return self._passed
        return not chunk.closes or all(self.answer.track(k).has_left for k in chunk.closes)

    @property
    def _passed(self) -> bool:
        """Whether the answer has ended and every verdict has passed it. Tool calls are released
        only then, because an agent executes what it has received of a call, however the answer
        ends."""
        ended = self.phase > Phase.READING or self._queue[-1].terminal
        whole = ended and not self.answer.closed
        return whole and all(track.has_left for track in self.answer.tracks.values())

    def _write(self, chunk: Chunk) -> bytes:
        released = {}
        for key in [*[d.key for d in chunk.deltas if d.text], *chunk.closes]:
            if (track := self.answer.tracks.get(key)) is not None and (text := track.take()):
                released[key] = text
        if self.label and chunk.frame is not None:
            chunk.frame["aigc"], self.label = self.label, None
        for key in chunk.closes:
            if tail := self.answer.track(key).tail(self.sign):
                released[key] = released.get(key, "") + tail
        if released:
            self._first_text()
        if chunk.linked:
            self._unlink(chunk)
        written = self.codec.write(chunk, released)
        for key in chunk.closes:
            self.answer.forget(key)
        if self._noted == len(self.answer.ruled):
            return written
        return b"".join([*self._notes(), written])

    def _unlink(self, chunk: Chunk) -> None:
        """Removes log probabilities of a text that is held, because they spell it token by token.
        The text released now may be an older piece with the same content."""
        for link in chunk.linked:
            keys = (d.key for d in chunk.deltas if d.key.choice == link.choice)
            tracks = [self.answer.tracks[key] for key in keys if key in self.answer.tracks]
            if any(track.machine.held for track in tracks):
                link.holder[link.name] = link.empty

    def _notes(self) -> list[bytes]:
        notes = notes_of(self.answer.ruled[self._noted :])
        self._noted = len(self.answer.ruled)
        return [self.codec.extra("claims", notes)] if notes else []

    # Ends

    async def _cut(self, out: list[bytes], ruled: Ruling) -> None:
        self.phase = Phase.ENDING
        out += [*self._rest(), self.codec.cut(self.outcome(ruled))]
        await self.end(Stage.BLOCKED)
        await self.send(b"".join(out))
        self.phase = Phase.CLOSED

    def _rest(self) -> list[bytes]:
        """Text that may be released although its event is not sent; never a part of a tool call."""
        texts = {k: t.take() for k, t in self.answer.tracks.items() if not _is_call(k)}
        return [self.codec.text(key, text) for key, text in texts.items() if text]

    async def _fail(self, error: ThreegateError) -> None:
        """Sends the error once, in the stream's own format; also instead of the normal end if the
        last record of the call cannot be stored."""
        if self.phase is Phase.CLOSED:
            return
        ended, self.phase = self.phase is Phase.ENDING, Phase.CLOSED
        self._progressed.set()
        self.failed(error)
        if not ended:
            with suppress(AuditError):
                await self.end(Stage.ABORTED)
        await self.send(self.codec.error(error, self.language))


def _is_call(key: StreamKey) -> bool:
    return key.channel is Channel.TOOL_ARGUMENTS
