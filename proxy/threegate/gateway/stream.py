"""A streamed answer: bytes to events to machines to bytes, in order, as early as the rules allow.

Chunks wait in a queue. A chunk that closes a text waits until that text's machine has drained;
while it waits, only the texts that it closes may still come out. So the client sees every event in
the order of the upstream, and the last one only when the audit record is durable. Tool calls, and
what comes after one, wait for the end of the answer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from threegate.audit.log.record import Stage
from threegate.errors import AuditError, ProtocolError, ThreegateError, UpstreamError
from threegate.gateway.annotations import notes_of
from threegate.gateway.output_contract import ToolRules
from threegate.gateway.tracks import AnswerTracks, CalledTool, Track
from threegate.guard.stream_machine import HIGH_WATER
from threegate.i18n.messages import said
from threegate.types import Channel, Ruling
from threegate.upstream import Reply
from threegate.wire.adapter import Chunk, Outcome, StreamCodec, StreamKey
from threegate.wire.sse import ServerSentEvent, SSEDecoder

KEEP_ALIVE = b": keep-alive\n\n"
KEEP_ALIVE_S = 8.0
"""Our own comment while text is held: clients and load balancers give up after 10 s and more."""

Send = Callable[[bytes], Awaitable[None]]


@dataclass(slots=True)
class PendingText:
    """Text that no machine has got yet."""

    key: StreamKey
    text: str = field(repr=False)


@dataclass(slots=True)
class StreamShell:
    codec: StreamCodec
    answer: AnswerTracks
    send: Send
    outcome: Callable[[Ruling], Outcome]
    end: Callable[[Stage], Awaitable[None]]  # writes the audit record; once
    tools: ToolRules
    first: Callable[[], None]  # called with the first text that leaves
    failed: Callable[[ThreegateError], None] = lambda error: None  # told why before `end`
    label: dict[str, str] | None = None
    sign: str = ""
    language: str = ""  # of an error
    _fresh: PendingText | None = None
    _queue: deque[Chunk] = field(default_factory=deque, repr=False)
    _told: int = 0
    _begun: bool = False
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _told_progress: asyncio.Event = field(default_factory=asyncio.Event)
    _reading: bool = True
    _over: bool = False  # nothing more of the answer goes out
    _closed: bool = False  # the client has got the end, or an error

    async def run(self, reply: Reply) -> None:
        """Returns when the last byte has been sent. Errors end the stream in its own format; a bug
        of ours is raised when the client has been told."""
        self.answer.notify = self._wake.set
        await self._telling(self._answer(reply))

    async def _telling(self, work: Awaitable[None]) -> None:
        try:
            await work
        except ThreegateError as error:
            await self._fail(error)
        except Exception:
            await self._fail(ProtocolError("unexpected error"))
            raise

    async def _answer(self, reply: Reply) -> None:
        pump = asyncio.ensure_future(self._telling(self._tend()))
        try:
            await self._read(reply)
        except asyncio.CancelledError:
            pump.cancel()
            raise
        except Exception:
            self._queue.clear()  # what still waits for a verdict does not leave
            raise
        finally:
            self._reading = False
            self._wake.set()
            await pump
        await self._conclude()

    async def _read(self, reply: Reply) -> None:
        decoder = SSEDecoder()
        async for data in reply.chunks():
            self._events(decoder.feed(data))
            await self._flush()
            await self._progress()
            if self._over:
                return
        self._events(decoder.close())
        if self.answer.cut is None and (last := self.codec.close()) is not None:
            self._take(last)
            self._feed()

    def _events(self, events: Iterable[ServerSentEvent]) -> None:
        """None after a cut: what leaves does not depend on how many came at once."""
        try:
            for event in events:
                if self.answer.cut is not None:
                    return
                chunk = self.codec.read(event)
                if not self._joins(chunk):
                    self._take(chunk)
        finally:
            self._feed()

    def _joins(self, chunk: Chunk) -> bool:
        """Pieces of one text that came together are scanned together, and leave together."""
        if self._fresh is None or not self.codec.is_piece(chunk, self._fresh.key):
            return False
        self._fresh.text += chunk.deltas[0].text
        return True

    def _feed(self) -> None:
        if (fresh := self._fresh) is not None:
            self._fresh = None
            self.answer.track(fresh.key).feed(fresh.text)

    async def _progress(self) -> None:
        """Too much is held: no further reading before a judgement has come."""
        if len(self.answer.tasks) and self.answer.held > HIGH_WATER and not self._over:
            self._told_progress.clear()
            await self._told_progress.wait()

    async def _tend(self) -> None:
        """Sends what judgements release between two reads and after the last one, and keeps the
        client's line alive."""
        while not self._over and (self._reading or self._queue):
            self.answer.tasks.raise_first()
            try:
                async with asyncio.timeout(KEEP_ALIVE_S):
                    await self._wake.wait()
                self._wake.clear()
                self._told_progress.set()
                await self._flush()
            except TimeoutError:
                await self.send(KEEP_ALIVE)

    async def _conclude(self) -> None:
        """The bytes have ended without the event that ends a stream."""
        if self._over:
            return
        if not self.codec.finish_reasons:
            raise UpstreamError(said("upstream-ended"))
        self._over = True
        await self.end(Stage.COMPLETED)

    def _take(self, chunk: Chunk) -> None:
        self._feed()
        if self.answer.cut is not None:
            return
        for delta in chunk.deltas:
            self._feed()
            if not delta.text or delta.key not in self.answer.tracks:
                self._begin(delta.key)
            if self.answer.cut is not None:
                return
            if delta.text:
                self._fresh = PendingText(delta.key, delta.text)
        if chunk.closes:
            self._feed()
        for key in chunk.closes:
            self.answer.track(key).close()
        self._queue.append(chunk)

    def _begin(self, key: StreamKey) -> None:
        """A tool call whose name is not allowed ends the answer before its event leaves. A name may
        come in pieces: each of them comes with an empty text."""
        if key.channel is Channel.TOOL_ARGUMENTS and (name := self.codec.tool_name(key)):
            self.answer.calls[key] = CalledTool(name, self.tools.gate(name))
            if (ruled := self.tools.name(name)) is not None:
                self.answer.stop(ruled)

    async def _flush(self) -> None:
        """Everything that may leave now, as one write."""
        if self._over:
            return
        out = self._ready()
        if self.answer.cut is not None:
            await self._cut(out, self.answer.cut)
            return
        if self._queue and self._queue[0].terminal and self._drained(self._queue[0]):
            out.append(self._write(self._queue.popleft()))
            self._over = True
            await self.end(Stage.COMPLETED)
        if data := b"".join(out):
            await self.send(data)
        self._closed = self._over

    def _ready(self) -> list[bytes]:
        out: list[bytes] = []
        while self._queue and not self._queue[0].terminal and self._drained(self._queue[0]):
            out.append(self._write(self._queue.popleft()))
        for key in self._free():
            if text := self.answer.track(key).take():
                self._first_text()
                out.append(self.codec.text(key, text))
        return out + self._notes()

    def _free(self) -> list[StreamKey]:
        """Whose text may go out alone: with a chunk waiting, what it closes and has no part in."""
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
        if any(d.key.channel is Channel.TOOL_ARGUMENTS for d in chunk.deltas):
            return self._passed
        return self._all_done(self.answer.track(key) for key in chunk.closes)

    @property
    def _passed(self) -> bool:
        """Whether the answer has ended and every verdict has let it pass. Tool calls leave only
        then: an agent runs what it got of a call, whatever reason the answer ends with."""
        ended = not self._reading or self._queue[-1].terminal
        return ended and self._all_done(self.answer.tracks.values())

    @staticmethod
    def _all_done(tracks: Iterable[Track]) -> bool:
        return all(t.done and not t.stopped for t in tracks)

    def _write(self, chunk: Chunk) -> bytes:
        released = {}
        for key in [*[d.key for d in chunk.deltas if d.text], *chunk.closes]:
            if text := self.answer.track(key).take():
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
        return b"".join([*self._notes(), written])

    def _unlink(self, chunk: Chunk) -> None:
        """Log probabilities of a text that is held go: they spell it, token by token. The text that
        leaves now may be an older piece that reads the same."""
        for link in chunk.linked:
            keys = (d.key for d in chunk.deltas if d.key.choice == link.choice)
            if any(self.answer.track(key).machine.held for key in keys):
                link.holder[link.name] = link.empty

    def _notes(self) -> list[bytes]:
        if self._told == len(self.answer.ruled):
            return []
        notes = notes_of(self.answer.ruled[self._told :])
        self._told = len(self.answer.ruled)
        return [self.codec.extra("claims", notes)] if notes else []

    async def _cut(self, out: list[bytes], ruled: Ruling) -> None:
        self._over = True
        for key, track in self.answer.tracks.items():
            if key.channel is not Channel.TOOL_ARGUMENTS and (text := track.take()):
                out.append(self.codec.text(key, text))
        out.append(self.codec.cut(self.outcome(ruled)))
        await self.end(Stage.BLOCKED)
        await self.send(b"".join(out))
        self._closed = True

    async def _fail(self, error: ThreegateError) -> None:
        """Told once, in the stream's own format; in place of its end, where the last record of the
        call cannot be stored."""
        if self._closed:
            return
        ended, self._over, self._closed = self._over, True, True
        self._told_progress.set()
        self.failed(error)
        if not ended:
            with suppress(AuditError):
                await self.end(Stage.ABORTED)
        await self.send(self.codec.error(error, self.language))
