"""One process that serves: alone on its own socket or as one of several workers; the demo model
answers when no upstream is named."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from logging import getLogger

import uvicorn

from threegate.app import create_app
from threegate.cli.language import line
from threegate.cli.progress import warn
from threegate.console.bootstrap import console_link
from threegate.gateway.deps import Deps
from threegate.parts import opened
from threegate.server import startup_banner, startup_report
from threegate.server.http_server import (
    GracefulShutdown,
    Server,
    config,
    running,
    several,
    with_port,
)
from threegate.server.membership import Membership
from threegate.server.metrics_server import metrics_server
from threegate.server.supervisor import Report
from threegate.settings import Settings, UpstreamSettings

log = getLogger(__name__)

OBJECTS_A_PASS = 5000
"""New objects that begin a pass of the garbage collector. With Python's 700, passes over those of
sixteen calls at once took a twentieth of a call's CPU time; with 5000, a hundredth."""


async def serve(settings: Settings, on: socket.socket | Membership, language: str) -> int:
    """Runs until a stop signal; streams in progress finish first."""
    stopping = GracefulShutdown(settings.shutdown_delay)
    listener = on.listener if isinstance(on, Membership) else on
    replacement = isinstance(on, Membership) and on.replacement
    notify = partial(startup_banner.note, settings, show=warn)
    async with (
        with_upstream(with_port(settings, listener), language) as complete,
        opened(complete, notify, language, replacement=replacement) as deps,
        metrics_server(deps),
        _ext_proc(deps),
    ):
        app = config(create_app(deps, stopping.missing), complete, deps.metrics.malformed.inc)
        report = await asyncio.to_thread(_report, deps, language)
        tune_garbage_collection()

        def started() -> None:
            if isinstance(on, Membership):
                on.ready(report)
            else:
                startup_banner.announce(complete, report, language, warn)

        if isinstance(on, Membership):
            on.stop_with_supervisor()
        else:
            stay_on_reload()
        closed = partial(deps.closing.begin, settings.drain)
        await Server(app, stopping, started, closed).serve(sockets=several(listener))
    return 0


@asynccontextmanager
async def _ext_proc(deps: Deps) -> AsyncIterator[None]:
    """Loads gRPC only if it is configured."""
    if not deps.settings.ext_proc_port:
        yield
        return
    from threegate.service.ext_proc.server import ext_proc_server

    async with ext_proc_server(deps):
        yield


def _report(deps: Deps, language: str) -> Report:
    link = console_link(deps.settings, deps.secret)
    policy, open_to_all = deps.policies.in_force, deps.authenticator.open_to_all
    return startup_report.report(deps.settings, policy, link, language, open_to_all=open_to_all)


def stay_on_reload() -> None:
    """A single process has no successor for its calls: SIGHUP (`systemctl reload`) would end it at
    once, and systemd would take that for a clean exit. A closing terminal still ends it."""
    if not os.isatty(0):
        text = "SIGHUP: one worker reloads nothing but its policy; restart it, or set workers: 2"
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, log.warning, text)


def tune_garbage_collection() -> None:
    """Exempts what exists now (tables, patterns, rules: some hundred thousand objects) from garbage
    collection: a full pass over it stops all calls for a tenth of a second. A call leaves no
    reference cycles, so that passes over the objects of calls in flight can be rare."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_A_PASS)


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
