"""Anthropic messages: the stream. Blocks open and close; a block's index is the part of its key.

Invariants: every block whose start the client saw is stopped, also after a cut; `message_delta` and
`message_stop` come last. Hidden reasoning leaves its block empty, as the API itself does when
thinking is omitted, so that indexes stay correct.
"""

from __future__ import annotations

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
    Outcome,
    OutcomeKind,
    StreamKey,
    StreamOptions,
)
from threegate.wire.base import index_in
from threegate.wire.errors import anthropic_error
from threegate.wire.frame_codec import StreamCodec
from threegate.wire.sse import encode_json

# delta type → (field, channel)
_DELTAS: Final = {
    "text_delta": ("text", Channel.CONTENT),
    "thinking_delta": ("thinking", Channel.REASONING),
    "input_json_delta": ("partial_json", Channel.TOOL_ARGUMENTS),
}
_BY_CHANNEL: Final = {channel: (kind, name) for kind, (name, channel) in _DELTAS.items()}
_KNOWN_BLOCKS: Final = {"text": "text", "thinking": "thinking"}
_SILENT_DELTAS: Final = frozenset(("signature_delta",))
_OF_DELTA: Final = {name: frozenset(("type", name)) for name, _ in _DELTAS.values()}
_OF_BLOCK: Final = {
    "text": frozenset(("type", "text")),
    "thinking": frozenset(("type", "thinking", "signature")),
    "redacted_thinking": frozenset(("type", "data")),
    "tool_use": frozenset(("type", "id", "name", "input")),
}


def usage_of(usage: Any) -> Usage | None:
    """Token counts of an Anthropic `usage` object."""
    if not isinstance(usage, dict):
        return None
    cached = known_fields.count(usage.get("cache_read_input_tokens"))
    written = known_fields.count(usage.get("cache_creation_input_tokens"))
    return Usage(
        input=known_fields.count(usage.get("input_tokens")) + cached + written,
        output=known_fields.count(usage.get("output_tokens")),
        cached=cached,
    )


def stop_of(outcome: Outcome) -> str:
    return "end_turn" if outcome.kind is OutcomeKind.ANSWER else "refusal"


class MessagesCodec(StreamCodec):
    """`message_start` … `message_stop`."""

    __slots__ = ("_begun", "_ended", "_model", "_names", "_next", "_others", "_started", "_waiting")

    def __init__(self, model: str, options: StreamOptions) -> None:
        super().__init__(options)
        self._model = model
        self._names: dict[StreamKey, str] = {}
        self._others: list[tuple[str, str]] = []  # kinds of deltas and their fields with texts
        self._begun = False  # the client has received `message_start`
        self._ended = False  # the client has received `message_stop`
        self._started: dict[int, None] = {}  # blocks that the client saw start but not stop
        self._next = 0  # index of the next block
        self._waiting: set[int] = set()  # blocks whose start arrived but was not sent yet

    def tool_name(self, key: StreamKey) -> str:
        return self._names.get(key, "")

    # Reading

    def _read_frame(self, chunk: Chunk, frame: Body) -> None:
        match frame.get("type"):
            case "content_block_delta":
                self._delta(chunk, frame["delta"], index_in(frame))
            case "content_block_start":
                self._start(chunk, frame["content_block"], index_in(frame))
            case "content_block_stop":
                index = index_in(frame)
                self._end(chunk, [key for key in self._open if key.part == index])
            case "message_start":
                self._message(chunk, frame["message"])
            case "message_delta":
                self._message_delta(chunk, frame.get("delta") or {}, frame.get("usage"))
        known = known_fields.MESSAGES_FRAMES.get(
            frame.get("type") or "", known_fields.MESSAGES_FRAME
        )
        self._take_unlisted(chunk, frame, known)
        if frame.get("type") in ("message_stop", "error"):
            self._finish(chunk)

    def _message(self, chunk: Chunk, message: Body) -> None:
        self._count(message.get("usage"))
        self._take_all(chunk, message, "content", 0) if message.get("content") else None
        self._take_unlisted(chunk, message, known_fields.MESSAGE)

    def _message_delta(self, chunk: Chunk, delta: Body, usage: Any) -> None:
        self._count(usage)
        if delta.get("stop_reason"):
            self.finish_reasons[0] = self._reason(chunk, delta, "stop_reason", 0)
        self._take_unlisted(chunk, delta, known_fields.MESSAGE_DELTA)

    def _delta(self, chunk: Chunk, delta: Body, index: int) -> None:
        known = _DELTAS.get(delta.get("type") or "")
        if known is not None:
            name, channel = known
            if text := delta.get(name):
                self._take(chunk, delta, name, self._piece(channel, index, text))
            self._take_unlisted(chunk, delta, _OF_DELTA[name])
        elif delta.get("type") in _SILENT_DELTAS:
            self._take_unlisted(chunk, delta, known_fields.SIGNATURE_DELTA)
        else:
            self._other_delta(chunk, delta, index)

    def _other_delta(self, chunk: Chunk, delta: Body, index: int) -> None:
        """A kind of delta that is in no table: its texts continue from event to event."""
        kind = str(delta.get("type") or "")
        names = [n for n, text in delta.items() if isinstance(text, str) and text and n != "type"]
        for name in names:
            field = (kind, name)
            if field not in self._others:
                self._limit(len(self._others))
                self._others.append(field)
            key = StreamKey(self._others.index(field) + 1, Channel.CONTENT, index)
            self._take(chunk, delta, name, Delta(key, delta[name]))
        self._take_unlisted(chunk, delta, frozenset(names))

    def _piece(self, channel: Channel, index: int, text: str) -> Delta:
        key = StreamKey(0, channel, index)
        if channel is Channel.TOOL_ARGUMENTS:
            return self._arguments.read(key, text)
        return Delta(key, text)

    def _start(self, chunk: Chunk, block: Body, index: int) -> None:
        self._limit(index)
        self._waiting.add(index)
        kind = block.get("type") or ""
        if kind in _KNOWN_BLOCKS:
            name, channel = _DELTAS[f"{kind}_delta"]
            if text := block.get(name):
                self._take(chunk, block, name, Delta(StreamKey(0, channel, index), text))
            self._take_unlisted(chunk, block, _OF_BLOCK[kind])
        elif kind.endswith("tool_use"):
            self._call(chunk, block, StreamKey(0, Channel.TOOL_ARGUMENTS, index))
        else:
            opaque = _OF_BLOCK["redacted_thinking"] if kind == "redacted_thinking" else frozenset()
            self._take_unlisted(chunk, block, opaque)

    def _call(self, chunk: Chunk, block: Body, key: StreamKey) -> None:
        if block.get("input"):
            raise UpstreamError(localized("event-tool-input"))
        if name := block.get("name"):
            self._names[key] = name
            self._take_complete(chunk, block, "name", 0, Channel.TOOL_ARGUMENTS)
            self._add(chunk, Delta(key, ""))  # a call without arguments is still a call
        self._take_unlisted(chunk, block, _OF_BLOCK["tool_use"])

    def _count(self, usage: Any) -> None:
        """`message_start` has the input tokens, `message_delta` the output tokens so far (and
        perhaps both)."""
        new, old = usage_of(usage), self.usage or Usage()
        if new is not None:
            self.usage = Usage(
                max(new.input, old.input), max(new.output, old.output), new.cached or old.cached
            )

    # Writing

    def _on_sent(self, frame: Body) -> None:
        match frame.get("type"):
            case "message_start":
                self._begun = True
            case "content_block_start":
                index = frame.get("index") or 0
                self._started[index] = None
                self._waiting.discard(index)
                self._next = max(self._next, index + 1)
            case "content_block_stop":
                self._started.pop(frame.get("index") or 0, None)
            case "message_stop":
                self._ended = True

    def _is_empty(self, frame: Body) -> bool:
        return frame.get("type") == "content_block_delta"

    def text(self, key: StreamKey, text: str) -> bytes:
        if key.part in self._waiting:
            return b""  # after a cut; the client has not received the start of this block
        if self._is_hidden(key, text):
            return b""
        other = self._others[key.choice - 1] if key.choice else None
        kind, name = other or _BY_CHANNEL[key.channel]
        written = text
        if key.channel is Channel.TOOL_ARGUMENTS:
            written = self._arguments.write(key, text)
        return self._event(
            "content_block_delta", index=key.part, delta={"type": kind, name: written}
        )

    def _event(self, kind: str, **fields: Any) -> bytes:
        frame = {"type": kind, **fields}
        self._on_sent(frame)
        return encode_json(orjson.dumps(frame), kind)

    def cut(self, outcome: Outcome) -> bytes:
        """Closes open blocks, sends the message in a separate block, and ends the answer."""
        if self._ended:
            return b""
        out = b"" if self._begun else self._message_start(outcome)
        for index in list(self._started):
            out += self._event("content_block_stop", index=index)
        if outcome.text:
            out += self._text_block(outcome.text)
        out += self._event(
            "message_delta",
            delta={"stop_reason": stop_of(outcome), "stop_sequence": None},
            usage={"output_tokens": self.usage.output if self.usage else 0},
            threegate=outcome.note,
        )
        return out + self._event("message_stop")

    def _message_start(self, outcome: Outcome) -> bytes:
        message: Body = {
            "id": f"msg_{outcome.decision_id}",
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 0, "output_tokens": 0},
        }
        return self._event("message_start", message=message)

    def _text_block(self, text: str) -> bytes:
        index = self._next
        out = self._event(
            "content_block_start", index=index, content_block={"type": "text", "text": ""}
        )
        out += self._event(
            "content_block_delta", index=index, delta={"type": "text_delta", "text": text}
        )
        return out + self._event("content_block_stop", index=index)

    def extra(self, name: str, payload: object) -> bytes:
        """A `ping`, which clients ignore, with the field."""
        return self._event("ping", threegate={name: payload})

    def error(self, error: ThreegateError, language: str = "") -> bytes:
        return encode_json(orjson.dumps(anthropic_error(error, language)), "error")
