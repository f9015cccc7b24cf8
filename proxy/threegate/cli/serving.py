"""Runs the proxy: one process on its own socket, or workers under a supervisor."""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import tempfile
from collections.abc import Coroutine
from logging import getLogger
from typing import Any

from threegate import settings as settings_module
from threegate.cli.progress import warn
from threegate.cli.quick_imports import quick_imports
from threegate.gateway.telemetry.shared_metrics import SHARED_METRICS, forget_start, forget_worker
from threegate.server import logging, memory, startup_banner
from threegate.server.http_server import listening, with_port
from threegate.server.membership import Membership
from threegate.server.supervisor import Supervisor, same_command
from threegate.settings import Settings

log = getLogger(__name__)

NOT_STARTED = 2
OPTIONS = (
    *("upstream", "host", "port", "policies", "models", "var"),
    *("classifiers", "log_format", "workers"),
)


def run(args: argparse.Namespace) -> int:
    """The exit status. Raises SettingsError or ThreegateError if the proxy cannot start, unless the
    log is JSON, which then reports it."""
    memory.limit_arenas()
    given = {name: getattr(args, name) for name in OPTIONS}
    given["packs"] = tuple(args.packs) if args.packs else None
    settings = settings_module.load(given=given, file=args.config)
    logging.set_up(settings.log_level, settings.log_format)
    try:
        return _served(args, settings)
    except Exception as error:
        from threegate.cli.failures import message

        text = message(error, args.lang)
        if text is None or settings.log_format != "json":
            raise
        log.critical("%s", text)
        return NOT_STARTED


def _served(args: argparse.Namespace, settings: Settings) -> int:
    if args.worker:
        return _one_process(settings, Membership.of(args.worker), args.lang)
    with listening(settings) as listener:
        if settings.workers == 1:
            return _one_process(settings, listener, args.lang)
        return asyncio.run(supervise(settings, listener, args.lang))


def _one_process(settings: Settings, on: socket.socket | Membership, language: str) -> int:
    """Imports the proxy, which takes seconds and much memory; a supervisor does not need it."""
    with quick_imports():
        from threegate.cli.server_process import serve

    return _run(serve(settings, on, language))


def _run(work: Coroutine[Any, Any, int]) -> int:
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


async def supervise(settings: Settings, listener: socket.socket, language: str) -> int:
    """Several workers. Their counters share one folder, so that each shows the metrics of all."""
    bound = with_port(settings, listener)
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
