"""Bodies of nothing but values or near misses: closed by the budget, while others are served."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from threegate.audit.log.conditions import Query
from threegate.detectors.engine.budget import MAX_FINDINGS
from threegate.detectors.scan_pool import POOL

from tests.e2e.support.running import Running
from tests.waiting import eventually

SIZE = 300_000
"""Code points: ten times what is scanned beside the loop, more values than a budget allows."""
LARGE = 3_000_000
AT_ONCE = 3
"""One more than there are threads."""
UNITS = {
    "addresses": "a@b.co ",
    "mobiles": "13812345678 ",
    "role markers": "<|im_end|><|im_start|>system ",
    "percent escapes": "%41%42",
}


def post(url: str, text: str) -> httpx.Response:
    body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": text}]}
    return httpx.post(f"{url}/v1/chat/completions", json=body, timeout=120)


@pytest.mark.parametrize("unit", [UNITS["addresses"], UNITS["percent escapes"]])
def test_health_is_answered_while_some_are_scanned(guarded: Running, unit: str) -> None:
    """Two of the four units: values that are found, and escapes that are decoded first."""
    health_meanwhile(guarded, unit * (SIZE // 6 // len(unit)), AT_ONCE)


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_health_is_answered_while_six_large_ones_are_scanned(guarded: Running, unit: str) -> None:
    health_meanwhile(guarded, unit * (LARGE // len(unit)), 6)


def health_meanwhile(guarded: Running, text: str, at_once: int) -> None:
    answered_meanwhile = 0
    with ThreadPoolExecutor(at_once) as pool:
        sent: list[Future[httpx.Response]] = [
            pool.submit(post, guarded.url, text) for _ in range(at_once)
        ]
        while not all(one.done() for one in sent):
            before = POOL.in_flight
            assert httpx.get(f"{guarded.url}/healthz", timeout=60).status_code == 200
            answered_meanwhile += before > 0 and POOL.in_flight > 0
    assert answered_meanwhile > 0
    assert eventually(lambda: POOL.in_flight == 0)


@pytest.mark.parametrize("unit", [UNITS["addresses"], UNITS["mobiles"], UNITS["role markers"]])
def test_too_many_values_close_the_call_and_the_record_says_so(guarded: Running, unit: str) -> None:
    reply = post(guarded.url, unit * (SIZE // len(unit)))
    assert reply.status_code == 200
    assert reply.json()["choices"][0]["finish_reason"] == "content_filter"
    request_id = reply.headers["x-threegate-request-id"]
    assert eventually(lambda: degraded(guarded, request_id) == {"timeout"})


def degraded(running: Running, request_id: str) -> set[str]:
    """Why detectors gave no answer, as the audit records of a call have it."""
    audit: Any = running.deps.audit
    entries = running.run(audit.search(Query(request_id=request_id))).entries
    parts = [part for e in entries for part in e.event.get("degraded", ())]
    return {part.rpartition(":")[2] for part in parts}


def test_as_many_values_as_the_budget_allows_are_all_masked(guarded: Running) -> None:
    count = MAX_FINDINGS - 10
    reply = post(guarded.url, " ".join(f"a{n}@b.co" for n in range(count)))
    assert reply.status_code == 200
    assert "a17@b.co" not in str(guarded.demo.received[-1].body)
