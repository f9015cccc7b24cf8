"""Lines of a request body that goes on while it is answered, bounded in size and in time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from threegate.errors import RequestError
from threegate.gateway.asgi import ClientLeft, Receive
from threegate.i18n.messages import localized
from threegate.wire.limits import MAX_BODY_BYTES, MAX_RESPONSE_BYTES

IDLE_S = 120.0
"""Between two pieces, as for the answer of a model API."""


@dataclass(slots=True)
class Lines:
    receive: Receive
    _buffer: bytearray = field(default_factory=bytearray, repr=False)
    _size: int = 0
    _ended: bool = False

    async def next(self) -> bytes | None:
        """The next line that is not blank; None at the end of the body. Raises RequestError, and
        ClientLeft where the client goes away."""
        while True:
            line, found, rest = self._buffer.partition(b"\n")
            if found:
                self._buffer = rest
            elif self._ended:
                self._buffer = bytearray()
            else:
                await self._more()
                continue
            if line.strip():
                return bytes(line)
            if self._ended and not found:
                return None

    async def _more(self) -> None:
        try:
            async with asyncio.timeout(IDLE_S):
                message = await self.receive()
        except TimeoutError:
            raise RequestError(localized("body-late"), status=408, code="timeout") from None
        if message["type"] == "http.disconnect":
            raise ClientLeft
        data = message.get("body", b"")
        self._size += len(data)
        if self._size > MAX_RESPONSE_BYTES or len(self._buffer) + len(data) > MAX_BODY_BYTES:
            text = localized("body-large", limit=MAX_RESPONSE_BYTES)
            raise RequestError(text, status=413, code="request_too_large")
        self._buffer += data
        self._ended = not message.get("more_body", False)
