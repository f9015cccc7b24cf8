"""Anthropic messages: the requests and the whole answers. Streams are in `messages_stream`.

A `tool_use` block's `input` is an object; it is checked as the same readable JSON text as arguments
in a string. A blocked answer has `stop_reason: refusal`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from threegate.errors import ThreegateError
from threegate.types import Channel, Layer, Usage
from threegate.wire import known_fields, pointer
from threegate.wire.adapter import (
    DEFAULT_STREAM,
    Api,
    Body,
    Outcome,
    Placement,
    Slot,
    StreamOptions,
    ToolCall,
)
from threegate.wire.anthropic.messages_stream import MessagesCodec, stop_of, usage_of
from threegate.wire.base import Adapter, TextlessAdapter, objects
from threegate.wire.errors import anthropic_error
from threegate.wire.frame_codec import StreamCodec
from threegate.wire.openai.chat_request import in_last_system, place_in_messages, prefixed
from threegate.wire.slots import SlotWalk, each, walk_fields

_THINKING: Final = ("thinking", "redacted_thinking")
_CALLS: Final = ("tool_use", "server_tool_use", "mcp_tool_use")
_ROLES: Final = {"user": Channel.USER, "assistant": Channel.ASSISTANT, "system": Channel.SYSTEM}


class Messages(Adapter):
    """The adapter of messages."""

    api: Api = Api.MESSAGES
    paths: tuple[str, ...] = ("/v1/messages", "/anthropic/v1/messages")

    def request_slots(self, body: Body) -> tuple[Slot, ...]:
        walk = SlotWalk(Layer.INPUT)
        for name in ("system", "tools"):
            walk.field("", name, body.get(name), Channel.SYSTEM)
        for index, message in each(walk, body, "messages"):
            walk.message, walk.base = index, f"/messages/{index}"
            channel = _ROLES.get(str(message.get("role")), Channel.USER)
            for name, value in message.items():
                if name == "content":
                    _content(walk, value, f"{walk.base}/content", channel)
                else:
                    walk.field(walk.base, name, value, channel)
        walk.message, walk.base = None, ""
        walk_fields(walk, body, Channel.USER, without=("system", "tools", "messages"))
        return walk.found()

    def response_slots(
        self, body: Body, options: StreamOptions = DEFAULT_STREAM
    ) -> tuple[Slot, ...]:
        walk = SlotWalk(Layer.OUTPUT)
        walk.choice = 0
        _content(walk, body.get("content"), "/content", Channel.CONTENT)
        walk_fields(walk, body, Channel.CONTENT, without=known_fields.MESSAGE - {"stop_reason"})
        return tuple(walk.slots)

    def put(self, body: Body, texts: Mapping[str, str]) -> Body:
        return pointer.put(body, texts)

    def place_system(self, body: Body, text: str, where: Placement) -> Body:
        turns = body.get("messages") or []
        if where is Placement.FIRST_USER:
            return {**body, "messages": place_in_messages(turns, text, where)}
        made = {**body, "system": prefixed(body.get("system"), text)}
        if turns:
            made["messages"] = in_last_system(turns, text, part="text")
        return made

    def tool_calls(self, body: Body) -> tuple[ToolCall, ...]:
        return tuple(
            ToolCall(
                0,
                block.get("name") or "",
                orjson.dumps(block.get("input") or {}).decode(),
                f"/content/{index}/input",
            )
            for index, block in objects(body.get("content"))
            if block.get("type") in _CALLS
        )

    def drop_reasoning_history(self, body: Body) -> Body:
        messages = [
            {**message, "content": _without_thinking(message.get("content"))}
            for _, message in objects(body.get("messages"))
        ]
        return {**body, "messages": messages}

    def without_its_reasoning(self, body: Body) -> str:
        for index, message in objects(body.get("messages")):
            kinds = {block.get("type") for _, block in objects(message.get("content"))}
            if kinds & set(_CALLS) and not kinds & set(_THINKING):
                return f"/messages/{index}"
        return ""

    def hide_reasoning(self, body: Body, options: StreamOptions = DEFAULT_STREAM) -> Body:
        return {**body, "content": _without_thinking(body.get("content"))}

    def choices(self, body: Body) -> int:
        return 1

    def _blocked(self, request: Body, outcome: Outcome) -> Body:
        return {
            "id": f"msg_{outcome.decision_id}",
            "type": "message",
            "role": "assistant",
            "model": self.model(request),
            "content": [{"type": "text", "text": outcome.text}],
            "stop_reason": stop_of(outcome),
            "stop_sequence": None,
            "usage": {"input_tokens": 0, "output_tokens": 0},
            "threegate": outcome.note,
        }

    def error(self, error: ThreegateError, language: str = "") -> Body:
        return anthropic_error(error, language)

    def usage(self, body: Body) -> Usage | None:
        return usage_of(body.get("usage"))

    def finish_reasons(self, body: Body) -> tuple[str, ...]:
        return (body.get("stop_reason") or "",)

    def stream(self, request: Body, options: StreamOptions = DEFAULT_STREAM) -> StreamCodec:
        return MessagesCodec(self.model(request), options)


class TokenCount(TextlessAdapter, Messages):
    """`count_tokens`: a messages request, answered by a number. Its texts are guarded as in a call,
    because the model API reads them too."""

    api: Api = Api.TOKEN_COUNT
    paths: tuple[str, ...] = ("/v1/messages/count_tokens", "/anthropic/v1/messages/count_tokens")


def _content(walk: SlotWalk, content: Any, at: str, channel: Channel) -> None:
    """A string or blocks; a block's type says whose text it is."""
    if not isinstance(content, list):
        walk.walk(content, at, channel, "content")
        return
    for index, block in enumerate(content):
        place = f"{at}/{index}"
        kind = block.get("type") if isinstance(block, dict) else ""
        if kind in _CALLS:
            walk.walk(block, place, Channel.TOOL_ARGUMENTS)
        elif isinstance(kind, str) and kind.endswith("tool_result"):
            walk.walk(block, place, Channel.TOOL_RESULT)
        elif kind in _THINKING and channel is Channel.CONTENT:
            walk.walk(block, place, Channel.REASONING)
        else:
            walk.walk(block, place, channel)


def _without_thinking(content: Any) -> Any:
    if not isinstance(content, list):
        return content
    return [b for b in content if not (isinstance(b, dict) and b.get("type") in _THINKING)]
