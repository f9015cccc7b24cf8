"""Lines of a request body that is still arriving while it is answered; limited in size and time,
and ended by a stop of the server."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from threegate.errors import RequestError
from threegate.gateway import asgi
from threegate.gateway.asgi import ClientLeft, Receive
from threegate.gateway.closing import Closing
from threegate.i18n.messages import localized
from threegate.wire.limits import MAX_BODY_BYTES, MAX_RESPONSE_BYTES

IDLE_S = 120.0
"""Between two pieces, as for the answer of a model API."""
TOTAL_S = 1800.0
"""For the whole body: a place among a caller's concurrent calls lasts as long."""
_LINE_END: Final = re.compile(rb"\n\s*")  # and blank lines after it, which then cost nothing


@dataclass(slots=True)
class Lines:
    """Cost is linear in the bytes, whatever the lines: a piece without a line end is stored, not
    searched again."""

    receive: Receive
    closing: Closing = field(default_factory=Closing, repr=False)
    _lines: deque[bytes] = field(default_factory=deque, repr=False)
    _tail: bytearray = field(default_factory=bytearray, repr=False)  # the unfinished line
    _size: int = 0
    _ended: bool = False
    _until: float = field(default_factory=lambda: time.monotonic() + TOTAL_S, repr=False)

    @property
    def ready(self) -> bool:
        """Whether another line is here already."""
        return bool(self._lines)

    async def first(self) -> bytes:
        """The first line, which must arrive as soon as any other request; empty if there is
        none."""
        try:
            async with asyncio.timeout(asgi.BODY_S):
                return await self.next() or b""
        except TimeoutError:
            raise _late() from None

    async def next(self) -> bytes | None:
        """The next non-blank line; None at the end of the body. Raises RequestError,
        StoppingError, or ClientLeft if the client disconnects."""
        while not self._lines and not self._ended:
            await self._more()
        return self._lines.popleft() if self._lines else None

    async def _more(self) -> None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise _late()
        try:
            with self.closing:
                async with asyncio.timeout(min(IDLE_S, left)):
                    message = await self.receive()
        except TimeoutError:
            raise _late() from None
        if message["type"] == "http.disconnect":
            raise ClientLeft
        data = message.get("body", b"")
        self._size += len(data)
        if self._size > MAX_RESPONSE_BYTES or len(self._tail) + len(data) > MAX_BODY_BYTES:
            text = localized("body-large", limit=MAX_RESPONSE_BYTES)
            raise RequestError(text, status=413, code="request_too_large")
        self._ended = not message.get("more_body", False)
        self._take(data)

    def _take(self, data: bytes) -> None:
        self._tail += data
        if b"\n" in data or self._ended:
            *lines, rest = _LINE_END.split(bytes(self._tail))
            if self._ended:
                lines, rest = [*lines, rest], b""
            self._lines.extend(line for line in lines if line.strip())
            self._tail = bytearray(rest)


def _late() -> RequestError:
    return RequestError(localized("body-late"), status=408, code="timeout")
