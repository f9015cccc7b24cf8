"""Endpoints without a conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from threegate.gateway.meta.endpoints import MetaEndpoints
from threegate.gateway.telemetry.rejections import Refusals
from threegate.policy.model import CompiledPolicy, ConstraintRule, Models
from threegate.settings import UpstreamSettings
from threegate.types import Bilingual

from tests.gateway.calls import Log, deps_of
from tests.gateway.shell import policy
from tests.scripted_upstream import ScriptedUpstream
from tests.serving import serve

BALANCE = replace(policy(), pass_through=("/user/balance",))
NARROW = replace(
    policy(),
    constraints=(
        ConstraintRule(
            "m", Bilingual("", ""),
            models=Models(("deepseek-r1",), (("gpt-4o", "deepseek-r1"),)),
        ),
    ),
)  # fmt: skip


@asynccontextmanager
async def client(
    tmp_path: Path,
    rules: CompiledPolicy | None,
    *,
    missing: str = "",
) -> AsyncIterator[tuple[httpx.AsyncClient, Log]]:
    with serve(ScriptedUpstream().app) as url:
        deps = deps_of(tmp_path, rules, upstream=UpstreamSettings(url))
        assert isinstance(deps.audit, Log)
        ready = {"policy": missing} if missing else {}
        plain = MetaEndpoints(deps, lambda: ready, Refusals(deps.audit))
        app = Starlette(
            routes=[
                Route("/v1/models", plain.models),
                Route("/v1/models/{model:path}", plain.models),
                Route("/readyz", plain.readiness),
                Route("/{path:path}", plain.other, methods=["GET", "POST"]),
            ]
        )
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://proxy") as made:
            yield made, deps.audit
        await deps.upstreams.aclose()


@pytest.mark.parametrize(
    ("accepted", "said"), [("", "this path is not available"), ("zh-CN", "不提供此路径")]
)
async def test_errors_follow_the_language_that_is_wanted(
    tmp_path: Path, accepted: str, said: str
) -> None:
    async with client(tmp_path, BALANCE) as (http, _):
        reply = await http.get("/v1/files", headers={"accept-language": accepted})
    assert reply.json()["error"]["message"].startswith(said)


async def test_models_are_those_that_the_policy_allows_and_its_aliases(tmp_path: Path) -> None:
    async with client(tmp_path, NARROW) as (http, _):
        listed = (await http.get("/v1/models")).json()
    assert {m["id"] for m in listed["data"]} == {"deepseek-r1", "gpt-4o"}


async def test_one_model(tmp_path: Path) -> None:
    async with client(tmp_path, NARROW) as (http, _):
        found = await http.get("/v1/models/gpt-4o")
        assert (found.status_code, found.json()["id"]) == (200, "gpt-4o")
        for hidden in ("deepseek-chat", "no/such model"):
            reply = await http.get(f"/v1/models/{hidden}")
            assert reply.status_code == 404
            assert reply.json()["error"]["code"] == "model_not_found"


ANTHROPIC = {"anthropic-version": "2023-06-01"}


async def test_models_in_the_shape_of_anthropics_api(tmp_path: Path) -> None:
    async with client(tmp_path, NARROW) as (http, _):
        listed = (await http.get("/v1/models", headers=ANTHROPIC)).json()
        one = (await http.get("/v1/models/gpt-4o", headers=ANTHROPIC)).json()
    assert one in listed["data"]
    assert one["type"] == "model"
    assert one["display_name"] == "gpt-4o"
    assert one["created_at"].startswith("20")
    assert (listed["first_id"], listed["last_id"]) == tuple(m["id"] for m in listed["data"])


@pytest.mark.parametrize(
    ("path", "headers", "shape"),
    [
        ("/v1/files", {}, "openai"),
        ("/v1/messages/batches", {}, "anthropic"),
        ("/anthropic/v1/files", {}, "anthropic"),
        ("/v1/files", ANTHROPIC, "anthropic"),
        ("/v1/models/none", ANTHROPIC, "anthropic"),
    ],
)
async def test_an_error_has_the_shape_of_its_api(
    tmp_path: Path, path: str, headers: dict[str, str], shape: str
) -> None:
    async with client(tmp_path, BALANCE) as (http, _):
        reply = await http.get(path, headers=headers)
    assert reply.status_code == 404
    body = reply.json()
    if shape == "anthropic":
        assert (body["type"], body["error"]["type"]) == ("error", "not_found_error")
    else:
        assert body["error"]["code"] == "unknown_path"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/user/balance", 200),
        ("POST", "/user/balance", 404),
        ("GET", "/v1/files", 404),
        ("POST", "/v1/batches", 404),
        ("GET", "/user/balance/..", 404),
    ],
)
async def test_other_paths_are_closed(tmp_path: Path, method: str, path: str, status: int) -> None:
    async with client(tmp_path, BALANCE) as (http, log):
        reply = await http.request(method, path)
        assert reply.status_code == status
        if status == 404:
            assert reply.json()["error"]["code"] == "unknown_path"
            assert reply.headers["x-threegate-request-id"] == log.records[-1].request_id


async def test_a_path_that_takes_another_method_says_so(tmp_path: Path) -> None:
    async with client(tmp_path, BALANCE) as (http, _):
        reply = await http.get("/v1/chat/completions")
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")
    assert "takes POST requests only" in reply.json()["error"]["message"]


async def test_a_base_url_with_v1_too_much_is_told(tmp_path: Path) -> None:
    async with client(tmp_path, BALANCE) as (http, _):
        reply = await http.post("/v1/v1/messages", json={})
    assert reply.status_code == 404
    assert "/v1 twice" in reply.json()["error"]["message"]


async def test_nobody_without_a_policy(tmp_path: Path) -> None:
    async with client(tmp_path, None) as (http, _):
        assert (await http.get("/v1/models")).status_code == 403
        assert (await http.get("/user/balance")).status_code == 403


async def test_readiness_names_what_is_missing(tmp_path: Path) -> None:
    async with client(tmp_path, policy(), missing="broken") as (http, log):
        log.away = True
        reply = await http.get("/readyz")
        assert reply.status_code == 503
        assert reply.json()["missing"] == {"policy": "broken", "audit": "not writable"}
    async with client(tmp_path, policy()) as (http, _):
        assert (await http.get("/readyz")).json() == {"status": "ready", "missing": {}}
