"""Several tenants behind one key of a model API: nobody goes on with what another has stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from threegate.gateway.access.auth import KeyFile
from threegate.settings import UpstreamSettings

from tests.e2e.support.running import Running, proxy
from tests.security.conftest import Watched

Caller = tuple[str, dict[str, str]]
ENVIRONMENT = {"MODEL_KEY": "sk-upstream-canary-51ce"}
ITEM = {"type": "message", "id": "msg_1", "role": "assistant", "content": []}
RESPONSE = {"id": "resp_1", "object": "response", "status": "completed", "output": [ITEM]}
EVENTS: tuple[dict[str, Any], ...] = (
    {"type": "response.created", "response": {**RESPONSE, "output": []}},
    {"type": "response.output_item.added", "output_index": 0, "item": ITEM},
    {"type": "response.completed", "response": RESPONSE},
)


def callers(tmp: Path, url: str, **given: Any) -> Iterator[tuple[Caller, Caller]]:
    """Two tenants before one model API."""
    one = UpstreamSettings(url, key_env="MODEL_KEY", **given)
    with proxy(tmp, upstreams=(one,), keys="required", environment=ENVIRONMENT) as running:
        keys = KeyFile(running.deps.settings.key_file)
        both = [keys.add(tenant)[1] for tenant in ("bank-1", "bank-2")]
        mine, theirs = [(running.url, {"authorization": f"Bearer {key}"}) for key in both]
        yield mine, theirs


@pytest.fixture(scope="module")
def two(
    tmp_path_factory: pytest.TempPathFactory, upstream: tuple[Watched, str]
) -> Iterator[tuple[Caller, Caller]]:
    yield from callers(tmp_path_factory.mktemp("two"), upstream[1])


def ask(caller: Caller, path: str = "/v1/responses", **body: Any) -> httpx.Response:
    url, headers = caller
    given = {"model": "deepseek-r1", "input": "hi"} | body
    return httpx.post(url + path, json=given, headers=headers, timeout=60)


def stored(caller: Caller, watched: Watched, *, stream: bool) -> str:
    """The id of a response as the caller gets it."""
    events = [b"data: %s\n\n" % json.dumps(event).encode() for event in EVENTS]
    pieces = events if stream else [json.dumps(RESPONSE).encode()]
    watched.demo.play(pieces, media_type="text/event-stream" if stream else "application/json")
    said = ask(caller, stream=stream)
    if not stream:
        return str(said.json()["id"])
    heard = [json.loads(line[6:]) for line in said.text.splitlines() if line[:6] == "data: "]
    ids = {event["response"]["id"] for event in heard if "response" in event}
    assert len(ids) == 1
    return ids.pop()


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_tenant_goes_on_with_its_own_response_alone(
    two: tuple[Caller, Caller], watched: Watched, stream: bool
) -> None:
    mine, theirs = two
    id = stored(mine, watched, stream=stream)
    watched.seen.clear()
    assert ask(theirs, previous_response_id=id).status_code == 404
    assert ask(theirs, previous_response_id="resp_1").status_code == 404
    assert not watched.seen
    assert ask(mine, previous_response_id=id).status_code == 200
    assert json.loads(watched.seen[-1][3])["previous_response_id"] == "resp_1"


FILE = {"role": "user", "content": [{"type": "file", "file": {"file_id": "file_1"}}]}
DOCUMENT = {"type": "document", "source": {"type": "file", "file_id": "file_1"}}
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "item": ("/v1/responses", {"input": [{"type": "item_reference", "id": "msg_1"}]}),
    "search": (
        "/v1/responses",
        {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]},
    ),
    "file": ("/v1/chat/completions", {"messages": [FILE]}),
    "document": (
        "/v1/messages",
        {"messages": [{"role": "user", "content": [DOCUMENT]}], "max_tokens": 9},
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_others_may_have_stored_is_not_named(
    two: tuple[Caller, Caller], watched: Watched, case: str
) -> None:
    path, body = OTHERS[case]
    watched.seen.clear()
    assert ask(two[0], path, **body).status_code == 404
    assert not watched.seen


@pytest.mark.parametrize("given", [{"shared_storage": True}, {"tenants": ("bank-1",)}])
def test_an_id_stays_as_it_is_where_nobody_else_stores_or_all_share(
    tmp_path: Path, upstream: tuple[Watched, str], given: dict[str, Any]
) -> None:
    for mine, _ in callers(tmp_path, upstream[1], **given):
        assert stored(mine, upstream[0], stream=False) == "resp_1"
        assert ask(mine, previous_response_id="resp_1").status_code == 200


def test_a_proxy_of_one_tenant_changes_no_id(guarded: Running, watched: Watched) -> None:
    assert stored((guarded.url, {}), watched, stream=True) == "resp_1"
