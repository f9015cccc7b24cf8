"""Layer 3 of one call: the answer through its machines, or as it is where no rule looks at it."""

from __future__ import annotations

from threegate.audit.record import Part, Stage
from threegate.gateway.answer import Answer, Question
from threegate.gateway.call import Call
from threegate.gateway.outcome import outcome_of
from threegate.gateway.sources import last_question, sources_of
from threegate.gateway.stream import StreamShell
from threegate.gateway.whole import guard_body, parse_answer, read_body
from threegate.guard.output import OutputGuard
from threegate.policy.model import Label, Show
from threegate.types import Ruled
from threegate.upstream import Reply
from threegate.wire.adapter import Outcome, StreamOptions


async def output_layer(call: Call, reply: Reply) -> None:
    call.ledger.upstream_status = reply.status
    guard = OutputGuard.of(
        call.policy,
        call.caller,
        call.today,
        call.masks,
        same=call.constraints.reasoning.check == "same",
        kinds_of=call.suite.kinds_of,
        needs=call.suite,
    )
    options = StreamOptions(show_reasoning=call.constraints.reasoning.show is Show.SHOWN)
    plain = guard.idle and options.show_reasoning and call.policy.label is Label.OFF
    if reply.status != 200:
        await _pass_error(call, reply)
    elif plain:
        await _pass_through(call, reply)
    elif _is_stream(reply):
        await _stream(call, reply, _answer(call, guard), options)
    else:
        await _whole(call, reply, _answer(call, guard), options)


def _answer(call: Call, guard: OutputGuard) -> Answer:
    question = Question(last_question(call.slots), sources_of(call.slots, call.policy))
    keep = call.policy.audit.level in ("redacted", "full")
    return Answer(guard, call.suite, question, keep)


async def _stream(call: Call, reply: Reply, answer: Answer, options: StreamOptions) -> None:
    ledger = call.ledger
    codec = call.adapter.stream(call.body, options)

    async def end(stage: Stage) -> None:
        ledger.usage = codec.usage
        ledger.finish_reason = next(iter(codec.finish_reasons.values()), "")
        ledger.output = answer.ruled
        await ledger.ended(stage, _answer_parts(answer))

    def outcome(ruled: Ruled) -> Outcome:
        return outcome_of(ruled, call.policy, ledger.decision_id, call.caller.language)

    headers = {**reply.headers, "content-type": "text/event-stream", "cache-control": "no-cache"}
    await call.out.start(200, headers)
    try:
        await StreamShell(codec, answer, call.out.chunk, outcome, end).run(reply)
    except BaseException:
        ledger.output = answer.ruled
        await ledger.ended(Stage.ABORTED, _answer_parts(answer))
        raise
    finally:
        await answer.abandon()
    await call.out.finish()


async def _whole(call: Call, reply: Reply, answer: Answer, options: StreamOptions) -> None:
    ledger = call.ledger
    body = parse_answer(await read_body(reply))
    try:
        guarded = await guard_body(body, call.adapter, answer, options)
    finally:
        ledger.output = answer.ruled
        await answer.abandon()
    ledger.usage = call.adapter.usage(body)
    ledger.finish_reason = next(iter(call.adapter.finish_reasons(body)), "")
    if guarded is None:
        assert answer.cut is not None
        outcome = outcome_of(answer.cut, call.policy, ledger.decision_id, call.caller.language)
        await ledger.ended(Stage.BLOCKED, _answer_parts(answer))
        await call.out.json(200, call.adapter.blocked(call.body, outcome), reply.headers)
    else:
        await ledger.ended(Stage.COMPLETED, _answer_parts(answer))
        await call.out.json(200, guarded, reply.headers)


async def _pass_through(call: Call, reply: Reply) -> None:
    """No rule looks at the answer: bytes as they are, the last ones after the audit record."""
    await call.out.start(reply.status, reply.headers)
    held = b""
    async for data in reply.chunks():
        if held:
            await call.out.chunk(held)
        held = data
    await call.ledger.ended(Stage.COMPLETED)
    await call.out.chunk(held)
    await call.out.finish()


async def _pass_error(call: Call, reply: Reply) -> None:
    """The model API's own error, in its own shape: status, known headers and a JSON body."""
    body = await read_body(reply)
    call.ledger.error = f"upstream_{reply.status}"
    await call.ledger.ended(Stage.COMPLETED)
    await call.out.json(reply.status, body, reply.headers)


def _answer_parts(answer: Answer) -> tuple[Part, ...]:
    return tuple(
        Part(
            f"choices/{key.choice}/{key.channel}/{key.part}",
            "".join(track.released),
            "".join(track.raw),
        )
        for key, track in answer.tracks.items()
        if track.raw
    )


def _is_stream(reply: Reply) -> bool:
    return reply.headers.get("content-type", "").startswith("text/event-stream")
