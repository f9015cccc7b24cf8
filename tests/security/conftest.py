from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from threegate.settings import UpstreamSettings

from tests.e2e.support.running import Running, proxy
from tests.scripted_upstream import ScriptedUpstream
from tests.serving import serve


@dataclass
class Watched:
    """A model API that notes whatever reaches it: method, raw path, headers, body."""

    demo: ScriptedUpstream = field(default_factory=ScriptedUpstream)
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            receive = await self._noted(scope, receive)
        await self.demo.app(scope, receive, send)

    async def _noted(self, scope: Any, receive: Any) -> Any:
        body, events = b"", []
        while True:
            event = await receive()
            events.append(event)
            body += event.get("body", b"")
            if not event.get("more_body"):
                break
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        self.seen.append((scope["method"], scope["raw_path"].decode(), headers, body))

        async def replay() -> Any:
            return events.pop(0) if events else await receive()

        return replay


@pytest.fixture(scope="package")
def upstream() -> Iterator[tuple[Watched, str]]:
    watched = Watched()
    with serve(watched) as url:
        yield watched, url


@pytest.fixture(scope="package")
def watched(upstream: tuple[Watched, str]) -> Watched:
    return upstream[0]


@pytest.fixture(scope="package")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, upstream: tuple[Watched, str]
) -> Iterator[Running]:
    """In front of `watched`."""
    var = tmp_path_factory.mktemp("security")
    with proxy(var, upstreams=(UpstreamSettings(upstream[1]),)) as made:
        yield made
