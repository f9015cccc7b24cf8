"""`threegate demo [--url URL]`: against a running proxy, or one started here with the demo model.

Exit codes: 0 all conversations were played, 1 one of them got a 5xx or no answer, 2 wrong use.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx

from threegate import settings as settings_module
from threegate.app import create_app
from threegate.cli.errors import misuse
from threegate.cli.explain import database_url, titles_of
from threegate.cli.progress import warn
from threegate.cli.server_process import with_upstream
from threegate.demo.conversations import CONVERSATIONS, Conversation
from threegate.demo.play import DemoStage, Played, play
from threegate.demo.show import Titles, as_json, show
from threegate.parts import opened
from threegate.server.http_server import config, running
from threegate.settings import Settings
from threegate.settings.shown_address import without_password
from threegate.terminal_console import terminal_console

PLAIN_WIDTH = 160
NAMES = tuple(c.name for c in CONVERSATIONS)
"""What `--only` takes."""


def demo_command(args: argparse.Namespace) -> int:
    given = {n: getattr(args, n) for n in ("policies", "models", "classifiers")}
    given["packs"] = tuple(args.packs) if args.packs else None
    settings = settings_module.load(given=given, file=args.config)
    chosen = [c for c in CONVERSATIONS if not args.only or c.name in args.only]
    try:
        played = asyncio.run(_run(args, settings, chosen, _printer(args, settings)))
    except httpx.HTTPError as error:
        url = without_password(args.url or args.upstream)
        raise misuse("no-answer", url=url, why=type(error).__name__) from None
    if args.json:
        print(json.dumps([as_json(p) for p in played], ensure_ascii=False, indent=1))
    return int(any(p.got.status >= 500 for p in played))


def _printer(args: argparse.Namespace, settings: Settings) -> Callable[[Played], None]:
    if args.json:
        return lambda played: None
    console = terminal_console(plain_width=PLAIN_WIDTH)
    titles: Titles = titles_of(settings)
    return lambda played: show(played, titles, args.lang, console)


async def _run(
    args: argparse.Namespace,
    settings: Settings,
    chosen: Sequence[Conversation],
    emit: Callable[[Played], None],
) -> list[Played]:
    if args.url:
        database = database_url(args.database, settings) if args.database else ""
        stage = DemoStage(
            args.url.rstrip("/").removesuffix("/v1"), args.upstream, database, args.key
        )
        return await _play_all(stage, chosen, emit)
    async with in_process(settings, args.lang) as stage:
        return await _play_all(stage, chosen, emit)


async def _play_all(
    stage: DemoStage, chosen: Sequence[Conversation], emit: Callable[[Played], None]
) -> list[Played]:
    """Plays them one after another, so that what the model saw last belongs to this
    conversation."""
    made = []
    for conversation in chosen:
        made.append(await play(stage, conversation))
        emit(made[-1])
    return made


@asynccontextmanager
async def in_process(settings: Settings, language: str) -> AsyncIterator[DemoStage]:
    """A whole proxy on a free port, with the demo model, and a temporary audit log."""
    with tempfile.TemporaryDirectory() as folder:
        own = replace(settings, upstreams=(), var=Path(folder), audit_url="", port=0)
        async with with_upstream(own, language) as complete, served(complete, language) as stage:
            yield stage


@asynccontextmanager
async def served(settings: Settings, language: str) -> AsyncIterator[DemoStage]:
    """A whole proxy with these settings on a free port."""
    async with opened(settings, warn, language) as deps:
        listener = socket.create_server(("127.0.0.1", 0))
        async with running(
            config(create_app(deps), settings, deps.metrics.malformed.inc), listener
        ) as url:
            yield DemoStage(url, settings.upstreams[0].url, settings.audit_database)
