from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from threegate.service.ext_proc.server import ext_proc_server

from tests.e2e.support.running import Running, proxy


class Processor:
    """A running Threegate and the port of its external processor."""

    def __init__(self, running: Running, port: int) -> None:
        self.running, self.port = running, port


@pytest.fixture(scope="package")
def processor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processor]:
    stack = AsyncExitStack()
    with proxy(tmp_path_factory.mktemp("ext_proc")) as running:

        async def start() -> int:
            return await stack.enter_async_context(ext_proc_server(running.deps))

        yield Processor(running, running.run(start()))
        running.run(stack.aclose())
