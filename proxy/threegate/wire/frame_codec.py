"""What all stream codecs share: taking texts out of frames, and putting released text back.

Invariants: a frame is sent at its own place in the order, with all its unknown fields; the text of
a key is sent in order and exactly once; a frame that carries nothing after its text was taken out
is not sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from threegate.errors import ThreegateError, UpstreamError
from threegate.i18n.messages import localized
from threegate.types import Channel, Usage
from threegate.wire import known_fields
from threegate.wire.adapter import (
    Body,
    Chunk,
    Delta,
    InsertionPoint,
    Outcome,
    StreamKey,
    StreamOptions,
)
from threegate.wire.argument_streams import ArgumentStreams
from threegate.wire.errors import openai_error
from threegate.wire.event_template import AlikeEvents, EventTemplate
from threegate.wire.json import parse_answer
from threegate.wire.known_fields import UNKNOWN_REASON, is_misused
from threegate.wire.limits import MAX_PARTS
from threegate.wire.sse import ServerSentEvent, bare, encode, encode_json, name_of
from threegate.wire.words import is_open, is_protocol, is_word

FIELD_PARTS: Final = 1 << 39  # from here on parts are texts of unknown fields
WHOLE_PARTS: Final = 1 << 40  # and from here on those that arrived whole, in one event


class _ShapeErrors:
    """Turns the exceptions that a malformed frame causes into `UpstreamError`."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, (AttributeError, TypeError, ValueError, KeyError)):
            raise UpstreamError(localized("event-shape")) from None


shape_errors: Final = _ShapeErrors()


class StreamCodec:
    """One streamed answer, both ways; stateful. Subclasses know where texts sit and what a new
    event looks like."""

    __slots__ = (
        *("_alike", "_arguments", "_begun_choices", "_complete_texts", "_open", "_options"),
        *("_waiting_texts", "finish_reasons", "usage"),
    )

    def __init__(self, options: StreamOptions) -> None:
        self._options = options
        self._arguments = ArgumentStreams()
        self._alike = AlikeEvents()
        self._open: dict[StreamKey, None] = {}
        self._begun_choices: set[int] = set()  # choices whose content has begun to be sent
        self._complete_texts = 0  # texts so far that began and ended in one event
        self._waiting_texts = 0  # those of events not written yet
        self.usage: Usage | None = None
        self.finish_reasons: dict[int, str] = {}

    # What a subclass says

    def read(self, event: ServerSentEvent) -> Chunk:
        """The texts of one event. Raises UpstreamError for what is no event of this API."""
        if event.data is None:
            return Chunk(event)
        if (chunk := self._read_alike(event)) is not None:
            return chunk
        frame = parse_answer(event.data, "event")
        chunk = Chunk(event, frame)
        with shape_errors:
            self._read_frame(chunk, frame)
        self._learn(chunk)
        return chunk

    def _read_frame(self, chunk: Chunk, frame: Body) -> None:
        """Takes the texts of a frame and notes what ends with it."""
        raise NotImplementedError

    def text(self, key: StreamKey, text: str) -> bytes:
        """A new event with only this text."""
        raise NotImplementedError

    def cut(self, outcome: Outcome) -> bytes:
        """Events that end the stream validly in this API."""
        raise NotImplementedError

    def extra(self, name: str, payload: object) -> bytes:
        """An annotation: `{"threegate": {name: payload}}` on an event without text."""
        raise NotImplementedError

    def tool_name(self, key: StreamKey) -> str:
        raise NotImplementedError

    def _is_empty(self, frame: Body) -> bool:
        """Whether a frame without text carries nothing."""
        raise NotImplementedError

    def _on_sent(self, frame: Body) -> None:
        """Called when a frame is sent to the client, with its texts in place."""

    # Reading

    def _take(self, chunk: Chunk, holder: Any, name: Any, *pieces: Delta | str) -> None:
        """Notes that the text at `holder[name]` consists of `pieces`."""
        self._limit(len(chunk.places))
        holder[name] = ""
        chunk.places.append(InsertionPoint(holder, name, list(pieces)))
        for piece in pieces:
            if isinstance(piece, Delta):
                self._add(chunk, piece)

    def _take_all(
        self, chunk: Chunk, holder: Any, name: Any, choice: int, *, words: bool = False
    ) -> None:
        """Texts in a field that the codec does not know: each is complete content by itself.
        `words`: a field that providers fill with protocol words, which do not count as texts."""
        value = holder[name]
        words = words or name in known_fields.PROVIDER_WORDS
        if isinstance(value, dict):
            for below in value:
                self._take_all(chunk, value, below, choice, words=words)
        elif isinstance(value, list):
            for below in range(len(value)):
                self._take_all(chunk, value, below, choice, words=words)
        elif isinstance(value, str) and value and not is_no_text(name, value, words=words):
            self._take_complete(chunk, holder, name, choice)

    def _reason(self, chunk: Chunk, holder: Body, name: str, choice: int) -> str:
        """A finish reason. Anything that is not a plain word is treated as text."""
        reason = holder[name]
        if isinstance(reason, str) and is_protocol(name, reason):
            return reason
        self._take_all(chunk, holder, name, choice)
        return UNKNOWN_REASON

    def _take_unlisted(
        self, chunk: Chunk, holder: Body, listed: frozenset[str], choice: int = 0
    ) -> None:
        """Texts in fields that are not listed for this object, or hold what they should not."""
        for name, value in list(holder.items()):
            if name not in listed or is_open(name, value) or is_misused(name, value):
                self._take_all(chunk, holder, name, choice)

    def _take_complete(
        self, chunk: Chunk, holder: Any, name: Any, choice: int, channel: Channel = Channel.CONTENT
    ) -> None:
        """A text that begins and ends in this event."""
        self._limit(self._waiting_texts)
        self._complete_texts += 1
        self._waiting_texts += 1
        key = StreamKey(choice, channel, WHOLE_PARTS + self._complete_texts)
        self._take(chunk, holder, name, Delta(key, holder[name]))
        self._end(chunk, [key])

    def _limit(self, parts: int) -> None:
        if parts >= MAX_PARTS:
            raise UpstreamError(localized("event-parts"))

    def _add(self, chunk: Chunk, delta: Delta) -> None:
        if not isinstance(delta.text, str):
            raise UpstreamError(localized("event-text"))
        chunk.deltas.append(delta)
        self._open[delta.key] = None

    def _end(self, chunk: Chunk, keys: list[StreamKey]) -> None:
        """Notes that these keys end with this chunk."""
        for key in keys:
            if (left := self._arguments.close(key)) is not None:
                chunk.deltas.append(left)
            del self._open[key]
            chunk.closes.append(key)

    def _finish(self, chunk: Chunk) -> Chunk:
        """The chunk, with which everything that is still open ends."""
        chunk.terminal = True
        self._end(chunk, list(self._open))
        return chunk

    def close(self) -> Chunk | None:
        """Handles the end of the bytes without a terminal event: flushes what codecs held and
        closes all open keys."""
        chunk = self._finish(Chunk(ServerSentEvent()))
        return chunk if chunk.closes else None

    def alike(self, data: bytes) -> Delta | None:
        """The text of complete events that equal the last one read except for their text; None for
        other bytes, which must then be read."""
        return self._alike.read(data)

    def reread(self) -> None:
        """Notes that the frame of the last chunk was changed, so it does not predict the next
        events."""
        self._alike.template = None

    def _read_alike(self, event: ServerSentEvent) -> Chunk | None:
        if (piece := self.alike(encode(event))) is None:
            self._alike.template = None
            return None
        return Chunk(event, deltas=[piece], template=self._alike.template)

    def _learn(self, chunk: Chunk) -> None:
        if self._alike.learns and self._fits_template(chunk):
            self._alike.learn(chunk)

    def _fits_template(self, chunk: Chunk) -> bool:
        """Whether one more event like this would only add text to one key, whose text leaves as it
        is released."""
        if len(chunk.deltas) != 1 or not self.is_piece(chunk, key := chunk.deltas[0].key):
            return False
        shown = key.channel is Channel.REASONING and self._options.show_reasoning
        return shown or key.channel is Channel.CONTENT

    def is_piece(self, chunk: Chunk, key: StreamKey, *, counted: bool = False) -> bool:
        """Whether a chunk is one more piece of this text and carries nothing else, so that it need
        not be sent once its text has left with an earlier piece. With `counted` it may report the
        tokens used so far, which a later piece reports again."""
        if chunk.template is not None:
            return chunk.template.key == key
        if len(chunk.deltas) != 1 or len(chunk.places) != 1 or chunk.closes or chunk.linked:
            return False
        delta, frame = chunk.deltas[0], chunk.frame
        if frame is not None and counted:
            frame = {name: value for name, value in frame.items() if name != "usage"}
        alone = delta.key == key and chunk.places[0].pieces == [delta]
        return alone and bool(delta.text) and frame is not None and self._is_empty(frame)

    # Writing

    def write(self, chunk: Chunk, released: Mapping[StreamKey, str]) -> bytes:
        """The frame with the texts in their places; b"" if it would carry nothing. Text of a key
        without a place in the frame is sent before it as a separate event."""
        if chunk.template is not None:
            return self._write_template(chunk.template, released)
        self._waiting_texts -= sum([key.part >= WHOLE_PARTS for key in chunk.closes])
        frame = chunk.frame
        if frame is None:
            return self._without_place(chunk, released) + encode(bare(chunk.event))
        loose = self._without_place(chunk, released)
        carried = self._fill(chunk, released)
        if chunk.places and not carried and self._is_empty(frame):
            return loose
        self._on_sent(frame)
        return loose + encode_json(orjson.dumps(frame), name_of(chunk.event.event))

    def _write_template(self, template: EventTemplate, released: Mapping[StreamKey, str]) -> bytes:
        text = released.get(template.key, "")
        own = template.render(text) if text else b""
        if len(released) == bool(text):
            return own
        loose = [self.text(key, text) for key, text in released.items() if key != template.key]
        return b"".join([*loose, own])

    def _is_hidden(self, key: StreamKey, text: str) -> bool:
        """Whether a text needs no separate event: it is empty, hidden, or in an extra field whose
        event the client does not get (after a cut)."""
        hidden = key.channel is Channel.REASONING and not self._options.show_reasoning
        return not text or hidden or key.part >= WHOLE_PARTS

    def _without_place(self, chunk: Chunk, released: Mapping[StreamKey, str]) -> bytes:
        """Events for text without a place in the frame; it is older, so it is sent first."""
        placed = _placed(chunk)
        loose = [self.text(key, text) for key, text in released.items() if key not in placed]
        return b"".join(loose)

    def _fill(self, chunk: Chunk, released: Mapping[StreamKey, str]) -> bool:
        """Puts the texts back. True if any text is in the frame now."""
        used: dict[StreamKey, str] = {}
        changed: set[int] = set()
        carried = False
        for place in chunk.places:
            text = ""
            for piece in place.pieces:
                if isinstance(piece, str):
                    text += piece if self._options.show_reasoning else ""
                elif place.mirror:
                    text += self._repeated(piece.key, used)
                elif piece.key in used:
                    continue  # an earlier place took all of it
                else:
                    used[piece.key] = written = self._written(piece, released, changed)
                    text += written
            place.holder[place.name] = text
            carried = carried or bool(text)
        for link in chunk.linked:
            if link.choice in changed:
                link.holder[link.name] = link.empty
        return carried

    def _repeated(self, key: StreamKey, used: Mapping[StreamKey, str]) -> str:
        """The content of a field that repeats a text."""
        return used.get(key, "")

    def _written(self, piece: Delta, released: Mapping[StreamKey, str], changed: set[int]) -> str:
        key = piece.key
        text = released.get(key, "")
        if text != piece.text:
            changed.add(key.choice)
        if key in self._arguments:
            return self._arguments.write(key, text)
        if key.channel is Channel.REASONING and not self._options.show_reasoning:
            changed.add(key.choice)
            return ""
        if text and key.channel is Channel.CONTENT:
            self._begun_choices.add(key.choice)
        return text

    def error(self, error: ThreegateError, language: str = "") -> bytes:
        return encode_json(orjson.dumps(openai_error(error, language)))


def is_no_text(name: Any, value: str, *, words: bool) -> bool:
    """`words`: whether providers fill the field with protocol words."""
    return is_protocol(name, value) or (words and is_word(value))


def _placed(chunk: Chunk) -> set[StreamKey]:
    """The keys whose text is put back into the frame."""
    pieces = (piece for place in chunk.places if not place.mirror for piece in place.pieces)
    return {piece.key for piece in pieces if isinstance(piece, Delta)}


def is_empty(value: Any) -> bool:
    """Whether a value carries nothing: null, empty, or built from such values; `index` members are
    ignored."""
    if isinstance(value, dict):
        return all(name == "index" or is_empty(below) for name, below in value.items())
    if isinstance(value, list):
        return all(is_empty(below) for below in value)
    return value is None or value == ""
