"""OpenAI responses: the requests and the whole answers. Streams are in `responses_stream`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from threegate.types import Channel, Layer, Usage
from threegate.wire import known_fields, pointer, stored
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
from threegate.wire.base import Adapter, objects
from threegate.wire.frame_codec import StreamCodec
from threegate.wire.logprobs import spells
from threegate.wire.openai.chat_request import (
    ROLE_CHANNELS,
    in_last_system,
    place_in_messages,
    prefixed,
)
from threegate.wire.openai.responses_parts import BY_ITEM, message_item, response_of, usage_of
from threegate.wire.openai.responses_stream import ResponsesCodec
from threegate.wire.openai.structured import wants_structure
from threegate.wire.slots import SlotWalk, each, walk_fields

_SYSTEM_FIELDS: Final = ("instructions", "tools", "text")


class Responses(Adapter):
    """The adapter of responses."""

    api: Api = Api.RESPONSES
    paths: tuple[str, ...] = ("/v1/responses", "/responses")

    def request_slots(self, body: Body) -> tuple[Slot, ...]:
        walk = SlotWalk(Layer.INPUT)
        for name in _SYSTEM_FIELDS:
            walk.field("", name, body.get(name), Channel.SYSTEM)
        self._items(walk, body, "input", assistant=Channel.ASSISTANT)
        walk.message, walk.base = None, ""
        walk_fields(walk, body, Channel.USER, without=("input", *_SYSTEM_FIELDS))
        return walk.found()

    def response_slots(
        self, body: Body, options: StreamOptions = DEFAULT_STREAM
    ) -> tuple[Slot, ...]:
        walk = SlotWalk(Layer.OUTPUT)
        walk.choice = 0
        self._items(walk, body, "output", assistant=Channel.CONTENT)
        walk.base = ""
        walk_fields(walk, body, Channel.CONTENT, without=known_fields.RESPONSE)
        return tuple(walk.slots)

    def _items(self, walk: SlotWalk, body: Body, field: str, *, assistant: Channel) -> None:
        for index, item in each(walk, body, field):
            if assistant is Channel.ASSISTANT:
                walk.message = index
            walk.base = f"/{field}/{index}"
            channel = _channel(item, assistant)
            if channel is Channel.TOOL_ARGUMENTS:
                for name, value in item.items():
                    walk.field(walk.base, name, value, channel)
            else:
                walk.walk(item, walk.base, channel)

    def place_system(self, body: Body, text: str, where: Placement) -> Body:
        given = body.get("input")
        if where is Placement.SYSTEM:
            made = {**body, "instructions": prefixed(body.get("instructions"), text)}
            if isinstance(given, list):
                made["input"] = in_last_system(given, text, part="input_text")
            return made
        if not isinstance(given, list):
            return {**body, "input": f"{text}\n\n{given}" if given else text}
        return {**body, "input": place_in_messages(given, text, where, part="input_text")}

    def drop_other_tokens(self, body: Body) -> None:
        for _, item in objects(body.get("output")):
            for _, part in objects(item.get("content")):
                if not spells(part.get("logprobs") or [], str(part.get("text") or "")):
                    part["logprobs"] = []

    def tool_calls(self, body: Body) -> tuple[ToolCall, ...]:
        """The calls of all kinds of items that carry a name."""
        return tuple(
            ToolCall(
                0, item["name"], item.get(family.field) or "", f"/output/{index}/{family.field}"
            )
            for index, item in objects(body.get("output"))
            if (family := BY_ITEM.get(item.get("type") or "")) is not None and item.get("name")
        )

    def drop_reasoning_history(self, body: Body) -> Body:
        given = body.get("input")
        return {**body, "input": _without_reasoning(given)} if isinstance(given, list) else body

    def without_its_reasoning(self, body: Body) -> str:
        """Reasoning is a separate item before the calls that it led to."""
        thought = False
        for index, item in objects(body.get("input")):
            kind = str(item.get("type") or "")
            if kind.endswith("_call") and not thought:
                return f"/input/{index}"
            thought = kind == "reasoning" or (thought and kind.endswith("_call"))
        return ""

    def hide_reasoning(self, body: Body, options: StreamOptions = DEFAULT_STREAM) -> Body:
        return {**body, "output": _without_reasoning(body.get("output") or [])}

    def max_tokens_field(self, body: Body) -> str:
        return "max_output_tokens"

    def choices(self, body: Body) -> int:
        return 1

    def _blocked(self, request: Body, outcome: Outcome) -> Body:
        refused = wants_structure(request)
        items = [message_item(f"msg_{outcome.decision_id}", outcome.text, refused=refused)]
        made = response_of({}, outcome, self.model(request), items, refused=refused)
        return {**made, "threegate": outcome.note}

    def usage(self, body: Body) -> Usage | None:
        return usage_of(body.get("usage"))

    def finish_reasons(self, body: Body) -> tuple[str, ...]:
        reason = known_fields.object_at(body, "incomplete_details").get("reason")
        return (reason or body.get("status") or "",)

    def restore_echo(self, body: Body, request: Body) -> Body:
        if "instructions" not in body:
            return body
        return {**body, "instructions": request.get("instructions")}

    def mark_stored(self, body: Body, options: StreamOptions) -> Body:
        if options.mark is None:
            return body
        made = pointer.copy(body)
        stored.mark_response(made, options.mark)
        return made

    def put(self, body: Body, texts: Mapping[str, str]) -> Body:
        """Names of fields change last, because pointers below them use the old names."""
        names = {place: text for place, text in texts.items() if place.endswith(pointer.NAME)}
        made = pointer.put(body, {p: t for p, t in texts.items() if p not in names})
        for place in texts:
            parts = place.split("/")
            if parts[1] in ("output", "input") and parts[-1] == "text":
                holder = pointer.get(made, "/".join(parts[:-1]))
                if holder.get("logprobs"):
                    holder["logprobs"] = []
        return pointer.put(made, names)

    def stream(self, request: Body, options: StreamOptions = DEFAULT_STREAM) -> StreamCodec:
        return ResponsesCodec(request, options)


def _channel(item: Body, assistant: Channel) -> Channel:
    """Whose text an item is."""
    kind = str(item.get("type") or "")
    if kind.endswith("_output"):
        return Channel.TOOL_RESULT
    if kind.endswith("_call"):
        return Channel.TOOL_ARGUMENTS
    if kind == "reasoning":
        return Channel.REASONING if assistant is Channel.CONTENT else assistant
    channel = ROLE_CHANNELS.get(str(item.get("role")), Channel.USER)
    return assistant if channel is Channel.ASSISTANT else channel


def _without_reasoning(items: list[Any]) -> list[Any]:
    return [i for i in items if not (isinstance(i, dict) and i.get("type") == "reasoning")]
