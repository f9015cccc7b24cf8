"""Errors of the model API keep their status and are guarded like answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from threegate.audit.log.record import Stage
from threegate.gateway.answer.output_layer import output_layer
from threegate.policy.model import CompiledPolicy
from threegate.types import Action
from threegate.wire.adapter import Api

from tests.gateway.calls import HI, Log, Said, Sent, call_of, deps_of, said
from tests.gateway.shell import policy, rule

KEY = "sk-4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e"
SECRETS = policy(rule("key", Action.REDACT, "secret"))
BLOCKED = policy(rule("key", Action.BLOCK, "secret"))


async def respond(
    tmp_path: Path, rules: CompiledPolicy, reply: Said, api: Api = Api.CHAT
) -> tuple[Sent, Log]:
    deps = deps_of(tmp_path, rules)
    call, sent = call_of(deps, rules, HI, api=api)
    try:
        await output_layer(call, reply)  # type: ignore[arg-type]
    finally:
        await deps.upstreams.aclose()
    assert isinstance(deps.audit, Log)
    return sent, deps.audit


def refused(message: str) -> Said:
    return said({"error": {"message": message, "type": "invalid_request_error"}}, status=400)


async def test_an_error_that_repeats_the_request_is_guarded(tmp_path: Path) -> None:
    sent, log = await respond(tmp_path, SECRETS, refused(f"bad input: {KEY}"))
    assert (sent.status, log.records[-1].error) == (400, "upstream_400")
    assert sent.body["error"]["message"] == "bad input: [API_KEY_REMOVED]"
    assert log.records[-1].stage is Stage.COMPLETED


async def test_an_error_that_is_blocked_says_its_status_alone(tmp_path: Path) -> None:
    sent, log = await respond(tmp_path, BLOCKED, refused(f"bad input: {KEY}"))
    assert sent.status == 400
    assert sent.body["error"]["message"] == "the model API answered with status 400"
    assert log.records[-1].stage is Stage.BLOCKED


async def test_an_error_names_the_clients_own_values(tmp_path: Path) -> None:
    deps = deps_of(tmp_path, SECRETS)
    call, sent = call_of(deps, SECRETS)
    placeholder = call.masks.mask("pii.cn.mobile", "13812345678")
    try:
        await output_layer(call, refused(f"bad input: {placeholder}"))  # type: ignore[arg-type]
    finally:
        await deps.upstreams.aclose()
    assert sent.body["error"]["message"] == "bad input: 13812345678"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"error": {"message": "slow down"}}', "slow down"),
        (b"<html>nginx at 10.0.0.7</html>", "the model API answered with status 429"),
    ],
)
async def test_an_error_keeps_its_status_and_an_error_page_is_not_shown(
    tmp_path: Path, data: bytes, message: str
) -> None:
    sent, log = await respond(tmp_path, SECRETS, Said([data], status=429))
    assert sent.status == 429
    assert sent.body["error"]["message"].startswith(message)
    assert log.records[0].error == "upstream_429"


@pytest.mark.parametrize("data", [b'{"detail": "Not Found"}', b"404 page not found", b""])
@pytest.mark.parametrize(
    ("api", "path"), [(Api.MESSAGES, "/v1/messages"), (Api.RESPONSES, "/v1/responses")]
)
async def test_an_engine_without_the_api_is_told_as_such(
    tmp_path: Path, api: Api, path: str, data: bytes
) -> None:
    sent, log = await respond(tmp_path, SECRETS, Said([data], status=404), api)
    assert sent.status == 404
    said = sent.body["error"]["message"]
    assert path in said
    assert "/v1/chat/completions" in said
    assert log.records[0].error == "upstream_404"


async def test_an_engine_that_does_not_know_the_model_says_so_itself(tmp_path: Path) -> None:
    unknown = Said([b'{"error": {"message": "no model m"}}'], status=404)
    sent, _ = await respond(tmp_path, SECRETS, unknown, Api.MESSAGES)
    assert sent.body["error"]["message"] == "no model m"
