"""How a call ends before the model was asked: an answer of the API in use, or a status."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from threegate.audit.log.record import Stage
from threegate.gateway.context import stop
from threegate.guard.sampling_bounds import WITHOUT_ANSWER
from threegate.types import Bilingual
from threegate.wire.adapter import Api, Outcome, OutcomeKind

from tests.gateway.calls import HI, Log, call_of, deps_of
from tests.gateway.shell import policy

BLOCK = Outcome(OutcomeKind.BLOCK, "dec_1", "rule.1", Bilingual("不行。", "No."))
ASK: dict[Api, dict[str, Any]] = {
    Api.CHAT: HI,
    Api.COMPLETIONS: {"model": "m", "prompt": "hi"},
    Api.RESPONSES: {"model": "m", "input": "hi"},
    Api.MESSAGES: {**HI, "max_tokens": 5},
    Api.EMBEDDINGS: {"model": "m", "input": "hi"},
    Api.TOKEN_COUNT: HI,
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("api", Api)
async def test_a_block_is_valid_in_every_api(tmp_path: Path, api: Api, stream: bool) -> None:
    rules = policy()
    deps = deps_of(tmp_path, rules)
    call, sent = call_of(deps, rules, {**ASK[api], "stream": stream}, api=api)
    await stop(call, BLOCK)
    assert sent.status == (400 if api in WITHOUT_ANSWER else 200)
    text = sent.data.decode()
    assert '"rule_id":"rule.1"' in text
    assert '"decision_id":"dec_1"' in text
    assert "不行。" in text
    assert "No." in text
    events = sent.headers["content-type"] == "text/event-stream"
    assert events is (stream and api not in WITHOUT_ANSWER)
    log = deps.audit
    assert isinstance(log, Log)
    assert [r.stage for r in log.records] == [Stage.BLOCKED]
    await deps.upstreams.aclose()


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("api", Api)
async def test_a_status_is_an_error_of_the_api(tmp_path: Path, api: Api, stream: bool) -> None:
    rules = policy()
    deps = deps_of(tmp_path, rules)
    call, sent = call_of(deps, rules, {**ASK[api], "stream": stream}, api=api)
    outcome = Outcome(OutcomeKind.BLOCK, "dec_1", "rule.1", BLOCK.message, http_status=451)
    await stop(call, outcome)
    assert sent.status == 451
    assert sent.body["error"]["message"]
    assert sent.body["threegate"]["rule_id"] == "rule.1"
    await deps.upstreams.aclose()
