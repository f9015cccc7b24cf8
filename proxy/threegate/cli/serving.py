"""Runs the proxy: one process on its own socket, or workers under a supervisor; the demo model
answers when no upstream is named."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from logging import getLogger
from typing import Any

import uvicorn

from threegate import settings as settings_module
from threegate.app import create_app
from threegate.cli.failures import message
from threegate.cli.language import line
from threegate.cli.progress import warn
from threegate.console.bootstrap import console_link
from threegate.gateway.deps import Deps
from threegate.gateway.telemetry.metrics import SHARED_METRICS, forget_start, forget_worker
from threegate.parts import opened
from threegate.server import logging, memory, startup_banner
from threegate.server.http_server import (
    GracefulShutdown,
    Server,
    config,
    listening,
    running,
    several,
)
from threegate.server.membership import Membership
from threegate.server.metrics_server import metrics_server
from threegate.server.supervisor import Report, Supervisor, same_command
from threegate.settings import Settings, UpstreamSettings

log = getLogger(__name__)

NOT_STARTED = 2
OPTIONS = (
    *("upstream", "host", "port", "policies", "models", "var"),
    *("classifiers", "log_format", "workers"),
)


def run(args: argparse.Namespace) -> int:
    """The exit status. Raises SettingsError or ThreegateError where the proxy cannot start, unless
    the log is JSON, which then says so."""
    memory.limit_arenas()
    given = {name: getattr(args, name) for name in OPTIONS}
    given["packs"] = tuple(args.packs) if args.packs else None
    settings = settings_module.load(given=given, file=args.config)
    logging.set_up(settings.log_level, settings.log_format)
    try:
        return _served(args, settings)
    except Exception as error:
        text = message(error, args.lang)
        if text is None or settings.log_format != "json":
            raise
        log.critical("%s", text)
        return NOT_STARTED


def _served(args: argparse.Namespace, settings: Settings) -> int:
    if args.worker:
        return _run(serve(settings, Membership.of(args.worker), args.lang))
    with listening(settings) as listener:
        if settings.workers == 1:
            return _run(serve(settings, listener, args.lang))
        return asyncio.run(supervise(settings, listener, args.lang))


def _run(work: Coroutine[Any, Any, int]) -> int:
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


async def supervise(settings: Settings, listener: socket.socket, language: str) -> int:
    """Several workers. Their counters share one folder, so that each shows the metrics of all."""
    bound = _bound(settings, listener)
    with tempfile.TemporaryDirectory(prefix="threegate-metrics-") as folder:
        os.environ[SHARED_METRICS] = folder
        supervisor = Supervisor(
            same_command(),
            listener,
            settings.workers,
            lambda report: startup_banner.announce(bound, report, language, warn),
            forget_worker,
            forget_start,
        )
        return await supervisor.run()


async def serve(settings: Settings, on: socket.socket | Membership, language: str) -> int:
    """Runs until a stop signal; streams in progress finish first."""
    stopping = GracefulShutdown(settings.shutdown_delay)
    listener = on.listener if isinstance(on, Membership) else on
    replacement = isinstance(on, Membership) and on.replacement
    notify = partial(startup_banner.note, settings, show=warn)
    async with (
        with_upstream(_bound(settings, listener), language) as complete,
        opened(complete, notify, language, replacement=replacement) as deps,
        metrics_server(deps),
        _ext_proc(deps),
    ):
        app = config(create_app(deps, stopping.missing), complete)
        report = await asyncio.to_thread(_report, deps, language)
        freeze_startup_objects()

        def started() -> None:
            if isinstance(on, Membership):
                on.ready(report)
            else:
                startup_banner.announce(complete, report, language, warn)

        if isinstance(on, Membership):
            on.stop_with_supervisor()
        else:
            stay_on_reload()
        await Server(app, stopping, started).serve(sockets=several(listener))
    return 0


@asynccontextmanager
async def _ext_proc(deps: Deps) -> AsyncIterator[None]:
    """Loads gRPC only where it is wanted."""
    if not deps.settings.ext_proc_port:
        yield
        return
    from threegate.service.ext_proc.server import ext_proc_server

    async with ext_proc_server(deps):
        yield


def _bound(settings: Settings, listener: socket.socket) -> Settings:
    """With the port that port 0 became."""
    return replace(settings, port=listener.getsockname()[1])


def _report(deps: Deps, language: str) -> Report:
    link = console_link(deps.settings, deps.secret)
    policy, open_to_all = deps.policies.in_force, deps.authenticator.open_to_all
    return startup_banner.report(deps.settings, policy, link, language, open_to_all=open_to_all)


def stay_on_reload() -> None:
    """One process has nobody to take over its calls: SIGHUP (`systemctl reload`) would end it at
    once, and systemd takes that for a clean end. A terminal that closes still ends it."""
    if not os.isatty(0):
        text = "SIGHUP: one worker reloads nothing but its policy; restart it, or set workers: 2"
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, log.warning, text)


def freeze_startup_objects() -> None:
    """Exempts what exists now (tables, patterns, rules: some hundred thousand objects) from garbage
    collection: a full pass over it stops all calls for a tenth of a second."""
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def with_upstream(settings: Settings, language: str = "en") -> AsyncIterator[Settings]:
    """Settings with at least one upstream: the demo model on a free port if none is named."""
    if settings.upstreams:
        yield settings
        return
    from threegate.testing.upstream import DemoUpstream

    demo = uvicorn.Config(
        DemoUpstream().app, log_config=None, log_level="warning", access_log=False
    )
    async with running(demo, socket.create_server(("127.0.0.1", 0))) as url:
        startup_banner.note(settings, line("demo-upstream", language, url=url), warn)
        yield replace(settings, upstreams=(UpstreamSettings(url, name="demo"),))
