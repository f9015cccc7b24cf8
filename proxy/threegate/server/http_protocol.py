"""uvicorn's HTTP connection with limits on the head of a request.

uvicorn with httptools waits for a head without a timeout and without a size limit. Here a head must
be complete within HEAD_S and HEAD_BYTES, and a client that keeps sending a body after its answer is
disconnected after LINGER_S. On shutdown uvicorn closes idle connections at once, losing a request
that is in flight: here such a connection stays open for LEAVE_S, and a request that arrives is
answered; likewise after a stream that was in progress. uvicorn closes an idle connection after five
seconds, while load balancers keep theirs for sixty, and under load it does so even if a request has
arrived that it has not read yet. Here IDLE_S is longer than theirs, and pending data is read once
more before a connection is closed. uvicorn waits for ever for a client that does not read: here one
that takes nothing for UNREAD_S is disconnected, whether its answer is under way or complete.
uvicorn writes a line to the log for each request that is no HTTP and for each upgrade that it does
not know, so anybody could fill the log: here they are counted (`on_malformed`).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from threegate.gateway.asgi import DEPARTURE, DIRECT, Departure

if sys.platform == "linux":
    import fcntl
    import termios

HEAD_S = 30.0
IDLE_S = 75.0
HEAD_BYTES = 64 * 1024
LINGER_S = 5.0
LEAVE_S = 1.0
UNREAD_S = 60.0
"""Seconds in which a client to whom something is being sent must take some of it."""
LAST_LOOK_S = 0.01
"""libuv runs timers before it reads from sockets; after this time it has read."""


class ChunkWriter:
    """Writes pieces of a chunked body as `RequestResponseCycle.send` does, without its task."""

    __slots__ = ("cycle",)
    cycle: RequestResponseCycle

    @property
    def ready(self) -> bool:
        cycle = self.cycle
        open_ = cycle.chunked_encoding and not (cycle.disconnected or cycle.response_complete)
        return bool(open_) and not cycle.flow.write_paused

    def write(self, data: bytes) -> None:
        if data:  # an empty chunk would end the body
            self.cycle.transport.write(b"%x\r\n%b\r\n" % (len(data), data))


class HttpProtocol(HttpToolsProtocol):
    """`_due` is the deadline of an awaited head, or of a body that is not read; None if there is
    neither. A request moves the deadline four times; one timer that re-arms itself is cheaper than
    four."""

    _due: float | None = None
    _overdue: bool = False  # the deadline has passed; the socket is read one last time
    _timer: asyncio.TimerHandle | None = None
    _head: int | None = 0  # bytes of the head so far; None: complete
    _leaving: bool = False  # the server is stopping: the next answer is the last

    _unread: asyncio.TimerHandle | None = None  # while the client is behind

    _departure: Departure

    def __init__(
        self, *args: Any, on_malformed: Callable[[], object] = lambda: None, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self._on_malformed = on_malformed

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._departure = Departure()
        self._end_in(HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self._due = None
        self._stop()
        self._stop_watching()
        super().connection_lost(exc)
        if self.cycle is None or not self.cycle.response_complete:
            self._departure.leave()  # a client that has its answer does not end the next request

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head is None or self.transport.is_closing():
            return
        self._head += len(data)
        if self._head > HEAD_BYTES:
            self.send_400_response("The head of the request is too long.")

    def send_400_response(self, msg: str) -> None:
        self._on_malformed()
        super().send_400_response(msg)

    def _unsupported_upgrade_warning(self) -> None:
        """The request is answered as if it had asked for none."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head = 0
        self._end_in(HEAD_S)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head is not None:  # a trailer is none: it came past whoever checks the head
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self.parser.get_http_version() == "1.0" and _is_chunked(self.headers):
            raise ValueError("HTTP/1.0 has no chunks")  # answered with 400
        self._head = self._due = None
        writer = ChunkWriter()
        extensions = {DEPARTURE: self._departure, DIRECT: writer}
        self.scope["extensions"] = extensions  # type: ignore[typeddict-item]
        super().on_headers_complete()
        writer.cycle = self.cycle
        if self._leaving:
            self.cycle.keep_alive = False

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:
            self._unset_keepalive_if_required()  # uvicorn's timer; ours reads one last time
            self._end_in(LINGER_S if self.cycle.more_body else self._idle_s)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self.cycle.response_complete:
            self._end_in(self._idle_s)

    @property
    def _idle_s(self) -> float:
        return LEAVE_S if self._leaving else IDLE_S

    def shutdown(self) -> None:
        """An answer whose head has left can no longer announce that it is the last; the next one
        does."""
        self._leaving = True
        if self.cycle is None or self.cycle.response_complete:
            self._end_in(LEAVE_S)
        elif not self.cycle.response_started:
            super().shutdown()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch(self._untaken())

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.transport.is_closing():
            self._stop_watching()

    def timeout_keep_alive_handler(self) -> None:
        """The rest of the answer still leaves, as long as the client takes some of it."""
        if self.transport.get_write_buffer_size() and self._unread is None:
            self._watch(self._untaken())
        super().timeout_keep_alive_handler()

    def _watch(self, left: int) -> None:
        self._unread = self.loop.call_later(UNREAD_S, self._look_at_unread, left)

    def _look_at_unread(self, before: int) -> None:
        if (left := self._untaken()) < before:
            self._watch(left)
        else:
            self.transport.abort()

    def _untaken(self) -> int:
        """Bytes still here or in the socket, which takes more only when a third of it is free: at a
        slow client's pace that may be minutes."""
        waiting = self.transport.get_write_buffer_size()
        if sys.platform == "linux" and not self.transport.is_closing():
            socket = self.transport.get_extra_info("socket").fileno()
            held = fcntl.ioctl(socket, termios.TIOCOUTQ, bytes(4))
            waiting += int.from_bytes(held, sys.byteorder)
        return waiting

    def _stop_watching(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _end_in(self, seconds: float) -> None:
        self._due = due = self.loop.time() + seconds
        self._overdue = False
        if self._timer is None or self._timer.when() > due:
            self._stop()
            self._timer = self.loop.call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._due is None:
            return
        if self._due > self.loop.time():
            self._timer = self.loop.call_at(self._due, self._look)
        elif not self._overdue:
            self._overdue = True
            self._timer = self.loop.call_later(LAST_LOOK_S, self._look)
        else:
            self._due = None
            self.timeout_keep_alive_handler()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _is_chunked(headers: list[tuple[bytes, bytes]]) -> bool:
    """Another server in the chain may see the end of the body elsewhere."""
    return any(name.lower() == b"transfer-encoding" for name, _ in headers)
