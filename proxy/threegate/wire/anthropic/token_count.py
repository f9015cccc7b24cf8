"""Anthropic's `count_tokens`: a request of messages, answered by a number.

The texts are guarded as in a call, because the model API reads them too.
"""

from __future__ import annotations

from threegate.wire.adapter import Api
from threegate.wire.anthropic.messages import Messages
from threegate.wire.base import TextlessAdapter


class TokenCount(TextlessAdapter, Messages):
    """The adapter of `count_tokens`."""

    api: Api = Api.TOKEN_COUNT
    paths: tuple[str, ...] = ("/v1/messages/count_tokens", "/anthropic/v1/messages/count_tokens")
