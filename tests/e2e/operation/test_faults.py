"""What happens when a part fails: the guard closes, says so, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from threegate.audit.errors import trouble
from threegate.detectors.base import DetectorInfo
from threegate.detectors.detector_set import DetectorSet
from threegate.detectors.sentence_judging import SentenceJudging
from threegate.types import Bilingual, Failed, Finding, Passage, Reason

from tests.e2e.support.running import Running, proxy
from tests.waiting import eventually

CANARY = "zebra-canary-4711"


def ask(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "deepseek-r1", "messages": [{"role": "user", "content": text}], **more}


def post(running: Running, body: dict[str, Any]) -> httpx.Response:
    return httpx.post(f"{running.url}/v1/chat/completions", json=body, timeout=120)


def stages(running: Running, request_id: str) -> list[str]:
    entries = running.run(running.deps.audit.get(request_id))  # type: ignore[attr-defined]
    return [e.stage.value for e in entries]


def test_each_answer_has_its_record(guarded: Running) -> None:
    for stream in (False, True):
        reply = post(guarded, ask("hello", stream=stream))
        request_id = reply.headers["x-threegate-request-id"]
        assert stages(guarded, request_id) == ["completed"]


def test_without_audit_nothing_is_answered(tmp_path: Path) -> None:
    with proxy(tmp_path / "var") as running:
        seen = len(running.demo.received)

        async def fail(*args: object) -> None:
            raise trouble("not-stored")

        running.deps.audit.begin = running.deps.audit.append = fail  # type: ignore[method-assign]
        for stream in (False, True):
            reply = post(running, ask("hello", stream=stream))
            assert reply.status_code == 503
            assert reply.headers["retry-after"]
        assert len(running.demo.received) == seen


class Hanging:
    """A sentence detector that raises, hangs or is overloaded."""

    info = DetectorInfo("hanging", ("pii.email",), Bilingual("挂起", "hanging"))

    def __init__(self, how: str) -> None:
        self.how = how

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        if self.how == "raise":
            raise ValueError(CANARY)
        if self.how == "overload":
            return [Failed(self.info.id, Reason.OVERLOAD, p.locus) for p in passages]
        await asyncio.sleep(3600)
        return []


@pytest.mark.parametrize("how", ["raise", "hang", "overload"])
def test_a_detector_that_gives_no_answer_closes_the_input(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    with proxy(tmp_path / "var") as running:
        policy = running.deps.policies.pin().bindings[0].policy
        whole: DetectorSet = running.deps.detector_set_for(policy)
        whole.sentences = SentenceJudging((Hanging(how),))
        whole.kinds_of = {**whole.kinds_of, "hanging": ("pii.email",)}
        seen = len(running.demo.received)
        reply = post(running, ask(CANARY))
        assert reply.json()["choices"][0]["finish_reason"] == "content_filter"
        assert len(running.demo.received) == seen
        request_id = reply.headers["x-threegate-request-id"]
        entries = running.run(running.deps.audit.get(request_id))  # type: ignore[attr-defined]
        said = json.dumps([e.event for e in entries])
    reason = {"raise": "error", "hang": "timeout", "overload": "overload"}[how]
    assert f"hanging:{reason}" in said
    assert CANARY not in caplog.text + said


def test_a_client_that_leaves_is_recorded_and_the_upstream_cancelled(guarded: Running) -> None:
    body, before = ask("hello", stream=True), guarded.demo.aborted
    start = b'data: {"choices":[{"index":0,"delta":{"content":"Hello there. "}}]}\n\n'
    guarded.demo.play([start, start], go_on=Event())
    with httpx.stream("POST", f"{guarded.url}/v1/chat/completions", json=body) as reply:
        request_id = reply.headers["x-threegate-request-id"]
        next(reply.iter_raw())
    assert eventually(lambda: guarded.demo.aborted > before)
    assert eventually(lambda: stages(guarded, request_id) == ["aborted"])


def test_nothing_of_a_conversation_is_in_logs_metrics_or_errors(
    guarded: Running, caplog: pytest.LogCaptureFixture
) -> None:
    replies = [post(guarded, ask(f"{CANARY} [demo: {fault}]")) for fault in ("garbage", "bomb")]
    replies.append(post(guarded, ask(CANARY, temperature=CANARY)))
    for reply in replies:
        assert CANARY not in reply.text
    assert CANARY not in httpx.get(f"{guarded.url}/metrics").text
    assert CANARY not in caplog.text


def wait_ready(url: str) -> None:
    assert eventually(lambda: is_ready(url)), "the program did not become ready"


def is_ready(url: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"{url}/readyz").status_code == 200
    return False


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
