"""Spans of calls at a collector: what is sent, what holds without one, and what is dropped."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from threegate.audit.log.append_queue import Receipt
from threegate.audit.log.record import Record, Stage
from threegate.gateway.telemetry.tracing import MOST_WAITING, NO_PARENT, Parent, Traces, parent_of

from tests.e2e.support.running import Running, proxy
from tests.serving import serve

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADER = f"00-{TRACE}-{SPAN}-01"
ENDED = Record(stage=Stage.COMPLETED, request_id="tg_1")
RECEIPT = Receipt("ab" * 16, "writer", 7)


@pytest.mark.parametrize(
    ("header", "parent"),
    [
        (HEADER, Parent(TRACE, SPAN)),
        (HEADER[:-2] + "00", Parent(TRACE, SPAN, sampled=False)),
        (f"00-{'0' * 32}-{SPAN}-01", NO_PARENT),
        (f"00-{TRACE.upper()}-{SPAN}-01", NO_PARENT),
        ("", NO_PARENT),
    ],
)
def test_a_parent_is_what_the_standard_calls_one(header: str, parent: Parent) -> None:
    assert parent_of({"traceparent": header}) == parent


class Collector:
    """Takes what is sent; `status` is its answer."""

    def __init__(self, status: int = 200) -> None:
        self.status, self.bodies = status, list[dict[str, Any]]()
        self.app = Starlette(routes=[Route("/v1/traces", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        assert request.headers["content-type"] == "application/json"
        self.bodies.append(json.loads(await request.body()))
        return Response("{}", self.status)

    @property
    def spans(self) -> list[dict[str, Any]]:
        resources = [r for body in self.bodies for r in body["resourceSpans"]]
        return [s for r in resources for scope in r["scopeSpans"] for s in scope["spans"]]


@asynccontextmanager
async def sending(url: str, lost: list[int]) -> AsyncIterator[Traces]:
    async with httpx.AsyncClient() as client:
        yield Traces(url, "verdict", client, lost.append)


async def test_what_is_told_is_sent_together() -> None:
    collector, lost = Collector(), list[int]()
    with serve(collector.app) as url:
        async with sending(url, lost) as traces:
            for _ in range(3):
                traces.export(ENDED, RECEIPT)
            await traces.send()
            await traces.send()
    assert len(collector.bodies) == 1
    assert [s["name"] for s in collector.spans] == ["chat"] * 3
    assert lost == []


@pytest.mark.parametrize("status", [429, 500])
async def test_what_a_collector_does_not_take_is_counted(status: int) -> None:
    lost: list[int] = []
    with serve(Collector(status).app) as url:
        async with sending(url, lost) as traces:
            traces.export(ENDED, RECEIPT)
            await traces.send()
    async with sending("http://127.0.0.1:1", lost) as traces:
        for _ in range(MOST_WAITING + 2):
            traces.export(ENDED, RECEIPT)
        assert lost == [1, 1, 1]


def test_a_call_has_a_span_and_one_for_each_layer(tmp_path: Path) -> None:
    collector = Collector()
    with serve(collector.app) as url, proxy(tmp_path, traces_url=url) as running:
        body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": "13812345678"}]}
        for headers in ({"traceparent": HEADER}, {"traceparent": HEADER[:-2] + "00"}):
            httpx.post(f"{running.url}/v1/chat/completions", json=body, headers=headers)
        running.run(running.deps.traces.send())  # type: ignore[union-attr]
    call, *layers = collector.spans
    told = [r.headers["traceparent"] for r in running.demo.received]
    assert told[0] == f"00-{TRACE}-{call['spanId']}-01"  # the model's spans are below ours
    assert told[1].startswith(f"00-{TRACE}-")
    assert told[1].endswith("-00")
    assert (call["traceId"], call["parentSpanId"]) == (TRACE, SPAN)
    assert [s["name"] for s in layers] == [
        f"apply_guardrail {layer}" for layer in ("input", "constraint", "output")
    ]
    assert {s["parentSpanId"] for s in layers} == {call["spanId"]}
    starts = [int(s["startTimeUnixNano"]) for s in collector.spans]
    assert starts == sorted(starts)
    assert "13812345678" not in json.dumps(collector.bodies)


def test_a_call_without_a_parent_begins_a_trace_that_the_model_joins(tmp_path: Path) -> None:
    collector = Collector()
    with serve(collector.app) as url, proxy(tmp_path, traces_url=url) as running:
        ask(running)
        running.run(running.deps.traces.send())  # type: ignore[union-attr]
    call = collector.spans[0]
    told = running.demo.received[-1].headers["traceparent"]
    assert told == f"00-{call['traceId']}-{call['spanId']}-01"


def ask(running: Running, **headers: str) -> None:
    body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": "hi"}]}
    httpx.post(f"{running.url}/v1/chat/completions", json=body, headers=headers)


def test_without_a_collector_the_callers_own_span_goes_on(tmp_path: Path) -> None:
    with proxy(tmp_path) as running:
        assert running.deps.traces is None
        ask(running, traceparent=HEADER)
        assert running.demo.received[-1].headers["traceparent"] == HEADER
        for headers in ({}, {"traceparent": "text of the client"}):
            ask(running, **headers)
            assert "traceparent" not in running.demo.received[-1].headers
