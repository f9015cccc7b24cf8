"""`threegate serve`: the proxy on uvicorn; the demo model answers when no upstream is named."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn

from threegate import logs
from threegate import settings as settings_module
from threegate.app import create_app, opened
from threegate.settings import Settings, UpstreamSettings

DRAIN_S = 30
"""Streams may finish for this long after a stop signal."""


def register(commands: Any) -> None:
    serve = commands.add_parser("serve", help="start the proxy")
    serve.add_argument("--upstream", help="URL of the model API; without it a demo model answers")
    serve.add_argument("--host")
    serve.add_argument("--port", type=int)
    serve.add_argument("--pack", action="append", dest="packs", help="policy pack; repeatable")
    serve.add_argument("--policies", type=Path)
    serve.add_argument("--models", type=Path)
    serve.add_argument("--var", type=Path, help="folder for audit, keys and state")
    serve.add_argument("--classifiers", choices=["required", "off"])
    serve.add_argument("--log-format", choices=logs.FORMATS, help="of the server's own log")
    serve.add_argument("--config", type=Path, help="threegate.yaml")
    serve.set_defaults(run=_serve)


def _serve(args: argparse.Namespace) -> int:
    names = ("upstream", "host", "port", "policies", "models", "var", "classifiers", "log_format")
    given = {name: getattr(args, name) for name in names}
    given["packs"] = tuple(args.packs) if args.packs else None
    settings = settings_module.load(given=given, file=args.config)
    logs.set_up(settings.log_level, settings.log_format)
    with contextlib.suppress(ImportError):
        import uvloop

        return uvloop.run(serve(settings))
    return asyncio.run(serve(settings))


async def serve(settings: Settings) -> int:
    """Runs until a stop signal; streams in progress finish first."""
    async with with_upstream(settings) as complete, opened(complete, say=_say) as deps:
        server = uvicorn.Server(config(create_app(deps), complete))
        _greet(complete)
        await server.serve()
    return 0


def config(app: Any, settings: Settings) -> uvicorn.Config:
    """No access log (paths and addresses are the audit log's), no server header, no proxy trust."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_S,
        h11_max_incomplete_event_size=64 * 1024,
    )


@asynccontextmanager
async def with_upstream(settings: Settings) -> AsyncIterator[Settings]:
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
    _say(f"no upstream named: the demo model answers at {url}")
    try:
        yield replace(settings, upstreams=(UpstreamSettings(url, name="demo"),))
    finally:
        server.should_exit = True
        await task


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


GREETING = """
Threegate listens at {url}   packs: {packs}

  curl {url}/v1/chat/completions -H 'content-type: application/json' -d \\
    '{{"model":"deepseek-r1","messages":[{{"role":"user","content":"你好，我的手机号是13812345678"}}]}}'

  from openai import OpenAI
  client = OpenAI(base_url="{url}/v1", api_key="any")
  print(client.chat.completions.create(model="deepseek-r1",
      messages=[{{"role": "user", "content": "My e-mail is a.b@example.com"}}]))

audit log  {audit}
           threegate audit verify --database {audit}
see also   {url}/readyz  {url}/metrics
"""


def _greet(settings: Settings) -> None:
    _say(
        GREETING.format(
            url=f"http://{settings.host}:{settings.port}",
            packs=", ".join(settings.packs),
            audit=settings.audit_database,
        )
    )
