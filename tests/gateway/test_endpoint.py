"""One model API behind the guard: what ends a call, and what is told of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from threegate.audit.errors import trouble
from threegate.audit.log.record import Stage
from threegate.errors import RequestError, UpstreamError
from threegate.gateway.answer.call_answer import guard_answer
from threegate.gateway.deps import Deps
from threegate.gateway.endpoint import Endpoint
from threegate.gateway.http_endpoint import retry_after
from threegate.gateway.telemetry.rejections import Refusals
from threegate.limits.admission import Admission
from threegate.policy.model import CompiledPolicy
from threegate.settings import UpstreamSettings
from threegate.types import Action, Bilingual, Channel, Layer
from threegate.wire.adapter import Api

from tests.gateway.calls import BY_API, HI, NOWHERE, Log, Sent, deps_of
from tests.gateway.shell import policy, rule
from tests.scripted_upstream import ScriptedUpstream
from tests.serving import serve

STOP = policy(
    rule(
        "stop", Action.BLOCK, "pii.cn.mobile", layer=Layer.INPUT, channels=frozenset({Channel.USER})
    )
)


async def call(deps: Deps, body: bytes, **headers: str) -> Sent:
    sent, endpoint = Sent(), Endpoint(deps, Refusals(deps.audit), BY_API[Api.CHAT])
    events = [{"type": "http.request", "body": body}]

    async def receive() -> dict[str, Any]:
        if not events:
            await asyncio.Event().wait()
        return events.pop(0)

    raw = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    await endpoint({"path": "/v1/chat/completions", "headers": raw}, receive, sent)
    return sent


def stages(deps: Deps) -> list[Stage]:
    assert isinstance(deps.audit, Log)
    return [r.stage for r in deps.audit.records]


async def test_a_call_goes_through_and_leaves_one_record(tmp_path: Path) -> None:
    demo = ScriptedUpstream()
    with serve(demo.app) as url:
        deps = deps_of(tmp_path, policy(), upstream=UpstreamSettings(url))
        sent = await call(deps, orjson.dumps(HI))
        await deps.upstreams.aclose()
    assert sent.status == 200
    assert sent.headers["x-threegate-policy"] == "test@digest"
    assert stages(deps) == [Stage.COMPLETED]
    name = sent.headers["x-threegate-request-id"]
    assert isinstance(deps.audit, Log)
    assert deps.audit.begun == [name]
    assert demo.received[-1].headers["x-request-id"] == str(UUID(name.removeprefix("tg_")))


@pytest.mark.parametrize(
    ("rules", "body", "status", "written"),
    [
        (policy(), b"{", 400, [Stage.ABORTED]),
        (policy(), b'{"model": "m"}', 400, [Stage.ABORTED]),
        (None, orjson.dumps(HI), 403, [Stage.ABORTED]),
        (policy(), orjson.dumps(HI), 502, [Stage.ABORTED]),
        (
            STOP,
            b'{"model":"m","messages":[{"role":"user","content":"13812345678"}]}',
            200,
            [Stage.BLOCKED],
        ),
    ],
)
async def test_every_end_has_its_status_and_its_record(
    tmp_path: Path, rules: CompiledPolicy | None, body: bytes, status: int, written: list[Stage]
) -> None:
    deps = deps_of(tmp_path, rules, upstream=NOWHERE)
    sent = await call(deps, body)
    await deps.upstreams.aclose()
    assert sent.status == status
    assert stages(deps) == written
    assert b"13812345678" not in sent.data


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (RequestError(Bilingual("慢", "slow"), status=429, retry_after=7.4), {"retry-after": "7"}),
        (
            UpstreamError(Bilingual("不在", "away"), status=503, retry_after=0.2),
            {"retry-after": "1"},
        ),
        (trouble("not-stored"), {"retry-after": "1"}),
        (RequestError(Bilingual("否", "no"), retry_after=9), {}),
        (UpstreamError(Bilingual("否", "no")), {}),
    ],
)
def test_when_to_come_again(error: Any, headers: dict[str, str]) -> None:
    assert retry_after(error) == headers


async def test_under_overload_some_are_told_to_come_again_and_none_goes_on_unchecked(
    tmp_path: Path,
) -> None:
    """Five times as many calls as there are places, all at one moment; the model answers late."""
    demo, body = (
        ScriptedUpstream(),
        {**HI, "messages": [{"role": "user", "content": "13812345678"}]},
    )
    asked = {**HI, "messages": [{"role": "user", "content": "[demo: delay=1] hi"}]}
    with serve(demo.app) as url:
        made = deps_of(tmp_path, STOP, upstream=UpstreamSettings(url))
        deps = replace(made, admission=Admission(calls=4, checking=2))
        given = [asked] * 4 + [body] * 16
        sent = await asyncio.gather(*(call(deps, orjson.dumps(b)) for b in given))
        assert [s.status for s in sent] == [200] * 4 + [503] * 16
        assert all(s.headers["retry-after"] == "1" for s in sent[4:])
        assert all(s.body["error"]["code"] == "overloaded" for s in sent[4:])
        assert len(demo.received) == 4
        assert stages(deps).count(Stage.ABORTED) == 16
        again = await call(deps, orjson.dumps(body))
        assert again.body["choices"][0]["finish_reason"] == "content_filter"
        await deps.upstreams.aclose()
    assert len(demo.received) == 4


async def test_calls_that_come_at_once_do_not_hold_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("threegate.tasks.TURN_S", -1.0)
    deps, now, ended = deps_of(tmp_path, STOP, upstream=NOWHERE), [0], list[int]()

    async def tick() -> None:
        while True:
            await asyncio.sleep(0)
            now[0] += 1

    async def one() -> None:
        sent = await call(deps, orjson.dumps(HI))
        assert sent.status == 502
        ended.append(now[0])

    other = asyncio.ensure_future(tick())
    monkeypatch.setattr("threegate.gateway.endpoint._ask_model", refused)
    await asyncio.gather(*(one() for _ in range(20)))
    other.cancel()
    await deps.upstreams.aclose()
    assert max(Counter(ended).values()) <= 2  # one that has waited, and one that is new


async def refused(*_: object) -> None:
    raise UpstreamError(Bilingual("不在", "away"))


async def test_a_whole_answer_takes_a_place_while_it_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it new calls go before those whose answer has come, and none ends."""
    taken: list[int] = []

    async def looked_at(*given: Any) -> Any:
        taken.append(deps.admission._busy)
        return await guard_answer(*given)

    monkeypatch.setattr("threegate.gateway.answer.output_layer.guard_answer", looked_at)
    with serve(ScriptedUpstream().app) as url:
        looks = policy(rule("looks", Action.REDACT, "pii.cn.mobile"))
        deps = deps_of(tmp_path, looks, upstream=UpstreamSettings(url))
        sent = await call(deps, orjson.dumps(HI))
        await deps.upstreams.aclose()
    assert (sent.status, taken, deps.admission._busy) == (200, [1], 0)
