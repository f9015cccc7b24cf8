"""A bounded queue of messages from Envoy that have not been read yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from threegate.service.ext_proc.exchange import Exchange
from threegate.service.ext_proc.messages import part_of

MAX_UNREAD: Final = 8


@dataclass(slots=True)
class Inbox:
    """`read` returns the next message, or None after the last, when the exchange's client is
    gone."""

    exchange: Exchange
    read: Callable[[], Awaitable[Any]]
    _unread: deque[Any] = field(default_factory=deque, repr=False)

    async def pump(self) -> None:
        try:
            while (message := await self.read()) is not None:
                self._unread.append(message)
                self.exchange.changed.set()
                await self.exchange.until(lambda: len(self._unread) < MAX_UNREAD)
        finally:
            self.exchange.leave()

    async def next(self, *, or_end: bool = False) -> tuple[str, Any]:
        """The next part and its name. The name is empty when Envoy is gone or sends something
        unknown and, with `or_end`, when the endpoint has ended its answer."""
        exchange = self.exchange
        await exchange.until(lambda: self._unread or exchange.gone or (or_end and exchange.ended))
        if not self._unread:
            return "", None
        message = self._unread.popleft()
        exchange.changed.set()
        part = part_of(message)
        return part, getattr(message, part) if part else None
