"""Layer 3 of one call: passes the answer through its machines, or unchanged if no rule checks
it."""

from __future__ import annotations

import re
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import orjson

from threegate.audit.log.record import Stage
from threegate.errors import AuditError, ThreegateError
from threegate.gateway.answer.ai_label import HEADER, label_for, label_of, sign_of
from threegate.gateway.answer.buffered_answer import read_body
from threegate.gateway.answer.call_answer import (
    answer_of_call,
    close_answer,
    guard_answer,
    outcome,
    reason_of,
    shown,
    tool_rules,
)
from threegate.gateway.answer.event_queue import EventQueue
from threegate.gateway.answer.guarded_answer import GuardedAnswer
from threegate.gateway.answer.stream_relay import StreamRelay
from threegate.gateway.answer.upstream_errors import pass_error
from threegate.gateway.asgi import EVENTS
from threegate.gateway.context import CallContext
from threegate.gateway.long_bodies import LONG_BODY, read_body_of
from threegate.gateway.request.stored_ids import stored_ids
from threegate.policy.model import AiLabel
from threegate.upstream import Reply
from threegate.wire.adapter import Body, StreamOptions
from threegate.wire.json import parse_answer
from threegate.wire.openai.choice_bodies import refuse_many_choices
from threegate.wire.sse import is_event_stream

STREAM_ENDS = re.compile(rb"\[DONE\]|message_stop|response\.(?:completed|incomplete|failed)")
"""One of these marks is in the last event of a stream that no rule checks; only that event is
held."""
LONGEST_END = 32
"""The most bytes of such a mark, which may arrive in pieces."""


async def output_layer(call: CallContext, reply: Reply) -> None:
    """Sends the answer to the client: an error of the model API, an answer that no rule checks, or
    one that passes through its machines, streamed or whole."""
    call.trail.upstream_status = reply.status
    if reply.status >= 400:
        await pass_error(call, reply, guarded=not _passes_as_it_is(call))
    elif _passes_as_it_is(call):
        await _pass_through(call, reply)
    else:
        _label_header(call)
        options = shown(call, starts_in_reasoning=reply.starts_in_reasoning)
        respond = _stream if is_event_stream(reply.headers) else _whole
        await respond(call, reply, answer_of_call(call), options)


def _passes_as_it_is(call: CallContext) -> bool:
    """Whether no rule checks the answer and nothing in it can need restoring or removing."""
    replaced = len(call.masks) or call.deps.model_api.secrets
    return call.resolved.unchanged and not replaced and stored_ids(call) is None


def _label_header(call: CallContext) -> None:
    if call.label is not AiLabel.OFF:
        label = label_of(call.deps.settings.producer, call.trail.request_id)
        _, call.trail.label = label_for(call.policy, call.caller, call.today)
        call.out.headers[HEADER] = orjson.dumps({"AIGC": label}).decode()


async def _stream(
    call: CallContext, reply: Reply, answer: GuardedAnswer, options: StreamOptions
) -> None:
    trail = call.trail
    codec = call.adapter.stream(call.request, options)

    async def end(stage: Stage) -> None:
        trail.usage = codec.usage
        trail.finish_reason = reason_of(codec.finish_reasons.values())
        await close_answer(call, answer, stage)

    queue = EventQueue(codec, answer, trail.first_text, _field(call), sign_of(call.label))
    relay = StreamRelay(
        codec,
        answer,
        queue,
        call.out.chunk,
        outcome=lambda ruled: outcome(call, ruled),
        end=end,
        tools=tool_rules(call),
        failed=trail.failed,
        language=call.out.language,
        direct=call.out.direct,
    )
    await call.out.start(200, {**reply.headers, **EVENTS})
    try:
        await relay.run(reply)
    except BaseException as error:
        await close_answer(call, answer, Stage.ABORTED)
        if isinstance(error, Exception):  # a bug; the client is still connected and gets an error
            await call.out.finish()
        raise
    finally:
        await answer.abandon()
    await call.out.finish()


async def _whole(
    call: CallContext, reply: Reply, answer: GuardedAnswer, options: StreamOptions
) -> None:
    data = await read_body(reply)
    call.resume_checking()
    body = await read_body_of(len(data), partial(_parsed, call, data, options))
    if isinstance(choices := body.get("choices"), list):
        refuse_many_choices(len(choices), call.adapter.most_choices(call.body))
    guarded = await guard_answer(call, body, answer, options, sign_of(call.label))
    if guarded is None:
        assert answer.cut is not None
        await close_answer(call, answer, Stage.BLOCKED)
        blocked = call.adapter.blocked(call.body, outcome(call, answer.cut))
        await call.out.json(200, blocked, reply.headers)
        return
    guarded = call.adapter.restore_echo(guarded, call.request)
    guarded = call.adapter.mark_stored(guarded, options)
    if (label := _field(call)) is not None:
        guarded = {**guarded, "aigc": label}
    await close_answer(call, answer, Stage.COMPLETED)
    await call.out.json(200, guarded, reply.headers)


def _parsed(call: CallContext, data: bytes, options: StreamOptions) -> Body:
    """Raises UpstreamError also for more texts than an answer may have, where they are counted
    before anything else is done with them."""
    body = parse_answer(data)
    call.adapter.drop_other_tokens(body)
    if len(data) >= LONG_BODY:
        deque(call.adapter.response_slots(body, options), maxlen=0)
    return body


def _field(call: CallContext) -> dict[str, str] | None:
    if call.label not in (AiLabel.FIELD, AiLabel.TEXT):
        return None
    return label_of(call.deps.settings.producer, call.trail.request_id)


async def _pass_through(call: CallContext, reply: Reply) -> None:
    """No rule checks the answer: bytes pass unchanged, the last ones after the audit record. A
    stream that fails ends in an error event. The head of a whole answer leaves with its first
    bytes: what fails before them still gets a status of its own."""
    streamed = is_event_stream(reply.headers)
    if streamed:
        await call.out.start(reply.status, {**reply.headers, **EVENTS})
    try:
        last = await _PassThrough(call, reply, streamed).run()
    except ThreegateError as error:
        if not streamed:
            raise
        call.trail.failed(error)
        with suppress(AuditError):
            await call.trail.ended(Stage.ABORTED)
        last = b"\n\n" + call.adapter.stream(call.request).error(error, call.out.language)
    if not call.out.started:
        await call.out.start(reply.status, reply.headers)
    await call.out.finish(last)


@dataclass(slots=True)
class _PassThrough:
    """The bytes of an answer on their way to the client. `held` may be the last ones."""

    call: CallContext
    reply: Reply
    streamed: bool
    held: bytes = b""
    seen: bytes = b""

    async def run(self) -> bytes:
        """The bytes that may leave only now."""
        call, reply = self.call, self.reply
        async for data in reply.chunks(self._take_at_once):
            if self.held:
                if not call.out.started:
                    await call.out.start(reply.status, reply.headers)
                await call.out.chunk(self.held)
            self.held = data if self._may_be_last(data) else b""
            if not self.held:
                await call.out.chunk(data)
        await call.trail.ended(Stage.COMPLETED)
        return self.held

    def _may_be_last(self, data: bytes) -> bool:
        seen = self.seen + data
        self.seen = seen[-LONGEST_END:]
        return not self.streamed or STREAM_ENDS.search(seen) is not None

    def _take_at_once(self, data: bytes) -> bool:
        """From socket to socket without a turn of a task."""
        direct = self.call.out.direct
        if direct is None or not direct.ready or not self.streamed or self.held:
            return False
        seen = self.seen + data
        if STREAM_ENDS.search(seen):
            return False
        self.seen = seen[-LONGEST_END:]
        direct.write(data)
        return True
