"""Model-API formats, both ways, without I/O. `ADAPTERS` is the one list of APIs."""

from __future__ import annotations

from typing import Final

from threegate.wire.anthropic.messages import Messages, TokenCount
from threegate.wire.base import Adapter
from threegate.wire.openai.chat import Chat
from threegate.wire.openai.completions import Completions
from threegate.wire.openai.embeddings import Embeddings
from threegate.wire.openai.responses import Responses

ADAPTERS: Final[tuple[Adapter, ...]] = (
    Chat(),
    Completions(),
    Responses(),
    Messages(),
    Embeddings(),
    TokenCount(),
)
