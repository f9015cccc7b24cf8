"""Layer 3 of one call: the answer through its machines, or as it is where no rule looks at it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress

from threegate.audit.log.record import Part, Stage
from threegate.errors import AuditError, ThreegateError, UpstreamError
from threegate.gateway.access.rate_limit import counts_text
from threegate.gateway.ai_label import HEADER, label_for, label_of, sign_of
from threegate.gateway.buffered_answer import guard_body, read_body
from threegate.gateway.context import CallContext
from threegate.gateway.outcome import outcome_of
from threegate.gateway.output_contract import ToolRules, format_gate, schemas_of
from threegate.gateway.request_context import last_question, sources_of
from threegate.gateway.stream import StreamShell
from threegate.gateway.telemetry.hold_timer import HoldTimer
from threegate.gateway.tracks import AnswerContext, AnswerTracks, Track
from threegate.guard.output import OutputGuard
from threegate.i18n.messages import said
from threegate.policy.model import AiLabel, ReasoningVisibility
from threegate.types import Channel, Ruling
from threegate.upstream import Reply
from threegate.wire.adapter import DEFAULT_STREAM, Body, Outcome, StreamOptions
from threegate.wire.frame_codec import WHOLE_PARTS, shape_errors
from threegate.wire.json import parse_answer
from threegate.wire.known_fields import UNKNOWN_REASON
from threegate.wire.slots import is_protocol

STREAM_ENDS = re.compile(rb"\[DONE\]|message_stop|response\.(?:completed|incomplete|failed)")
"""One of these is in the last event of a stream that no rule looks at; only that one is held."""
LONGEST_END = 32
"""Bytes that one of them takes at most: it may come in pieces."""


async def output_layer(call: CallContext, reply: Reply) -> None:
    call.ledger.upstream_status = reply.status
    if reply.status >= 400:
        await _pass_error(call, reply)
    elif call.applied.as_said and not len(call.masks):
        await _pass_through(call, reply)
    else:
        _label_header(call)
        options = StreamOptions(
            starts_in_reasoning=reply.starts_in_reasoning,
            show_reasoning=call.constraints.reasoning.show is not ReasoningVisibility.HIDDEN,
        )
        respond = _stream if _is_stream(reply) else _whole
        await respond(call, reply, _answer(call, _guard(call)), options)


def _guard(call: CallContext) -> OutputGuard:
    bound = (call.caller, call.today, call.stopped)
    channels = {c: g.bound(*bound) for c, g in call.applied.output.items()}
    return OutputGuard.over(channels, call.masks)


def _label_header(call: CallContext) -> None:
    if call.label is not AiLabel.OFF:
        label = label_of(call.deps.settings.producer, call.ledger.request_id)
        _, call.ledger.label = label_for(call.policy, call.caller, call.today)
        call.out.headers[HEADER] = json.dumps({"AIGC": label})


def _answer(call: CallContext, guard: OutputGuard) -> AnswerTracks:
    asked = "\n".join(s.text for s in call.slots)
    question = AnswerContext(last_question(call.slots), sources_of(call.slots, call.policy), asked)
    guard.cite([s.id for s in question.sources], call.caller.language)
    reasoning = call.constraints.reasoning
    if reasoning.show is ReasoningVisibility.MASKED:
        guard.masked = frozenset({Channel.REASONING})
    answer = AnswerTracks(guard, call.suite, question, _keeps(call) or counts_text(call))
    notice = (
        reasoning.notice.get(call.caller.language)
        if reasoning.show is ReasoningVisibility.NOTICE
        else None
    )
    gate = format_gate(call.constraints, call.body)

    def prepare(track: Track) -> None:
        if call.ledger.stream:
            track.held = HoldTimer(call.deps.metrics.hold.observe)
        match track.key.channel:
            case Channel.REASONING:
                track.stand_in = notice
            case Channel.CONTENT if track.key.part < WHOLE_PARTS:
                track.gate = gate

    answer.on_track = prepare
    return answer


async def _stream(
    call: CallContext, reply: Reply, answer: AnswerTracks, options: StreamOptions
) -> None:
    ledger = call.ledger
    codec = call.adapter.stream(call.asked, options)

    async def end(stage: Stage) -> None:
        ledger.usage = codec.usage
        ledger.finish_reason = reason_of(codec.finish_reasons.values())
        await _close(call, answer, stage)

    shell = StreamShell(
        codec,
        answer,
        call.out.chunk,
        outcome=lambda ruled: _outcome(call, ruled),
        end=end,
        tools=ToolRules(call.constraints, schemas_of(call.adapter, call.body)),
        first=call.ledger.first_text,
        failed=call.ledger.failed,
        label=_field(call),
        sign=sign_of(call.label),
        language=call.out.language,
    )
    headers = {**reply.headers, "content-type": "text/event-stream", "cache-control": "no-cache"}
    await call.out.start(200, headers)
    try:
        await shell.run(reply)
    except BaseException as error:
        await _close(call, answer, Stage.ABORTED)
        if isinstance(error, Exception):  # a bug, which the client was told; nobody has left
            await call.out.finish()
        raise
    finally:
        await answer.abandon()
    await call.out.finish()


async def _whole(
    call: CallContext, reply: Reply, answer: AnswerTracks, options: StreamOptions
) -> None:
    body = parse_answer(await read_body(reply))
    tools = ToolRules(call.constraints, schemas_of(call.adapter, call.body))
    with shape_errors:
        calls = call.adapter.tool_calls(body)
    if (ruled := tools.judge(calls)) is not None:
        answer.stop(ruled)
    try:
        sign = sign_of(call.label)
        guarded = await guard_body(body, call.adapter, answer, options, sign)
    finally:
        await answer.abandon()
    call.ledger.usage = call.adapter.usage(body)
    call.ledger.finish_reason = reason_of(call.adapter.finish_reasons(body))
    if guarded is None:
        assert answer.cut is not None
        await _close(call, answer, Stage.BLOCKED)
        blocked = call.adapter.blocked(call.body, _outcome(call, answer.cut))
        await call.out.json(200, blocked, reply.headers)
        return
    guarded = call.adapter.restore_echo(guarded, call.asked)
    if (label := _field(call)) is not None:
        guarded = {**guarded, "aigc": label}
    await _close(call, answer, Stage.COMPLETED)
    await call.out.json(200, guarded, reply.headers)


def reason_of(reasons: Iterable[object]) -> str:
    """The first, as the log may keep it: a word of the protocol."""
    first = next(iter(reasons), "")
    told = isinstance(first, str) and is_protocol("finish_reason", first)
    return str(first) if told else UNKNOWN_REASON


def _keeps(call: CallContext) -> bool:
    return call.policy.audit.level in ("redacted", "full")


async def _close(call: CallContext, answer: AnswerTracks, stage: Stage) -> None:
    call.ledger.output = answer.ruled
    call.ledger.answer_chars = sum(t.machine.received for t in answer.tracks.values())
    call.ledger.timings_ms["output"] = round(answer.spent_s * 1000, 3)
    call.said = tuple("".join(track.raw) for track in answer.tracks.values())
    await call.ledger.ended(stage, _answer_parts(answer) if _keeps(call) else ())


def _outcome(call: CallContext, ruled: Ruling) -> Outcome:
    return outcome_of(ruled, call.policy, call.ledger.decision_id, call.caller.language)


def _field(call: CallContext) -> dict[str, str] | None:
    if call.label not in (AiLabel.FIELD, AiLabel.TEXT):
        return None
    return label_of(call.deps.settings.producer, call.ledger.request_id)


async def _pass_through(call: CallContext, reply: Reply) -> None:
    """No rule looks at the answer: bytes as they are, the last ones after the audit record. A
    stream that fails ends in an error event."""
    streamed = _is_stream(reply)
    await call.out.start(reply.status, reply.headers)
    try:
        last = await _bytes(call, reply, streamed)
    except ThreegateError as error:
        if not streamed:
            raise
        call.ledger.failed(error)
        with suppress(AuditError):
            await call.ledger.ended(Stage.ABORTED)
        last = b"\n\n" + call.adapter.stream(call.asked).error(error, call.out.language)
    await call.out.finish(last)


async def _bytes(call: CallContext, reply: Reply, streamed: bool) -> bytes:
    """Those that may leave only now."""
    held = seen = b""
    async for data in reply.chunks():
        if held:
            await call.out.chunk(held)
        held = data if not streamed or STREAM_ENDS.search(seen + data) else b""
        seen = (seen + data)[-LONGEST_END:]
        if not held:
            await call.out.chunk(data)
    await call.ledger.ended(Stage.COMPLETED)
    return held


async def _pass_error(call: CallContext, reply: Reply) -> None:
    """The model API's own error with its status: an error page, which says where it comes from,
    is not handed on, and neither is what the API says about a key that is not the client's. Errors
    repeat what they are about, so they are guarded as answers are."""
    body = await _error_body(call, reply)
    call.ledger.error = f"upstream_{reply.status}"
    if call.applied.as_said and not len(call.masks):
        await call.ledger.ended(Stage.COMPLETED)
    else:
        body = await _guarded_error(call, reply, body)
    headers = {**reply.headers, "content-type": "application/json"}
    await call.out.json(reply.status, body, headers)


async def _guarded_error(call: CallContext, reply: Reply, body: Body) -> Body:
    answer = _answer(call, _guard(call))
    try:
        guarded = await guard_body(body, call.adapter, answer, DEFAULT_STREAM)
    finally:
        await answer.abandon()
    await _close(call, answer, Stage.BLOCKED if guarded is None else Stage.COMPLETED)
    return guarded or call.adapter.error(_status_alone(reply), call.out.language)


def _status_alone(reply: Reply) -> UpstreamError:
    return UpstreamError(said("upstream-status", status=reply.status), status=reply.status)


async def _error_body(call: CallContext, reply: Reply) -> Body:
    data = await read_body(reply)
    if reply.own_key and reply.status in (401, 403):
        raise UpstreamError(said("upstream-key"), code="upstream_key")
    try:
        return parse_answer(data)
    except UpstreamError:
        return call.adapter.error(_status_alone(reply), call.out.language)


def _answer_parts(answer: AnswerTracks) -> tuple[Part, ...]:
    return tuple(
        Part(
            f"choices/{key.choice}/{key.channel}/{key.part}",
            "".join(track.released),
            track.redacted,
        )
        for key, track in answer.tracks.items()
        if track.raw
    )


def _is_stream(reply: Reply) -> bool:
    return reply.headers.get("content-type", "").startswith("text/event-stream")
