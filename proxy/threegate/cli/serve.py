"""`threegate serve`: the proxy on uvicorn; the demo model answers when no upstream is named.

A stop signal turns `/readyz` off, `shutdown_delay` later the socket closes, and streams in progress
have `drain` seconds to finish.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from threegate import settings as settings_module
from threegate.app import create_app, opened
from threegate.cli.progress import warn
from threegate.console.bootstrap import console_link
from threegate.gateway.telemetry.metrics import SHARED_METRICS, forget_worker
from threegate.server import logging
from threegate.server.http_protocol import HttpProtocol
from threegate.server.startup_banner import greeting
from threegate.server.supervisor import Membership, Supervisor, again
from threegate.settings import CHOICES, Settings, UpstreamSettings
from threegate.settings.errors import wrong
from threegate.types import Bilingual

BACKLOG = 2048
EARS = 16
"""libuv takes one new connection from a listening socket in a turn of the loop, and under overload
turns are long: through so many handles of the socket it takes as many."""


def register(commands: Any) -> None:
    serve = commands.add_parser("serve", help="start the proxy")
    serve.add_argument("--upstream", help="URL of the model API; without it a demo model answers")
    serve.add_argument("--host", help="address to listen at; default 127.0.0.1")
    serve.add_argument("--port", type=int, help="port to listen at; default 8080")
    serve.add_argument("--pack", action="append", dest="packs", help="policy pack; repeatable")
    serve.add_argument("--policies", type=Path)
    serve.add_argument("--models", type=Path)
    serve.add_argument("--var", type=Path, help="folder for audit, keys and state")
    serve.add_argument("--classifiers", choices=["required", "off"])
    serve.add_argument("--workers", type=int, help="processes that share the port; default 1")
    serve.add_argument("--worker", help=argparse.SUPPRESS)  # given by the supervisor to its own
    serve.add_argument(
        "--log-format", choices=CHOICES["log_format"], help="of the server's own log"
    )
    serve.add_argument("--config", type=Path)
    serve.set_defaults(run=_serve)


def _serve(args: argparse.Namespace) -> int:
    names = ("upstream", "host", "port", "policies", "models", "var", "classifiers", "log_format")
    given = {name: getattr(args, name) for name in (*names, "workers")}
    given["packs"] = tuple(args.packs) if args.packs else None
    settings = settings_module.load(given=given, file=args.config)
    logging.set_up(settings.log_level, settings.log_format)
    if args.worker:
        return _run(serve(settings, Membership.of(args.worker), args.lang))
    with listening(settings) as listener:
        bound = replace(settings, port=listener.getsockname()[1])
        if settings.workers == 1:
            return _run(serve(bound, listener, args.lang))
        return asyncio.run(supervise(bound, listener, args.lang))


def _run(work: Coroutine[Any, Any, int]) -> int:
    with contextlib.suppress(ImportError):
        import uvloop

        return uvloop.run(work)
    return asyncio.run(work)


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """Raises SettingsError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server(
            (settings.host, settings.port), family=family, backlog=BACKLOG
        )
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise wrong("no-listening", where=where, why=error.strerror) from None
    with listener:
        listener.setblocking(False)
        yield listener


async def supervise(settings: Settings, listener: socket.socket, language: str) -> int:
    """Many workers. Their counters lie in one folder, so that each shows the metrics of all."""
    with tempfile.TemporaryDirectory(prefix="threegate-metrics-") as folder:
        os.environ[SHARED_METRICS] = folder
        supervisor = Supervisor(
            again(), listener, settings.workers, lambda: _greet(settings, language), forget_worker
        )
        return await supervisor.run()


async def serve(settings: Settings, on: socket.socket | Membership, language: str) -> int:
    """Runs until a stop signal; streams in progress finish first."""
    leaving = GracefulShutdown(settings.shutdown_delay)
    async with (
        with_upstream(settings, language) as complete,
        opened(complete, warn, language) as deps,
    ):
        app = config(create_app(deps, leaving.missing), complete)
        warn(await asyncio.to_thread(console_link, settings, deps.secret, language))
        spare_the_collector()
        if isinstance(on, Membership):
            on.leave_with_supervisor()
            await Server(app, leaving, on.ready).serve(sockets=listening_sockets(on.listener))
        else:
            await Server(app, leaving, lambda: _greet(complete, language)).serve(
                sockets=listening_sockets(on)
            )
    return 0


def listening_sockets(listener: socket.socket) -> list[socket.socket]:
    """A copy waits or not as the socket does from which it is made, and so do all workers then."""
    return [listener, *(listener.dup() for _ in range(EARS - 1))]


def spare_the_collector() -> None:
    """What is here now stays: tables, patterns, rules, some hundred thousand objects. To look
    through them for cycles stops all calls for a tenth of a second each time."""
    gc.collect()
    gc.freeze()


@dataclass(slots=True)
class GracefulShutdown:
    """From the stop signal on not ready; `delay_s` later deaf, so that load balancers can see
    it."""

    delay_s: float
    deaf_at: float | None = None

    def announce(self, delayed: bool) -> None:
        self.deaf_at = time.monotonic() + (self.delay_s if delayed else 0)

    def missing(self) -> dict[str, str]:
        return {} if self.deaf_at is None else {"server": "stopping"}

    @property
    def over(self) -> bool:
        return self.deaf_at is not None and time.monotonic() >= self.deaf_at


class Server(uvicorn.Server):
    """uvicorn, but a stop signal is announced first and ends in a return, not in the signal's own
    death: the audit log is to be closed after it."""

    def __init__(
        self, config: uvicorn.Config, leaving: GracefulShutdown, started: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._leaving, self._tell_started = leaving, started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell_started()

    async def on_tick(self, counter: int) -> bool:
        self.should_exit = self._leaving.over
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM is announced, SIGINT is not; a second SIGINT waits for no stream."""
        self.force_exit = sig == signal.SIGINT and self._leaving.over
        self._leaving.announce(delayed=sig == signal.SIGTERM)


def config(app: Any, settings: Settings) -> uvicorn.Config:
    """No access log (paths and addresses are the audit log's), no server header, no proxy trust,
    no web sockets."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=settings.drain,
        http=HttpProtocol,
        ws="none",
    )


@asynccontextmanager
async def with_upstream(settings: Settings, language: str = "en") -> AsyncIterator[Settings]:
    """Settings with at least one upstream: the demo model on a free port if none is named."""
    if settings.upstreams:
        yield settings
        return
    from threegate.testing.upstream import DemoUpstream

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(DemoUpstream().app, log_level="warning", access_log=False)
    )
    task = asyncio.ensure_future(server.serve(sockets=[listener]))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    warn(DEMO.get(language).format(url))
    try:
        yield replace(settings, upstreams=(UpstreamSettings(url, name="demo"),))
    finally:
        server.should_exit = True
        await task


DEMO = Bilingual(
    "没有写上游：由 {} 的演示模型回答", "no upstream named: the demo model answers at {}"
)


def _greet(settings: Settings, language: str) -> None:
    warn(greeting(settings, language))
