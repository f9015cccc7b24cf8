"""The events of the upstream on their way to the machines: decoded, taken apart, and each of their
texts given to its machine; the event itself waits in the queue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace

from threegate.errors import UpstreamError
from threegate.gateway.answer.event_queue import EventQueue, is_call
from threegate.gateway.answer.guarded_answer import CalledTool, GuardedAnswer
from threegate.gateway.answer.output_contract import ToolRules
from threegate.wire.adapter import Chunk, Delta, StreamKey
from threegate.wire.frame_codec import StreamCodec
from threegate.wire.sse import ServerSentEvent, SSEDecoder, thinned

AT_ONCE = 2048
"""Code points of one text that are scanned at a time."""


@dataclass(slots=True)
class EventReader:
    """`pause` waits while too much is held; `busy` says that an event is being given to the
    machines, and nothing of it may leave yet. What follows the last event of an answer is not
    read: how much of it comes before that event has left depends on the cut of the bytes."""

    codec: StreamCodec
    answer: GuardedAnswer
    queue: EventQueue
    tools: ToolRules
    pause: Callable[[], Awaitable[None]]
    busy: bool = field(default=False, init=False)
    _ended: bool = field(default=False, init=False)
    _pending: Delta | None = field(default=None, init=False)  # not given to a machine yet
    _decoder: SSEDecoder = field(default_factory=SSEDecoder, init=False, repr=False)

    async def read(self, data: bytes) -> None:
        """Bytes cut anywhere. Raises UpstreamError for what is no event."""
        if not self.goes_on(data):
            await self._events(self._decoder.feed(data))

    async def close(self) -> None:
        """The bytes have ended."""
        await self._events(self._decoder.close())
        if not self.answer.ending and (last := self.codec.close()) is not None:
            await self._take(last)
            await self._feed()

    def goes_on(self, data: bytes) -> bool:
        """Whether these events only add to one text. If no event waits before them, they need no
        place in the queue: their text leaves as it is released."""
        if self.queue or self.answer.ending or not self._decoder.between:
            return False
        if (piece := self.codec.alike(data)) is None:
            return False
        text = self.answer.texts.get(piece.key)
        if text is None or len(piece.text) > AT_ONCE:
            return False
        text.feed(piece.text)
        return True

    async def _events(self, events: Iterable[ServerSentEvent]) -> None:
        try:
            for event in thinned(events):
                if self.answer.ending or self._ended:
                    return
                chunk = self.codec.read(event)
                if chunk.frame is not None and self.answer.check_words(chunk.frame):
                    self.codec.reread()
                if not self._joins(chunk):
                    await self._take(chunk)
                await self.pause()
        except UpstreamError:
            await self._feed()
            raise
        await self._feed()

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
                await self.pause()

    async def _take(self, chunk: Chunk) -> None:
        self.busy = True
        try:
            await self._take_texts(chunk)
        finally:
            self.busy = False

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
            await self.pause()
        if chunk.closes:
            await self._feed()
        for key in chunk.closes:
            self.answer.text(key).close()
            await self.pause()
        self.queue.append(chunk)
        self._ended = chunk.terminal

    def _begin(self, key: StreamKey) -> None:
        """A tool call whose name is not allowed ends the answer before its event is sent. A name
        may arrive in pieces, each with an empty text."""
        if is_call(key) and (name := self.codec.tool_name(key)):
            self.answer.calls[key] = CalledTool(name, self.tools.gate(name))
            if (ruled := self.tools.name(name)) is not None:
                self.answer.stop_after_received(ruled)
