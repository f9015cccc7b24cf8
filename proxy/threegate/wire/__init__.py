"""Model-API formats, both ways, without I/O. `ADAPTERS` is the one list of APIs."""

from __future__ import annotations

from typing import Final

from threegate.wire.adapter import Adapter
from threegate.wire.chat import Chat
from threegate.wire.completions import Completions
from threegate.wire.embeddings import Embeddings
from threegate.wire.messages import Messages
from threegate.wire.responses import Responses

ADAPTERS: Final[tuple[Adapter, ...]] = (
    Chat(),
    Completions(),
    Responses(),
    Messages(),
    Embeddings(),
)
