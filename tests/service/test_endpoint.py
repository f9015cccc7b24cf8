from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from threegate.gateway.telemetry.rejections import Refusals
from threegate.service.dialects.guard_check import GuardCheck
from threegate.service.endpoint import ServiceEndpoint
from threegate.service.engine import CheckEngine
from threegate.types import Action, Channel, Layer

from tests.gateway.calls import Log, Sent, deps_of
from tests.gateway.shell import policy, rule

RULE = rule("n", Action.MASK, "pii.cn.mobile", layer=Layer.INPUT, channels=frozenset(Channel))


@pytest.mark.parametrize("stage", ["input", "output"])
async def test_a_check_that_waits_for_its_record_leaves_the_processor_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    deps = deps_of(tmp_path, policy(RULE))
    waits, stored, append = asyncio.Event(), asyncio.Event(), Log.append

    async def slowly(log: Log, *record: Any) -> object:
        waits.set()
        await stored.wait()
        return await append(log, *record)

    monkeypatch.setattr(Log, "append", slowly)
    refusals, sent = Refusals(deps.audit), Sent()
    endpoint = ServiceEndpoint(deps, refusals, GuardCheck(), CheckEngine(deps, refusals))
    bodies = [{"stage": stage, "texts": ["hello"]}]

    async def receive() -> dict[str, Any]:
        if not bodies:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": orjson.dumps(bodies.pop())}

    scope = {"path": "/v1/guard/check", "query_string": b"", "headers": []}
    answer = asyncio.ensure_future(endpoint(scope, receive, sent))
    await waits.wait()
    assert deps.admission._busy == 0
    assert not answer.done()
    stored.set()
    await answer
    assert sent.status == 200
    await deps.upstreams.aclose()
