"""Anthropic's `count_tokens`: a request of messages, answered by a number.

The texts are guarded as in a call, because the model API reads them too. A block is returned as an
error, because the answer is only a number.
"""

from __future__ import annotations

from threegate.errors import ProtocolError
from threegate.wire.adapter import DEFAULT_STREAM, Api, Body, StreamCodec, StreamOptions
from threegate.wire.anthropic.messages import Messages


class TokenCount(Messages):
    """The adapter of `count_tokens`."""

    api: Api = Api.TOKEN_COUNT
    paths: tuple[str, ...] = ("/v1/messages/count_tokens", "/anthropic/v1/messages/count_tokens")
    blocked_status: int = 400

    def streamed(self, body: Body) -> bool:
        return False

    def choices(self, body: Body) -> int:
        return 0

    def finish_reasons(self, body: Body) -> tuple[str, ...]:
        return ()

    def stream(self, request: Body, options: StreamOptions = DEFAULT_STREAM) -> StreamCodec:
        raise ProtocolError("a count does not stream")
