from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.serving import serve


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


def test_an_app_listens_while_the_block_runs() -> None:
    with serve(Starlette(routes=[Route("/", hello)])) as url:
        assert httpx.get(url).text == "hello"
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
