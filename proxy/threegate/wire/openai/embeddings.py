"""OpenAI embeddings: only the input has text. A block is returned as an error, because an answer of
numbers has no place for it."""

from __future__ import annotations

from threegate.errors import ProtocolError
from threegate.types import Channel, Layer
from threegate.wire import known_fields
from threegate.wire.adapter import DEFAULT_STREAM, Api, Body, Slot, StreamCodec, StreamOptions
from threegate.wire.base import Adapter, objects, refuse_tokens
from threegate.wire.slots import SlotWalk, walk_fields


class Embeddings(Adapter):
    """The adapter of embeddings."""

    api: Api = Api.EMBEDDINGS
    paths: tuple[str, ...] = ("/v1/embeddings", "/embeddings")
    blocked_status: int = 400

    def request_slots(self, body: Body) -> tuple[Slot, ...]:
        refuse_tokens(body.get("input"), "/input")
        walk = SlotWalk(Layer.INPUT)
        walk_fields(walk, body, Channel.USER)
        return tuple(walk.slots)

    def response_slots(
        self, body: Body, options: StreamOptions = DEFAULT_STREAM
    ) -> tuple[Slot, ...]:
        """Vectors hold no text; other fields might."""
        walk = SlotWalk(Layer.OUTPUT)
        walk.choice = 0
        for index, item in objects(body.get("data")):
            without = known_fields.EMBEDDING
            walk_fields(walk, item, Channel.CONTENT, without=without, at=f"/data/{index}")
        walk_fields(walk, body, Channel.CONTENT, without=known_fields.EMBEDDINGS)
        return tuple(walk.slots)

    def streamed(self, body: Body) -> bool:
        return False

    def choices(self, body: Body) -> int:
        return 0

    def finish_reasons(self, body: Body) -> tuple[str, ...]:
        return ()

    def stream(self, request: Body, options: StreamOptions = DEFAULT_STREAM) -> StreamCodec:
        raise ProtocolError("embeddings do not stream")
