"""OpenAI embeddings: only the input has text. A block is an error, for no answer could say
it."""

from __future__ import annotations

from threegate.errors import ProtocolError
from threegate.types import Channel, Layer
from threegate.wire.adapter import DEFAULT_STREAM, Api, Body, Slot, StreamCodec, StreamOptions
from threegate.wire.base import BaseAdapter, refuse_tokens
from threegate.wire.slots import SlotWalk, walk_fields


class Embeddings(BaseAdapter):
    """The adapter of embeddings."""

    api: Api = Api.EMBEDDINGS
    paths: tuple[str, ...] = ("/v1/embeddings", "/embeddings")
    blocked_status: int = 400

    def request_slots(self, body: Body) -> tuple[Slot, ...]:
        refuse_tokens(body.get("input"), "/input")
        walk = SlotWalk(Layer.INPUT)
        walk_fields(walk, body, Channel.USER)
        return tuple(walk.slots)

    def streamed(self, body: Body) -> bool:
        return False

    def choices(self, body: Body) -> int:
        return 0

    def finish_reasons(self, body: Body) -> tuple[str, ...]:
        return ()

    def stream(self, request: Body, options: StreamOptions = DEFAULT_STREAM) -> StreamCodec:
        raise ProtocolError("embeddings do not stream")
