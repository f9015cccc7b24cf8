"""OpenAI embeddings: only the input has text."""

from __future__ import annotations

from typing import Any

from threegate.types import Channel, Layer
from threegate.wire import known_fields
from threegate.wire.adapter import DEFAULT_STREAM, Api, Body, Slot, StreamOptions
from threegate.wire.base import TextlessAdapter, prompt_slots
from threegate.wire.slots import SlotWalk, walk_fields
from threegate.wire.words import is_open


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
        data = body.get("data")
        for index, item in enumerate(data if isinstance(data, list) else ()):
            _item_slots(walk, item, f"/data/{index}")
        listed = {"data"} if isinstance(data, list) else set()
        known = known_fields.EMBEDDINGS - {"data"} | listed
        walk_fields(walk, body, Channel.CONTENT, without=known)
        return tuple(walk.slots)


def _item_slots(walk: SlotWalk, item: Any, at: str) -> None:
    if not isinstance(item, dict):
        walk.walk(item, at, Channel.CONTENT)
        return
    known = known_fields.EMBEDDING
    if not _is_vector(item.get("embedding")):
        known = known - {"embedding"}
    walk_fields(walk, item, Channel.CONTENT, without=known, at=at)


def _is_vector(value: Any) -> bool:
    if isinstance(value, list):
        return set(map(type, value)) <= {int, float}
    return isinstance(value, str) and not is_open("data", value)
