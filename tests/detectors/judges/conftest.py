"""A scripted model on a real socket, and a client for the judges that ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.scripted_upstream import ScriptedUpstream
from tests.serving import serve


@pytest.fixture(scope="module")
def model() -> Iterator[tuple[ScriptedUpstream, str]]:
    demo = ScriptedUpstream()
    with serve(demo.app) as url:
        yield demo, url


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as made:
        yield made
