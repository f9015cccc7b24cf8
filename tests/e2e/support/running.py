"""A whole Threegate on a real socket in a thread, in front of a demo upstream on another."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import uvicorn
from threegate.app import create_app
from threegate.gateway.deps import Deps
from threegate.parts import opened
from threegate.server.http_server import config
from threegate.settings import Settings, UpstreamSettings

from tests.scripted_upstream import ScriptedUpstream
from tests.serving import serve

ROOT = Path(__file__).parents[3]


@dataclass
class Running:
    """`url` of the proxy, `direct` of the demo upstream."""

    url: str
    direct: str
    demo: ScriptedUpstream
    deps: Deps
    var: Path

    def run(self, work: Any) -> Any:
        """Runs a coroutine on the proxy's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(120)

    loop: asyncio.AbstractEventLoop = None  # type: ignore[assignment]


@contextmanager
def proxy(var: Path, policies: Path = ROOT / "policies", **given: Any) -> Iterator[Running]:
    """Classifiers are off unless given: most tests need patterns only."""
    demo = ScriptedUpstream()
    with serve(demo.app) as direct:
        values: dict[str, Any] = {"classifiers": "off", "packs": ("base",)} | given
        upstreams = values.pop("upstreams", (UpstreamSettings(direct),))
        settings = Settings(
            var=var,
            policies=policies,
            models=ROOT / "classifiers/models",
            upstreams=upstreams,
            **values,
        )
        with running(settings) as (url, deps, loop):
            yield Running(url, direct, demo, deps, var, loop)


@contextmanager
def running(settings: Settings) -> Iterator[tuple[str, Deps, asyncio.AbstractEventLoop]]:
    started = threading.Event()
    box: dict[str, Any] = {}

    async def main() -> None:
        async with opened(settings) as deps:
            stop = asyncio.Event()
            server = uvicorn.Server(
                config(create_app(deps), replace(settings, port=0), deps.metrics.malformed.inc)
            )
            server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
            task = asyncio.ensure_future(server._serve())
            while not server.started:
                await asyncio.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            box.update(deps=deps, url=f"http://127.0.0.1:{port}", stop=stop)
            box["loop"] = asyncio.get_running_loop()
            started.set()
            await stop.wait()
            server.should_exit = True
            await task

    def target() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            box["error"] = error
        finally:
            started.set()

    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    assert started.wait(300)
    if "error" in box:
        raise box["error"]
    try:
        yield box["url"], box["deps"], box["loop"]
    finally:
        box["loop"].call_soon_threadsafe(box["stop"].set)
        thread.join(30)
        if "error" in box:
            raise box["error"]
