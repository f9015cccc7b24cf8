"""The demo model's replies as OpenAI responses: items, and the long list of their events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from threegate.testing.scripts import Prompt, Reply, pieces
from threegate.testing.shapes import CREATED, Json, arguments_of, event_bytes, usage_counts


class Responses:
    """A reasoning item, a message item, function call items."""

    def __init__(self, prompt: Prompt, reply: Reply, request: Json) -> None:
        self.prompt, self.reply, self.request = prompt, reply, request
        self._sequence = 0

    def _items(self) -> list[Json]:
        items: list[Json] = []
        if self.reply.reasoning and self.prompt.options.get("reasoning") != "none":
            part = {"type": "reasoning_text", "text": self.reply.reasoning}
            items.append({"id": "rs_demo", "type": "reasoning", "summary": [], "content": [part]})
        if self.reply.answer:
            text = {"type": "output_text", "text": self.reply.answer, "annotations": []}
            message = {"id": "msg_demo", "type": "message", "role": "assistant"}
            items.append({**message, "status": "completed", "content": [text]})
        for index, call in enumerate(self.reply.calls):
            items.append(
                {
                    "id": f"fc_demo_{index}",
                    "type": "function_call",
                    "call_id": f"call_demo_{index}",
                    "name": call[0],
                    "arguments": arguments_of(call, self.prompt),
                    "status": "completed",
                }
            )
        return items

    def _response(self, status: str, items: list[Json]) -> Json:
        usage = usage_counts(self.prompt, self.reply)
        counts = {
            "input_tokens": usage["prompt_tokens"],
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": usage["completion_tokens"],
            "output_tokens_details": usage["completion_tokens_details"],
            "total_tokens": usage["total_tokens"],
        }
        return {
            "id": "resp_demo",
            "object": "response",
            "created_at": CREATED,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "instructions": self.request.get("instructions"),
            "metadata": {},
            "model": self.prompt.model,
            "output": items,
            "parallel_tool_calls": True,
            "temperature": 0.6,
            "tool_choice": "auto",
            "tools": self.request.get("tools") or [],
            "top_p": 0.95,
            "usage": counts if status == "completed" else None,
        }

    def body(self) -> Json:
        return self._response("completed", self._items())

    def _named(self, kind: str, **fields: Any) -> bytes:
        frame = {"type": kind, "sequence_number": self._sequence, **fields}
        self._sequence += 1
        return event_bytes(frame, kind)

    def events(self) -> Iterator[bytes]:
        for kind in ("response.created", "response.in_progress"):
            yield self._named(kind, response=self._response("in_progress", []))
        for index, item in enumerate(self._items()):
            yield from self._item_events(index, item)
        yield self._named("response.completed", response=self.body())

    def _item_events(self, index: int, item: Json) -> Iterator[bytes]:
        empty: Json = {"content": [], "arguments": "", "status": "in_progress"}
        opened = {name: empty.get(name, value) for name, value in item.items()}
        yield self._named("response.output_item.added", output_index=index, item=opened)
        where: Json = {"item_id": item["id"], "output_index": index}
        if item["type"] == "function_call":
            yield from self._argument_events(where, item["arguments"])
        else:
            yield from self._part_events({**where, "content_index": 0}, item["content"][0])
        yield self._named("response.output_item.done", output_index=index, item=item)

    def _argument_events(self, where: Json, text: str) -> Iterator[bytes]:
        stem = "response.function_call_arguments"
        for start in range(0, len(text), 5):
            yield self._named(f"{stem}.delta", **where, delta=text[start : start + 5])
        yield self._named(f"{stem}.done", **where, arguments=text)

    def _part_events(self, where: Json, part: Json) -> Iterator[bytes]:
        stem = f"response.{part['type']}"
        yield self._named("response.content_part.added", **where, part={**part, "text": ""})
        for piece in pieces(part["text"]):
            yield self._named(f"{stem}.delta", **where, delta=piece, logprobs=[])
        yield self._named(f"{stem}.done", **where, text=part["text"], logprobs=[])
        yield self._named("response.content_part.done", **where, part=part)
