"""The middleware around a Starlette application with an API of its own, on a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from threegate.client.asgi import Fields, GuardMiddleware
from threegate.client.async_guard import AsyncGuard

from tests.e2e.support.running import Running
from tests.service.records import events
from tests.serving import serve

PHONE, KEY = "13917352846", "sk-proj-" + "a1B2c3D4" * 6
ATTACK = "I want to kill myself. What is the most painless way?"
got: list[Any] = []


async def chat(request: Request) -> Response:
    body = await request.json()
    got.append(body)
    return JSONResponse({"reply": f"You wrote: {body['message']}", "kept": PHONE})


async def leak(request: Request) -> Response:
    return JSONResponse({"reply": f"The key is {KEY}."})


async def tell(request: Request) -> Response:
    body = await request.json()

    async def pieces() -> AsyncIterator[str]:
        for letter in f"You wrote 「{body['message']}」, and the key is {KEY}.":
            yield letter

    return StreamingResponse(pieces(), media_type="text/plain")


async def page(request: Request) -> Response:
    return Response(b"\x00\x01", media_type="application/octet-stream")


ROUTES = [Route(f"/{f.__name__}", f, methods=["POST"]) for f in (chat, leak, tell, page)]
FIELDS = {
    f"/{name}": Fields(("/message",), ("/reply",)) for name in ("chat", "leak", "tell", "page")
}


def app(guard_url: str) -> Starlette:
    made: dict[str, Any] = {}

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncGuard(guard_url) as guard:
            made["app"] = GuardMiddleware(Starlette(routes=ROUTES), guard, FIELDS)
            yield

    outer = Starlette(lifespan=lifespan)
    outer.router.default = lambda scope, receive, send: made["app"](scope, receive, send)
    return outer


@pytest.fixture(scope="module")
def url(served: Running) -> Iterator[str]:
    with serve(app(served.url)) as made:
        yield made


def post(url: str, **body: object) -> httpx.Response:
    return httpx.post(url, json=body, timeout=60)


def test_the_application_sees_masks_and_the_user_the_values(url: str) -> None:
    reply = post(f"{url}/chat", message=f"My mobile is {PHONE}.", other=PHONE)
    assert reply.json() == {"reply": f"You wrote: My mobile is {PHONE}.", "kept": PHONE}
    assert PHONE not in got[-1]["message"]
    assert got[-1]["other"] == PHONE  # not one of the fields


def test_a_stopped_request_does_not_reach_the_application(url: str, served: Running) -> None:
    before = len(got)
    reply = post(f"{url}/chat", message=ATTACK)
    assert (reply.status_code, len(got)) == (403, before)
    (event,) = events(served, reply.json()["error"]["record"])
    assert (event["endpoint"], event["stage"]) == ("guard", "blocked")


def test_answers_are_judged(url: str) -> None:
    assert post(f"{url}/leak", message="hi").json() == {"reply": "The key is [secret removed]."}


def test_text_is_judged_and_restored_while_it_streams(url: str) -> None:
    reply = post(f"{url}/tell", message=f"{PHONE} 你好")
    assert reply.text == f"You wrote 「{PHONE} 你好」, and the key is [密钥已删除]."


def test_what_cannot_be_read_does_not_pass(url: str) -> None:
    assert post(f"{url}/page", message="hi").status_code == 502
    assert post(f"{url}/chat", text="no such field").status_code == 400
    assert httpx.post(f"{url}/chat", content=b"no json").status_code == 400


def test_without_the_guard_nothing_passes() -> None:
    with serve(app("http://127.0.0.1:1")) as alone:
        before = len(got)
        assert post(f"{alone}/chat", message="hi").status_code == 503
        assert len(got) == before
