"""Two policies share a proxy whose audit log fails: each call gets what its own policy asks for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from threegate.audit import AuditLog

from tests.audit.conftest import Outage
from tests.e2e.operation.test_faults import ask, stages
from tests.e2e.support.running import Running, proxy
from tests.gateway.shell import Heard, stream_of
from tests.waiting import eventually

PACK = """\
pack: {name}
title: {{zh: 记录, en: Records}}
version: '1'
audit: {{level: metadata, on_failure: {asked}}}
bindings: [{{pack: {name}, models: [{model}]}}]
rules:
  - id: {name}.mobile
    title: {{zh: 手机号脱敏, en: Mask mobile numbers}}
    owner: test
    why: [house.business]
    layer: input
    where: [user]
    detect: {{any: [pii.cn.mobile]}}
    then: {{mask: {{restore: client}}}}
    tests: {{match: ['我的手机号是13812345678'], no_match: [go]}}
    review_by: 2027-06-30
"""
STRICT, LENIENT = "deepseek-r1", "deepseek-chat"
ASKED = {STRICT: "fail_request", LENIENT: "continue"}


@pytest.fixture(params=["spool", "continue"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    packs = tmp_path / "policies" / "packs"
    packs.mkdir(parents=True)
    for name, model in (("strict", STRICT), ("lenient", LENIENT)):
        text = PACK.format(name=name, model=model, asked=ASKED[model])
        (packs / f"{name}.yaml").write_text(text, "utf-8")
    given: dict[str, Any] = {"packs": ("strict", "lenient"), "audit_on_failure": request.param}
    with proxy(tmp_path / "var", tmp_path / "policies", **given) as running:
        yield running


def log_of(running: Running) -> AuditLog:
    log = running.deps.audit
    assert isinstance(log, AuditLog)
    return log


def post(running: Running, model: str, **more: Any) -> httpx.Response:
    body = ask("hello", **more) | {"model": model}
    return httpx.post(f"{running.url}/v1/chat/completions", json=body, timeout=60)


def test_each_policy_has_its_own_answer_to_a_log_that_fails(shared: Running) -> None:
    settings = log_of(shared).settings
    asked = [(model, stream) for model in ASKED for stream in (False, True)] * 4
    with ThreadPoolExecutor(len(asked)) as pool:
        with Outage(settings):
            replies = list(pool.map(lambda one: post(shared, one[0], stream=one[1]), asked))
            counted = log_of(shared).counters
            elsewhere = counted.spooled, counted.lost
        after = list(pool.map(lambda one: post(shared, one[0], stream=one[1]), asked))
    for (model, _), reply in zip(asked, replies, strict=True):
        assert reply.status_code == (503 if model == STRICT else 200)
    assert {r.status_code for r in after} == {200}
    ids = [r.headers["x-threegate-request-id"] for r in replies]
    spooled = settings.on_failure == "spool"
    assert elsewhere == ((16, 0) if spooled else (0, 16))
    for (model, _), request_id in zip(asked, ids, strict=True):
        kept = ["completed"] if spooled and model == LENIENT else []
        assert stages(shared, request_id) == kept


def test_the_model_is_not_asked_without_a_record(shared: Running) -> None:
    with Outage(log_of(shared).settings):
        reply = post(shared, STRICT)
        assert reply.json()["error"]["code"] == "audit_unavailable"
        assert reply.headers["retry-after"]
        assert not shared.demo.received
        assert post(shared, LENIENT).json()["choices"]
    assert len(shared.demo.received) == 1


@pytest.mark.parametrize("model", [STRICT, LENIENT])
def test_a_stream_that_loses_its_last_record_ends_as_its_policy_asks(
    shared: Running, model: str
) -> None:
    data, failing = stream_of(["one two ", "three four."]), threading.Event()
    at = data.rfind(b"data: ", 0, data.find(b"three"))
    shared.demo.play([data[:at], data[at:]], go_on=failing)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(post, shared, model, stream=True)
        assert eventually(lambda: len(shared.demo.received) == 1)
        with Outage(log_of(shared).settings):
            failing.set()
            reply = asked.result()
    ended = reply.content.rstrip().endswith(b"data: [DONE]")
    assert ended is (model == LENIENT)
    assert ("audit_unavailable" in reply.text) is (model == STRICT)
    assert Heard(reply.content).finish() == ("stop" if model == LENIENT else None)
