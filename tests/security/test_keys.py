"""Who may call, and whose key goes where."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest
from threegate.gateway.access.auth import KeyFile
from threegate.settings import UpstreamSettings
from threegate.settings.errors import SettingsError

from tests.e2e.support.running import Running, proxy
from tests.scripted_upstream import ScriptedUpstream
from tests.security.raw import CHAT, ask
from tests.serving import serve

OURS, THEIRS = "sk-upstream-canary-7f3a", "tg-client-canary-19bc"
PATHS = (
    *("/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages", "/v1/embeddings"),
    *("/chat/completions", "/beta/completions", "/anthropic/v1/messages"),
)


@pytest.fixture(scope="module")
def demo() -> ScriptedUpstream:
    return ScriptedUpstream(api_key=OURS)


@pytest.fixture(scope="module")
def keyed(
    tmp_path_factory: pytest.TempPathFactory, demo: ScriptedUpstream
) -> Iterator[tuple[Running, KeyFile]]:
    """Keys are needed, and the proxy has its own key for the model API."""
    var = tmp_path_factory.mktemp("keys")
    with serve(demo.app) as url:
        one = UpstreamSettings(url, key_env="MODEL_KEY")
        given: dict[str, Any] = {"upstreams": (one,), "environment": {"MODEL_KEY": OURS}}
        with proxy(var, keys="required", **given) as running:
            yield running, KeyFile(running.deps.settings.key_file)


def call(running: Running, path: str = CHAT, **headers: str) -> httpx.Response:
    body = {**ask("hello"), "input": "hello", "prompt": "hello", "max_tokens": 9}
    return httpx.post(f"{running.url}{path}", json=body, headers=headers, timeout=120)


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("path", PATHS)
def test_every_door_needs_a_key(
    keyed: tuple[Running, KeyFile], demo: ScriptedUpstream, path: str
) -> None:
    running, file = keyed
    since = len(demo.received)
    wrong: list[dict[str, str]] = [{}, bearer("tg-wrong"), {"x-api-key": THEIRS}]
    wrong += [{"authorization": THEIRS}, bearer(OURS), {"cookie": "key=x"}]
    for headers in wrong:
        reply = call(running, path, **headers)
        assert reply.status_code == 401, headers
        assert THEIRS not in reply.text
    assert len(demo.received) == since
    secret = file.add("a")[1]
    assert call(running, path, **bearer(secret)).status_code == 200
    assert call(running, path, **{"x-api-key": secret}).status_code == 200


@pytest.mark.parametrize("path", ["/v1/models", "/user/balance", "/v1/files", "/no/such/path"])
def test_a_plain_path_needs_a_key_too(keyed: tuple[Running, KeyFile], path: str) -> None:
    assert httpx.get(f"{keyed[0].url}{path}").status_code == 401


def test_a_key_is_asked_for_before_the_body_is_read(keyed: tuple[Running, KeyFile]) -> None:
    reply = httpx.post(f"{keyed[0].url}{CHAT}", content=b"{not json")
    assert reply.status_code == 401


def test_a_revoked_key_is_refused_at_the_next_request(keyed: tuple[Running, KeyFile]) -> None:
    running, file = keyed
    key, secret = file.add("a")
    assert call(running, **bearer(secret)).status_code == 200
    assert file.revoke(key.id)
    assert call(running, **bearer(secret)).status_code == 401


@pytest.mark.parametrize(("hours", "status"), [(-1, 401), (1, 200)])
def test_a_key_ends_when_it_says(keyed: tuple[Running, KeyFile], hours: int, status: int) -> None:
    running, file = keyed
    ends = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    assert call(running, **bearer(file.add("a", ends)[1])).status_code == status


def test_without_a_key_only_loopback_is_served(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="loopback"), proxy(tmp_path / "var", host="0.0.0.0"):
        raise AssertionError("it started")


def test_keys_are_swapped_and_stay_where_they_belong(
    keyed: tuple[Running, KeyFile], demo: ScriptedUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    running, file = keyed
    caplog.set_level(logging.DEBUG)
    secret = file.add("swap")[1]
    since = len(demo.received)
    replies = [
        call(running, path, **headers)
        for path in PATHS
        for headers in (bearer(secret), {"x-api-key": secret}, bearer(secret) | {"x-api-key": "b"})
    ]
    for fault in ("status=400", "status=500", "garbage", "redirect"):
        body = ask(f"[demo: {fault}] hello")
        replies.append(httpx.post(f"{running.url}{CHAT}", json=body, headers=bearer(secret)))
    sent = [r.headers for r in demo.received][since:]
    assert len(sent) >= len(PATHS) * 3
    assert all(h["authorization"] == f"Bearer {OURS}" for h in sent)
    assert all(h.get("x-api-key", OURS) == OURS for h in sent)
    assert secret not in json.dumps(sent)
    said = "".join(r.text + str(r.headers) for r in replies)
    said += caplog.text + httpx.get(f"{running.url}/metrics").text + str(running.deps)
    said += running.deps.settings.key_file.read_text("utf-8") + audited(running)
    assert OURS not in said
    assert secret not in said


def audited(running: Running) -> str:
    """Everything in the folder of the proxy, as text."""
    files = [p for p in running.var.rglob("*") if p.is_file()]
    assert len(files) > 2
    return "".join(p.read_bytes().decode("latin-1") for p in files)


@pytest.mark.parametrize("stream", [False, True])
def test_what_the_model_api_says_about_our_key_stays_inside(tmp_path: Path, stream: bool) -> None:
    refuses = ScriptedUpstream(api_key="another")
    with serve(refuses.app) as url:
        one = UpstreamSettings(url, key_env="MODEL_KEY")
        given: dict[str, Any] = {"upstreams": (one,), "environment": {"MODEL_KEY": OURS}}
        with proxy(tmp_path / "var", **given) as running:
            said = json.dumps({"error": {"message": f"bad key {OURS}"}}).encode()
            for status in (401, 403):
                reply = httpx.post(f"{running.url}{CHAT}", json=ask("hello", stream=stream))
                assert reply.status_code == 502
                assert reply.json()["error"]["code"] == "upstream_key"
                refuses.play([said], status=status, media_type="application/json")


def test_official_clients_name_the_missing_key(keyed: tuple[Running, KeyFile]) -> None:
    url = keyed[0].url
    with (
        openai.OpenAI(base_url=f"{url}/v1", api_key="tg-wrong", max_retries=0) as client,
        pytest.raises(openai.AuthenticationError),
    ):
        client.chat.completions.create(**ask("hello"))
    with (
        anthropic.Anthropic(base_url=url, api_key="tg-wrong", max_retries=0) as other,
        pytest.raises(anthropic.AuthenticationError),
    ):
        other.messages.create(max_tokens=9, **ask("hello"))
