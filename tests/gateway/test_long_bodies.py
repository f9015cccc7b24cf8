"""Long bodies are read off the event loop, in requests and in whole answers."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import orjson
import pytest
from threegate.detectors import scan_pool
from threegate.errors import OverloadError, UpstreamError
from threegate.gateway.answer.output_layer import output_layer
from threegate.gateway.long_bodies import LONG_BODY, read_body_of
from threegate.gateway.request.call_opening import slots_of
from threegate.types import Action
from threegate.wire import json as strict_json
from threegate.wire.adapter import Body, Slot
from threegate.wire.base import Adapter
from threegate.wire.limits import MAX_TEXTS

from tests.gateway.calls import HI, NOWHERE, Said, call_of, deps_of
from tests.gateway.shell import policy, rule
from tests.gateway.test_endpoint import call

RULES = policy(rule("mobile", Action.REDACT, "pii.cn.mobile"))


@pytest.mark.parametrize(("size", "here"), [(LONG_BODY - 1, True), (LONG_BODY, False)])
async def test_where_a_body_is_read(size: int, here: bool) -> None:
    thread = await read_body_of(size, threading.get_ident)
    assert (thread == threading.get_ident()) is here


async def test_too_much_at_once_is_overload(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_pool.POOL, "in_flight", scan_pool.IN_FLIGHT)
    with pytest.raises(OverloadError):
        await read_body_of(LONG_BODY, threading.get_ident)
    assert await read_body_of(1, threading.get_ident) == threading.get_ident()


def noted(monkeypatch: pytest.MonkeyPatch, name: str, read: Any) -> list[int]:
    threads: list[int] = []

    def note(data: bytes) -> Any:
        threads.append(threading.get_ident())
        return read(data)

    monkeypatch.setattr(name, note)
    return threads


@pytest.mark.parametrize(("count", "here"), [(1, True), (MAX_TEXTS + 1, False)])
async def test_a_long_request_is_read_in_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, here: bool
) -> None:
    threads = noted(monkeypatch, "threegate.wire.json.parse", strict_json.parse)
    deps = deps_of(tmp_path, RULES, upstream=NOWHERE)
    messages = [{"role": "user", "content": "a word"}] * count
    sent = await call(deps, orjson.dumps({**HI, "messages": messages}))
    await deps.upstreams.aclose()
    assert sent.status == (502 if here else 413)
    assert (threads == [threading.get_ident()]) is here


@pytest.mark.parametrize(("count", "here"), [(10, True), (10_000, False)])
async def test_the_texts_of_a_long_request_are_found_in_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, here: bool
) -> None:
    threads: list[int] = []

    def noted(adapter: Adapter, body: Body) -> tuple[Slot, ...]:
        threads.append(threading.get_ident())
        return slots_of(adapter, body)

    for user in ("endpoint", "request.call_opening"):
        monkeypatch.setattr(f"threegate.gateway.{user}.slots_of", noted)
    deps = deps_of(tmp_path, RULES, upstream=NOWHERE)
    parts = [{"type": "text", "text": "a word"}] * count
    sent = await call(deps, orjson.dumps({**HI, "messages": [{"role": "user", "content": parts}]}))
    await deps.upstreams.aclose()
    assert sent.status == 502
    assert (threads == [threading.get_ident()]) is here
    assert len(threads) == 1


async def test_too_many_texts_of_an_answer_are_refused_off_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything else is done with them: 100,000 tool calls took two seconds of the loop."""
    name = "threegate.gateway.answer.output_layer.parse_answer"
    threads = noted(monkeypatch, name, strict_json.parse_answer)
    monkeypatch.setattr("threegate.gateway.answer.output_layer.guard_answer", None)
    function = {"name": "f", "arguments": "{}"}
    calls = [{"id": f"c{n}", "type": "function", "function": function} for n in range(MAX_TEXTS)]
    message = {"role": "assistant", "content": "hello", "tool_calls": calls}
    data = orjson.dumps({"id": "c", "choices": [{"index": 0, "message": message}]})
    deps = deps_of(tmp_path, RULES)
    made, _ = call_of(deps, RULES, HI)
    with pytest.raises(UpstreamError, match="texts"):
        await output_layer(made, Said([data]))  # type: ignore[arg-type]
    await deps.upstreams.aclose()
    assert threads
    assert threading.get_ident() not in threads
