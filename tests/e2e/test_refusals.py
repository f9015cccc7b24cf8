"""What is refused before it is a call has a record: reason and status, nothing of what was sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from threegate.gateway.access.auth import KeyFile
from threegate.gateway.telemetry.rejections import PER_MINUTE

from tests.e2e.support.running import Running, proxy

CANARY = "zebra-canary-0815"
CHAT = "/v1/chat/completions"
GOOD = {"model": "deepseek-r1", "messages": [{"role": "user", "content": CANARY}]}
Refused = dict[str, Any]


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    with proxy(tmp_path_factory.mktemp("refused"), keys="required") as running:
        yield running, KeyFile(running.deps.settings.key_file).add("bank")[1]


CASES: dict[str, tuple[Refused, int, str]] = {
    "no key": ({"key": ""}, 401, "invalid_api_key"),
    "wrong key": ({"key": f"tg-{CANARY}"}, 401, "invalid_api_key"),
    "no JSON": ({"content": f"{{{CANARY}".encode()}, 400, "invalid_json"),
    "a key twice": ({"content": f'{{"{CANARY}":1,"{CANARY}":2}}'.encode()}, 400, "invalid_json"),
    "wrong shape": (
        {"content": json.dumps({**GOOD, "n": CANARY}).encode()},
        400,
        "invalid_request",
    ),
    "token ids": (
        {"path": "/v1/completions", "content": b'{"model":"m","prompt":[1,2]}'},
        400,
        "token_ids_refused",
    ),
    "encoded": ({"headers": {"content-encoding": "gzip"}}, 415, "encoding"),
    "unknown path": ({"path": f"/v1/{CANARY}"}, 404, "unknown_path"),
    "unknown door": ({"path": "/v1/files"}, 404, "unknown_path"),
    "models without a key": (
        {"path": "/v1/models", "key": "", "method": "GET"},
        401,
        "invalid_api_key",
    ),
}


def send(running: Running, secret: str, given: Refused) -> httpx.Response:
    key = given.get("key", secret)
    headers = {"authorization": f"Bearer {key}"} if key else {}
    content = given.get("content", json.dumps(GOOD).encode())
    method, path = given.get("method", "POST"), given.get("path", CHAT)
    headers |= given.get("headers", {})
    return httpx.request(method, f"{running.url}{path}", content=content, headers=headers)


@pytest.mark.parametrize("name", CASES)
def test_a_refusal_leaves_a_record_without_text(keyed: tuple[Running, str], name: str) -> None:
    running, secret = keyed
    given, status, code = CASES[name]
    reply = send(running, secret, given)
    assert reply.status_code == status
    request_id = reply.headers["x-threegate-request-id"]
    entries = running.run(running.deps.audit.get(request_id))  # type: ignore[attr-defined]
    assert len(entries) == 1
    event = entries[0].event
    assert (event["stage"], event["error"]) == ("aborted", code)
    assert event["detail"] == {"status": status}
    assert CANARY not in json.dumps(event)
    assert secret not in json.dumps(event)
    known = given.get("key", secret) == secret and status != 404
    assert event.get("caller", {}).get("tenant", "") == ("bank" if known else "")


def test_a_flood_does_not_fill_the_log(keyed: tuple[Running, str]) -> None:
    running, secret = keyed
    ids = set()
    with httpx.Client(base_url=running.url) as client:
        for number in range(PER_MINUTE * 3):
            reply = client.post(CHAT, json=GOOD, headers={"x-api-key": f"tg-{number}"})
            assert reply.status_code == 401
            ids.add(reply.headers.get("x-threegate-request-id", ""))
    assert len(ids - {""}) <= PER_MINUTE
    assert send(running, secret, {}).status_code == 200


FAULTS = {"status=503": "", "garbage": "upstream_error", "redirect": "upstream_redirect"}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_record_of_a_call_that_failed_says_why(guarded: Running, fault: str) -> None:
    body = {**GOOD, "messages": [{"role": "user", "content": f"[demo: {fault}] hello"}]}
    reply = httpx.post(f"{guarded.url}{CHAT}", json=body)
    entries = guarded.run(guarded.deps.audit.get(reply.headers["x-threegate-request-id"]))  # type: ignore[attr-defined]
    assert entries[-1].event["error"] == (FAULTS[fault] or "upstream_503")


@pytest.mark.parametrize("fault", ["cut", "garbage"])
def test_the_record_of_a_stream_that_failed_says_why(guarded: Running, fault: str) -> None:
    text = f"[demo: {fault}] one two three four five six seven"
    body = {**GOOD, "messages": [{"role": "user", "content": text}], "stream": True}
    reply = httpx.post(f"{guarded.url}{CHAT}", json=body)
    assert reply.status_code == 200
    entries = guarded.run(guarded.deps.audit.get(reply.headers["x-threegate-request-id"]))  # type: ignore[attr-defined]
    event = entries[-1].event
    assert (event["stage"], event["error"]) == ("aborted", "upstream_error")


def test_no_refusal_of_ours_names_a_header_that_is_not_there(guarded: Running) -> None:
    """An answer of the guard itself is no refusal: its record is that of the call."""
    reply = httpx.post(f"{guarded.url}{CHAT}", json={**GOOD, "chat_template": "x"})
    assert reply.status_code == 400
    entries = guarded.run(guarded.deps.audit.get(reply.headers["x-threegate-request-id"]))  # type: ignore[attr-defined]
    assert [e.stage.value for e in entries] == ["blocked"]
