"""Layer 3 of one call: guarded, or as it is where no rule looks at it; errors with their status."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from threegate.audit.errors import trouble
from threegate.audit.log.record import Content, Record, Stage
from threegate.audit.settings import OnFailure
from threegate.errors import AuditError, UpstreamError
from threegate.gateway.answer.output_layer import output_layer
from threegate.i18n.messages import localized
from threegate.policy.model import AiLabel, CompiledPolicy, ConstraintRule, Limits, Tools
from threegate.types import Action, Bilingual, Usage
from threegate.upstream import Take

from tests.gateway.calls import HI, Log, Said, Sent, call_of, deps_of, said
from tests.gateway.shell import policy, rule, stream_of

KEY = "sk-4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e"
SECRETS = policy(rule("key", Action.REDACT, "secret"))
BLOCKED = policy(rule("key", Action.BLOCK, "secret"))
CALL = {"id": "c", "type": "function", "function": {"name": "drop", "arguments": "{}"}}
EVENTS = {"content-type": "text/event-stream", "x-request-id": "up-1"}


def chat(content: str, **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, **more}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"choices": [choice], "usage": {"prompt_tokens": 2, "completion_tokens": 3}}


async def respond(
    tmp_path: Path, rules: CompiledPolicy, reply: Said, **more: Any
) -> tuple[Sent, Log, Any]:
    deps = deps_of(tmp_path, rules)
    call, sent = call_of(deps, rules, {**HI, **more})
    try:
        await output_layer(call, reply)  # type: ignore[arg-type]
    finally:
        await deps.upstreams.aclose()
    assert isinstance(deps.audit, Log)
    return sent, deps.audit, call.trail


async def test_without_rules_bytes_pass_as_they_are(tmp_path: Path) -> None:
    pieces = [b'{"choices": [],  ', b'"odd":   1}']
    sent, log, _ = await respond(tmp_path, policy(), Said(pieces, headers={"x-request-id": "up-1"}))
    assert sent.data == b"".join(pieces)
    assert sent.headers["x-request-id"] == "up-1"
    assert [r.stage for r in log.records] == [Stage.COMPLETED]


@pytest.mark.parametrize("action", [Action.REDACT, Action.BLOCK])
async def test_a_whole_answer_is_guarded_and_counted(tmp_path: Path, action: Action) -> None:
    rules = policy(rule("key", action, "secret"))
    sent, log, trail = await respond(tmp_path, rules, said(chat(f"It is {KEY}.")))
    assert KEY.encode() not in sent.data
    assert sent.status == 200
    stage = Stage.BLOCKED if action is Action.BLOCK else Stage.COMPLETED
    assert [r.stage for r in log.records] == [stage]
    assert trail.usage == Usage(2, 3)
    assert trail.answer_chars == len(f"It is {KEY}.")


@pytest.mark.parametrize("kind", ["text/event-stream", "Text/Event-Stream; charset=utf-8"])
async def test_a_stream_is_guarded_and_ends_after_its_record(tmp_path: Path, kind: str) -> None:
    data = stream_of(["It is ", KEY, " here."])
    reply = Said([data], headers={**EVENTS, "content-type": kind})
    sent, log, trail = await respond(tmp_path, SECRETS, reply, stream=True)
    assert KEY.encode() not in sent.data
    assert sent.data.endswith(b"data: [DONE]\n\n")
    assert sent.headers["cache-control"] == "no-cache"
    assert sent.headers["x-accel-buffering"] == "no"
    assert [r.stage for r in log.records] == [Stage.COMPLETED]
    assert trail.finish_reason == "stop"


@dataclass
class Watching(Log):
    """Notes what the client had when the record was written."""

    sent: Sent | None = None
    had: bytes = b""

    async def append(
        self,
        record: Record,
        content: Content | None = None,
        on_failure: OnFailure | None = None,
    ) -> None:
        assert self.sent is not None
        self.had = self.sent.data
        await super().append(record, content, on_failure)


@pytest.mark.parametrize("end", [b"data: [DONE]\n\n", b'data: {"type":"response.failed"}\n\n'])
@pytest.mark.parametrize("size", [1, 5, 1000])
async def test_the_end_of_an_unguarded_stream_waits_for_its_record(
    tmp_path: Path, end: bytes, size: int
) -> None:
    data = b'data: {"choices":[]}\n\n' + end
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    deps, log = deps_of(tmp_path, policy()), Watching()
    deps = replace(deps, audit=log)
    call, log.sent = call_of(deps, policy(), {**HI, "stream": True})
    try:
        await output_layer(call, Said(pieces, headers=EVENTS))  # type: ignore[arg-type]
    finally:
        await deps.upstreams.aclose()
    assert not log.had.endswith(end)
    assert log.sent.data == data


@pytest.mark.parametrize("reason", ["my number is 13812345678", {"a": 1}, ["x"], "x" * 200])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_reason_is_recorded_as_a_word_or_not_at_all(
    tmp_path: Path, reason: Any, stream: bool
) -> None:
    delta = "delta" if stream else "message"
    body = {"choices": [{"index": 0, delta: {"content": "ok"}, "finish_reason": reason}]}
    event = Said([b"data: " + orjson.dumps(body) + b"\n\n"], headers=EVENTS)
    sent, log, _ = await respond(tmp_path, SECRETS, event if stream else said(body), stream=stream)
    assert sent.status == 200
    assert log.records[-1].finish_reason == "unknown"


LIMITS = ConstraintRule("limits", Bilingual("", ""), limits=Limits(tokens_per_day=5))
TOOLS = ConstraintRule("tools", Bilingual("", ""), tools=Tools(deny=("drop",)))


async def test_usage_is_read_where_a_budget_needs_it(tmp_path: Path) -> None:
    for rules, usage in ((policy(), None), (replace(policy(), constraints=(LIMITS,)), Usage(2, 3))):
        _, _, trail = await respond(tmp_path, rules, said(chat("Hello.")))
        assert trail.usage == usage


async def test_a_tool_that_is_denied_by_name_alone_ends_the_answer(tmp_path: Path) -> None:
    rules = replace(policy(), constraints=(TOOLS,))
    sent, log, _ = await respond(tmp_path, rules, said(chat("", tool_calls=[CALL])))
    assert b"drop" not in sent.data
    assert sent.body["threegate"]["rule_id"] == "tools"
    assert [r.stage for r in log.records] == [Stage.BLOCKED]


async def test_a_label_is_in_header_and_field(tmp_path: Path) -> None:
    rules = replace(policy(), label=AiLabel.FIELD)
    sent, log, trail = await respond(tmp_path, rules, said(chat("Hello.")))
    assert sent.body["aigc"]["ProduceID"] == trail.request_id
    assert trail.request_id in sent.headers["x-aigc"]
    assert log.records[0].label == "field"


@dataclass
class BrokenOff(Said):
    """Ends in the middle of a stream."""

    async def chunks(self, take: object = None) -> AsyncIterator[bytes]:
        yield b'data: {"choices":[]}\n\n'
        raise UpstreamError(localized("upstream-broke-off"))


@pytest.mark.parametrize(
    ("language", "text"),
    [("", "the model API broke off its answer"), ("zh", "模型接口中断了回答")],
)
@pytest.mark.parametrize("rules", [policy(), SECRETS], ids=["unguarded", "guarded"])
async def test_a_stream_ends_in_an_error_of_the_callers_language(
    tmp_path: Path, rules: CompiledPolicy, language: str, text: str
) -> None:
    deps = deps_of(tmp_path, rules)
    call, sent = call_of(deps, rules, {**HI, "stream": True})
    call.out.language = language
    try:
        await output_layer(call, BrokenOff([], headers=EVENTS))  # type: ignore[arg-type]
    finally:
        await deps.upstreams.aclose()
    assert f'"message":"{text}"' in sent.data.decode()


@dataclass
class Offered(Said):
    """Each piece goes to who takes it, else it is read."""

    async def chunks(self, take: Take | None = None) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if take is None or not take(piece):
                yield piece


@dataclass
class Direct:
    """Our own server's short way to the client."""

    sent: Any
    ready: bool = True
    written: list[bytes] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        self.written.append(data)
        self.sent.events.append({"body": data})


@pytest.mark.parametrize("ready", [True, False])
async def test_an_unguarded_stream_needs_a_task_for_its_end_alone(
    tmp_path: Path, ready: bool
) -> None:
    pieces = [b"data: 1\n\n", b"data: 2\n\n", b"data: [DO", b"NE]\n\n", b": after\n\n"]
    rules = policy()
    deps = deps_of(tmp_path, rules)
    call, sent = call_of(deps, rules, {**HI, "stream": True})
    direct = call.out.direct = Direct(sent, ready)
    try:
        await output_layer(call, Offered(pieces, headers=EVENTS))  # type: ignore[arg-type]
    finally:
        await deps.upstreams.aclose()
    assert sent.data == b"".join(pieces)
    assert direct.written == (pieces[:3] if ready else [])


async def test_an_error_page_is_told_in_the_callers_language(tmp_path: Path) -> None:
    deps = deps_of(tmp_path, SECRETS)
    call, sent = call_of(deps, SECRETS)
    call.out.language = "zh"
    try:
        await output_layer(call, Said([b"<html>"], status=429))  # type: ignore[arg-type]
    finally:
        await deps.upstreams.aclose()
    assert sent.body["error"]["message"] == "模型接口返回状态 429"


@pytest.mark.parametrize("status", [401, 403])
async def test_what_is_said_about_the_proxys_key_is_not_shown(tmp_path: Path, status: int) -> None:
    reply = Said([b'{"error": {"message": "bad key sk-own"}}'], status=status, own_key=True)
    with pytest.raises(UpstreamError) as caught:
        await respond(tmp_path, SECRETS, reply)
    assert caught.value.code == "upstream_key"
    assert "sk-own" not in str(caught.value)


@pytest.mark.parametrize(("status", "own_key"), [(401, False), (402, True), (404, True)])
async def test_what_is_said_about_anything_else_is_shown(
    tmp_path: Path, status: int, own_key: bool
) -> None:
    reply = Said([b'{"error": {"message": "no money"}}'], status=status, own_key=own_key)
    sent, _, _ = await respond(tmp_path, SECRETS, reply)
    assert (sent.status, sent.body["error"]["message"]) == (status, "no money")


async def test_masked_values_come_back_where_no_rule_looks_at_the_answer(tmp_path: Path) -> None:
    deps = deps_of(tmp_path, policy())
    call, sent = call_of(deps, policy())
    placeholder = call.masks.mask("pii.cn.mobile", "13812345678")
    try:
        await output_layer(call, said(chat(f"Call {placeholder}.")))  # type: ignore[arg-type]
    finally:
        await deps.upstreams.aclose()
    assert sent.body["choices"][0]["message"]["content"] == "Call 13812345678."


@dataclass
class Failing(Log):
    async def append(
        self,
        record: Record,
        content: Content | None = None,
        on_failure: OnFailure | None = None,
    ) -> None:
        raise trouble("not-stored")


async def test_a_whole_answer_whose_record_cannot_be_stored_has_not_begun(tmp_path: Path) -> None:
    deps = replace(deps_of(tmp_path, policy()), audit=Failing())
    call, sent = call_of(deps, policy())
    with pytest.raises(AuditError):
        await output_layer(call, Said([b'{"choices":[]}']))  # type: ignore[arg-type]
    await deps.upstreams.aclose()
    assert not sent.events
