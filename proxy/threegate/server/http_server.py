"""uvicorn as this proxy runs it: its socket, its settings and a stop in two steps.

A stop signal fails `/readyz` at once; `shutdown_delay` seconds later the socket closes, and streams
in progress have `drain` seconds to finish before they end in an error.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from types import FrameType
from typing import Any

import uvicorn

from threegate.gateway.closing import CUT_S
from threegate.i18n.system import reason
from threegate.server.http_protocol import HttpProtocol
from threegate.settings import Settings
from threegate.settings.errors import SettingsError, wrong

BACKLOG = 2048
ACCEPTS_A_TURN = 16
"""libuv accepts one connection per loop turn from a listening handle, and under overload turns are
long; with several handles of one socket it accepts as many."""


ALL_ADDRESSES = "::"
"""Dual-stack, as in most programs; Python's default would exclude IPv4."""


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """Raises SettingsError if the address is not available."""
    with bound(settings, settings.port) as listener:
        listener.setblocking(False)
        yield listener


def bound(settings: Settings, port: int, *, shared: bool = False) -> socket.socket:
    """Listens at the settings' address; `shared` with other processes that bind the same port.
    Raises SettingsError when the address cannot be had."""
    dual = settings.host == ALL_ADDRESSES and socket.has_dualstack_ipv6()
    try:
        return socket.create_server(
            (settings.host, port),
            family=socket.AF_INET6 if ":" in settings.host else socket.AF_INET,
            backlog=BACKLOG,
            reuse_port=shared,
            dualstack_ipv6=dual,
        )
    except OSError as error:
        raise _no_listening(f"{settings.host_in_url}:{port}", error) from None


def with_port(settings: Settings, listener: socket.socket) -> Settings:
    """The address, with the actual port in place of 0."""
    return replace(settings, port=listener.getsockname()[1])


def _no_listening(where: str, error: OSError) -> SettingsError:
    """Without the address that `create_server` appends to the reason."""
    plain = OSError(error.errno, str(error.strerror).partition(" (while attempting")[0])
    return wrong("no-listening", where=where, why=reason(plain))


def several(listener: socket.socket) -> list[socket.socket]:
    """Handles of one socket. O_NONBLOCK is shared by all of them."""
    return [listener, *(listener.dup() for _ in range(ACCEPTS_A_TURN - 1))]


@dataclass(slots=True)
class GracefulShutdown:
    """Fails readiness at once and stops accepting `delay_s` later, so that load balancers have
    noticed by then."""

    delay_s: float
    closes_at: float | None = None

    def begin(self, *, delayed: bool) -> None:
        self.closes_at = time.monotonic() + (self.delay_s if delayed else 0)

    def missing(self) -> dict[str, str]:
        """For `/readyz`."""
        return {} if self.closes_at is None else {"server": "stopping"}

    @property
    def over(self) -> bool:
        return self.closes_at is not None and time.monotonic() >= self.closes_at


class Server(uvicorn.Server):
    """uvicorn, but a stop signal begins a `GracefulShutdown` and `serve` returns at its end instead
    of raising the signal again: the audit log is closed after it."""

    def __init__(
        self,
        config: uvicorn.Config,
        stopping: GracefulShutdown,
        on_started: Callable[[], None],
        on_closed: Callable[[], object],
    ) -> None:
        super().__init__(config)
        self._stopping, self._on_started, self._on_closed = stopping, on_started, on_closed

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    async def on_tick(self, counter: int) -> bool:
        self.should_exit = self._stopping.over
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """uvicorn's own deadline is CUT_S later and breaks off whatever has not ended in an error
        by then."""
        self._on_closed()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM stops with the delay, SIGINT without; a second SIGINT does not wait for
        streams."""
        self.force_exit = sig == signal.SIGINT and self._stopping.over
        self._stopping.begin(delayed=sig == signal.SIGTERM)


@asynccontextmanager
async def running(config: uvicorn.Config, listener: socket.socket) -> AsyncIterator[str]:
    """Runs a further app of this process on a local socket and yields its URL. Signals are left to
    the process; the app ends with the block."""
    server = uvicorn.Server(config)
    task = asyncio.ensure_future(server._serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await task
        listener.close()


def config(app: Any, settings: Settings, on_malformed: Callable[[], object]) -> uvicorn.Config:
    """No access log (paths and addresses belong in the audit log), no line of the log for what a
    stranger sends (`on_malformed` counts requests that are no HTTP), no server header, no trust in
    proxy headers, no web sockets."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=settings.drain + CUT_S,
        http=partial(HttpProtocol, on_malformed=on_malformed),  # type: ignore[arg-type]
        ws="none",
    )
