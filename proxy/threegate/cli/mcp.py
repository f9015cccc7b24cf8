"""`threegate mcp`: the guard in front of a Model Context Protocol server.

    threegate mcp -- npx some-mcp-server          over standard input and output
    threegate mcp --url https://host/mcp          over streamable HTTP, listening on this machine

The guard runs in this process, with the settings of `serve`, or at a running Threegate (`--guard`).
"""

from __future__ import annotations

import argparse
import asyncio
import os
from typing import Any

from threegate.cli.errors import misuse
from threegate.settings import values

GRACE_S = 5


def mcp_command(args: argparse.Namespace) -> int:
    if bool(args.server) == bool(args.url):
        raise misuse("mcp-one-server")
    for option in ("--url", "--guard"):
        given = getattr(args, option.strip("-")) or ""
        values.address(option, given, "mcp", ("http", "https"))
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from threegate.client.async_guard import AsyncGuard
    from threegate.mcp.session import McpSession
    from threegate.mcp.stdio import over_standard_streams

    async with AsyncGuard(**_guard(args)) as guard:
        if args.url:
            return await _listen(args, guard)
        session = McpSession(guard, args.name, args.lang, f"mcp-{os.urandom(8).hex()}")
        return await over_standard_streams(session, args.server)


def _guard(args: argparse.Namespace) -> dict[str, Any]:
    if args.guard:
        return {"url": args.guard, "key": os.environ.get(args.guard_key_env, "")}
    names = ("config", "packs", "policies", "models", "var", "classifiers")
    given = {name: getattr(args, name) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def listener(app: Any, host: str, port: int) -> Any:
    """uvicorn's settings, with the proxy's limits on heads and bodies that never end."""
    import uvicorn

    from threegate.server.http_protocol import HttpProtocol

    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=HttpProtocol,
        ws="none",
        log_level="error",  # anybody may cause warnings
        timeout_graceful_shutdown=GRACE_S,  # streams of events have no end of their own
    )


async def _listen(args: argparse.Namespace, guard: Any) -> int:
    import uvicorn

    from threegate.mcp.http import HttpProxy, application, outbound
    from threegate.mcp.session import Catalog, McpSession

    catalog = Catalog()

    def session(conversation: str) -> McpSession:
        return McpSession(guard, args.name, args.lang, conversation, catalog)

    async with outbound() as client:
        proxy = HttpProxy(args.url, session, client, tuple(args.allow_host))
        config = listener(application(proxy), args.host, args.port)
        await uvicorn.Server(config).serve()
    return 0
