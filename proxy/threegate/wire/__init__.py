"""Model-API formats, both ways, without I/O. `ADAPTERS` is the one list of APIs."""

from __future__ import annotations

from typing import Final

from threegate.wire.adapter import Adapter
from threegate.wire.chat import Chat

ADAPTERS: Final[tuple[Adapter, ...]] = (Chat(),)
