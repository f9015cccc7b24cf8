from __future__ import annotations

import asyncio
from threading import Event
from types import SimpleNamespace
from typing import cast

import pytest
from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.types import Message
from threegate.console.deps import CHECKS, ConsoleDeps
from threegate.console.errors import ConsoleError
from threegate.console.web import (
    MAX_FORM_BYTES,
    ConsoleRequest,
    Redirect,
    blocking,
    form_of,
    language_of,
    wants_json,
)

from tests.console.conftest import Site
from tests.waiting import PATIENCE_S


def request(body: bytes = b"", path: str = "/", *, more: bool = False, **headers: str) -> Request:
    raw = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    scope = {"type": "http", "method": "POST", "path": path, "headers": raw, "query_string": b""}

    async def receive() -> Message:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": body, "more_body": more}

    return Request(scope | {"server": ("x", 80), "scheme": "http", "root_path": ""}, receive)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9", "en"),
        ("fr,en;q=0.5", "en"),
        ("fr", "zh"),
        ("", "zh"),
    ],
)
def test_the_language_follows_the_browser(accepted: str, language: str) -> None:
    assert language_of(request(accept_language=accepted)) == language


def test_a_setting_is_stronger_and_only_ours_count() -> None:
    cookie = "threegate_language=en"
    assert language_of(request(accept_language="zh", cookie=cookie)) == "en"
    cookie = "threegate_language=xx"
    assert language_of(request(accept_language="zh", cookie=cookie)) == "zh"


async def test_forms_and_json_bodies() -> None:
    assert await form_of(request(b"a=1&b=%E4%BD%A0&c=x%0D%0Ay")) == {
        "a": "1",
        "b": "你",
        "c": "x\ny",
    }
    made = await form_of(request(b'{"a": 1, "b": "x"}', content_type="application/json"))
    assert made == {"a": "1", "b": "x"}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"\xff=\xff", "application/x-www-form-urlencoded", 400),
        (b"[1]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"x" * (MAX_FORM_BYTES + 1), "application/json", 413),
        (b"&".join(b"a=1" for _ in range(600)), "application/x-www-form-urlencoded", 400),
    ],
    ids=["bytes", "list", "broken", "large", "many"],
)
async def test_bad_bodies_are_refused(body: bytes, kind: str, status: int) -> None:
    with pytest.raises(ConsoleError) as caught:
        await form_of(request(body, content_type=kind))
    assert caught.value.status == status


def test_who_wants_json() -> None:
    assert wants_json(request(path="/audit.json"))
    assert wants_json(request(accept="application/json"))
    assert not wants_json(request(accept="text/html,application/json"))


def test_a_note_joins_the_address() -> None:
    assert Redirect("/a", done="saved").path == "/a?done=saved"
    assert Redirect("/a?b=1", done="saved").path == "/a?b=1&done=saved"


async def test_a_form_that_does_not_arrive_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("threegate.gateway.asgi.BODY_S", 0.05)
    with pytest.raises(ConsoleError) as refused:
        await form_of(request(more=True))
    assert refused.value.status == 408


async def test_so_many_checks_at_once() -> None:
    """The threads of the console are for everybody."""
    parts = SimpleNamespace(checks=CapacityLimiter(CHECKS))
    visit = ConsoleRequest(request(), cast(ConsoleDeps, parts), "en", None)
    go_on, begun = Event(), list[int]()

    def check() -> None:
        begun.append(1)
        go_on.wait(PATIENCE_S)

    checks = [asyncio.ensure_future(visit.checked(check)) for _ in range(5)]
    while len(begun) < CHECKS:
        await asyncio.sleep(0.01)
    assert await blocking(lambda: len(begun)) == CHECKS
    go_on.set()
    await asyncio.gather(*checks)
    assert len(begun) == 5


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "application/json"])
async def test_no_form_holds_what_a_database_cannot_keep(kind: str) -> None:
    """With PostgreSQL it looked like a database and an audit log that are away."""
    encoded = (
        b"reason=a%00b&csv=a%00b" if "form" in kind else rb'{"reason":"a\u0000b","csv":"a\u0000b"}'
    )
    form = await form_of(request(encoded, content_type=kind))
    assert form == {"reason": "a\ufffdb", "csv": "a\0b"}


def test_an_address_with_a_nul_is_refused(site: Site) -> None:
    reviewer = site.who("reviewer", name="nul")
    for address in ("/audit?tenant=%00", "/audit/record/%00", "/login?next=%00"):
        assert reviewer.get(address).status_code == 400
