"""OpenAI embeddings: only the input has text."""

from __future__ import annotations

from threegate.types import Channel, Layer
from threegate.wire import known_fields
from threegate.wire.adapter import DEFAULT_STREAM, Api, Body, Slot, StreamOptions
from threegate.wire.base import TextlessAdapter, objects, prompt_slots
from threegate.wire.slots import SlotWalk, is_open, walk_fields


class Embeddings(TextlessAdapter):
    """The adapter of embeddings."""

    api: Api = Api.EMBEDDINGS
    paths: tuple[str, ...] = ("/v1/embeddings", "/embeddings")

    def request_slots(self, body: Body) -> tuple[Slot, ...]:
        return prompt_slots(body, "input")

    def response_slots(
        self, body: Body, options: StreamOptions = DEFAULT_STREAM
    ) -> tuple[Slot, ...]:
        """Vectors are numbers, or base64 of them; anything else might be text."""
        walk = SlotWalk(Layer.OUTPUT)
        walk.choice = 0
        for index, item in objects(body.get("data")):
            without = known_fields.EMBEDDING
            if is_open("data", item.get("embedding")):
                without = without - {"embedding"}
            walk_fields(walk, item, Channel.CONTENT, without=without, at=f"/data/{index}")
        walk_fields(walk, body, Channel.CONTENT, without=known_fields.EMBEDDINGS)
        return tuple(walk.slots)
