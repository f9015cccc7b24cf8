from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import orjson
import pytest
from threegate.gateway.request.call_opening import slots_of
from threegate.gateway.telemetry.rejections import Refusals
from threegate.service.dialects.guard_check import GuardCheck
from threegate.service.endpoint import ServiceEndpoint
from threegate.service.engine import CheckEngine
from threegate.types import Action, Channel, Layer
from threegate.wire.adapter import Body, Slot
from threegate.wire.base import Adapter

from tests.gateway.calls import Log, Sent, deps_of
from tests.gateway.shell import policy, rule

RULE = rule("n", Action.MASK, "pii.cn.mobile", layer=Layer.INPUT, channels=frozenset(Channel))


async def checked(endpoint: ServiceEndpoint, sent: Sent, body: dict[str, Any]) -> None:
    bodies = [orjson.dumps(body)]

    async def receive() -> dict[str, Any]:
        if not bodies:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": bodies.pop()}

    await endpoint({"path": "/v1/guard/check", "query_string": b"", "headers": []}, receive, sent)


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
    answer = asyncio.ensure_future(checked(endpoint, sent, {"stage": stage, "texts": ["hello"]}))
    await waits.wait()
    assert deps.admission._busy == 0
    assert not answer.done()
    stored.set()
    await answer
    assert sent.status == 200
    await deps.upstreams.aclose()


@pytest.mark.parametrize(("count", "here"), [(10, True), (4_000, False)])
async def test_the_texts_of_a_long_check_are_found_in_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, here: bool
) -> None:
    """10,000 short texts (200 KB) were read on the loop."""
    deps, threads = deps_of(tmp_path, policy()), []

    def noted(adapter: Adapter, body: Body) -> tuple[Slot, ...]:
        threads.append(threading.get_ident())
        return slots_of(adapter, body)

    for user in ("gateway.request.call_opening", "service.engine"):
        monkeypatch.setattr(f"threegate.{user}.slots_of", noted)
    refusals, sent = Refusals(deps.audit), Sent()
    endpoint = ServiceEndpoint(deps, refusals, GuardCheck(), CheckEngine(deps, refusals))
    await checked(endpoint, sent, {"texts": ["some short text"] * count})
    await deps.upstreams.aclose()
    assert sent.status == 200
    assert len(threads) == 1
    assert (threads == [threading.get_ident()]) is here
