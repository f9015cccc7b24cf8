"""The events of a streamed answer that have not been sent, in the order of the upstream.

An event that closes a text waits until that text's machine has drained; until then only the texts
that it closes are released. Tool calls and everything after one wait for the end of the answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from threegate.errors import UpstreamError
from threegate.gateway.answer.annotations import notes_of
from threegate.gateway.answer.guarded_answer import GuardedAnswer
from threegate.i18n.messages import localized
from threegate.types import Channel
from threegate.wire.adapter import Chunk, StreamKey
from threegate.wire.frame_codec import StreamCodec
from threegate.wire.limits import MAX_RESPONSE_BYTES


@dataclass(slots=True)
class EventQueue:
    """`label` is the AI label of the first event, `sign` the label at the end of each text;
    `first_text` is called when the first text is released."""

    codec: StreamCodec
    answer: GuardedAnswer
    first_text: Callable[[], None]
    label: dict[str, str] | None = None
    sign: str = ""
    upstream_ended: bool = False
    _events: deque[Chunk] = field(default_factory=deque, init=False, repr=False)
    _size: int = field(default=0, init=False)  # of these events
    _annotated: int = field(default=0, init=False)  # rulings whose annotations have gone out
    _begun: bool = field(default=False, init=False)  # text has gone out

    def __len__(self) -> int:
        return len(self._events)

    def append(self, chunk: Chunk) -> None:
        """Raises UpstreamError if more events would wait than may be held. Of several comments in
        a row only one waits."""
        if _is_comment(chunk) and self._events and _is_comment(self._events[-1]):
            return
        if self._replaces_last(chunk):
            self._size -= _size_of(self._events.pop())
        self._size += _size_of(chunk)
        if self._size > MAX_RESPONSE_BYTES:
            raise UpstreamError(localized("answer-large"))
        self._events.append(chunk)

    @property
    def open_call(self) -> StreamKey | None:
        """The tool call that the last waiting event carries a piece of. Further pieces leave with
        it, at the end of the answer."""
        deltas = self._events[-1].deltas if self._events else []
        last = deltas[-1] if deltas else None
        return last.key if last is not None and last.text and is_call(last.key) else None

    def _replaces_last(self, chunk: Chunk) -> bool:
        """Whether both are pieces of one call and the newer one reports the tokens used so far."""
        key, is_piece = self.open_call, self.codec.is_piece
        if key is None or not is_piece(chunk, key, counted=True):
            return False
        last, new = self._events[-1].frame, chunk.frame
        newer = not (last and last.get("usage")) or bool(new and new.get("usage"))
        return newer and is_piece(self._events[-1], key, counted=True)

    def _next(self) -> Chunk:
        chunk = self._events.popleft()
        self._size -= _size_of(chunk)
        return chunk

    def clear(self) -> None:
        self._events.clear()

    def released(self) -> list[bytes]:
        """Everything that may be sent now, except the last event of the answer."""
        out: list[bytes] = []
        passed = False  # stays true: no event arrives meanwhile
        while self._events and not self._events[0].terminal:
            passed = passed or (_has_call(self._events[0]) and self._passed)
            if not passed and not self._may_leave(self._events[0]):
                break
            out.append(self._write(self._next()))
        for key in self._free():
            if text := self._take(key):
                self._text_leaves()
                out.append(self.codec.text(key, text))
        return out if self._annotated == len(self.answer.ruled) else out + self._annotations()

    def last(self) -> bytes | None:
        """The last event of the answer, if all of it has been released."""
        if self._events and self._events[0].terminal and self._may_leave(self._events[0]):
            return self._write(self._next())
        return None

    def rest(self) -> list[bytes]:
        """Text that may be released although its event has not been sent; never part of a tool
        call."""
        texts = {k: t.take() for k, t in self.answer.texts.items() if not is_call(k)}
        return [self.codec.text(key, text) for key, text in texts.items() if text]

    def _free(self) -> list[StreamKey]:
        """Keys whose text may be sent outside the queue: all, or, while an event waits, those that
        it closes without carrying their text."""
        if not self._events:
            return list(self.answer.texts)
        head = self._events[0]
        own = {d.key for d in head.deltas}
        return [key for key in head.closes if key not in own]

    def _may_leave(self, chunk: Chunk) -> bool:
        if _has_call(chunk):
            return self._passed
        return not chunk.closes or all(self.answer.text(k).is_released for k in chunk.closes)

    @property
    def _passed(self) -> bool:
        """Whether the answer has ended and passed every verdict. Tool calls are released only then,
        because an agent executes whatever it has received of a call, however the answer ends."""
        ended = self.upstream_ended or self._events[-1].terminal
        whole = ended and not self.answer.closed
        return whole and all(text.is_released for text in self.answer.texts.values())

    def _write(self, chunk: Chunk) -> bytes:
        released = {}
        for key in [*[d.key for d in chunk.deltas if d.text], *chunk.closes]:
            if text := self._take(key):
                released[key] = text
        if self.label and chunk.frame is not None:
            chunk.frame["aigc"], self.label = self.label, None
        for key in chunk.closes:
            if suffix := self.answer.text(key).suffix(self.sign):
                released[key] = released.get(key, "") + suffix
        if released:
            self._text_leaves()
        if chunk.linked:
            self._unlink(chunk)
        written = self.codec.write(chunk, released)
        for key in chunk.closes:
            self.answer.forget(key)
        if self._annotated == len(self.answer.ruled):
            return written
        return b"".join([*self._annotations(), written])

    def _take(self, key: StreamKey) -> str:
        """What may be released of a text that has begun and not ended; an event may name others."""
        guarded = self.answer.texts.get(key)
        return guarded.take() if guarded is not None else ""

    def _unlink(self, chunk: Chunk) -> None:
        """Removes the log probabilities of a held text, because they spell it out token by token.
        The text released now may be an older piece with the same content."""
        for link in chunk.linked:
            keys = (d.key for d in chunk.deltas if d.key.choice == link.choice)
            texts = [self.answer.texts[key] for key in keys if key in self.answer.texts]
            if any(text.machine.held for text in texts):
                link.holder[link.name] = link.empty

    def _text_leaves(self) -> None:
        if not self._begun:
            self._begun = True
            self.first_text()

    def _annotations(self) -> list[bytes]:
        notes = notes_of(self.answer.ruled[self._annotated :])
        self._annotated = len(self.answer.ruled)
        return [self.codec.extra("claims", notes)] if notes else []


def _is_comment(chunk: Chunk) -> bool:
    return chunk.event.comment is not None


EVENT_BYTES: Final = 256
"""What an event takes besides its data, which it may lack."""


def _size_of(chunk: Chunk) -> int:
    return EVENT_BYTES + len(chunk.event.data or "")


def _has_call(chunk: Chunk) -> bool:
    return any(is_call(delta.key) for delta in chunk.deltas)


def is_call(key: StreamKey) -> bool:
    return key.channel is Channel.TOOL_ARGUMENTS
