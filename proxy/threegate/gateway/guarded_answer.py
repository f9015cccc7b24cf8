"""Layer 3 without a transport: the machines for one call's answer, a whole answer through them, and
the record at the end."""

from __future__ import annotations

from collections.abc import Iterable

from threegate.audit.log.record import Part, Stage
from threegate.gateway.access.rate_limit import counts_text
from threegate.gateway.buffered_answer import guard_body
from threegate.gateway.context import CallContext
from threegate.gateway.outcome import outcome_of
from threegate.gateway.output_contract import ToolRules, format_gate, schemas_of
from threegate.gateway.request_context import last_question, sources_of
from threegate.gateway.telemetry.hold_timer import HoldTimer
from threegate.gateway.tracks import AnswerContext, AnswerTracks, Track
from threegate.guard.output import OutputGuard
from threegate.policy.model import ReasoningVisibility
from threegate.types import Channel, Ruling
from threegate.wire.adapter import Body, Outcome, StreamOptions
from threegate.wire.frame_codec import WHOLE_PARTS, shape_errors
from threegate.wire.known_fields import UNKNOWN_REASON
from threegate.wire.slots import is_protocol


def answer_tracks(call: CallContext) -> AnswerTracks:
    """The machines for one answer, with what it is about."""
    guard = _guard(call)
    asked = "\n".join(s.text for s in call.slots)
    question = AnswerContext(
        last_question(call.slots),
        sources_of(call.slots, call.policy),
        asked,
        call.constraints.principles,
    )
    guard.cite([s.id for s in question.sources], call.caller.language)
    reasoning = call.constraints.reasoning
    if reasoning.show is ReasoningVisibility.MASKED:
        guard.masked = frozenset({Channel.REASONING})
    answer = AnswerTracks(guard, call.suite, question, keeps_texts(call) or counts_text(call))
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


def _guard(call: CallContext) -> OutputGuard:
    bound = (call.caller, call.today, call.stopped)
    channels = {c: g.bound(*bound) for c, g in call.applied.output.items()}
    return OutputGuard.over(channels, call.masks, call.deps.upstreams.secrets)


def shown(call: CallContext, *, starts_in_reasoning: bool = False) -> StreamOptions:
    """How the policy wants the reasoning of an answer shown."""
    hidden = call.constraints.reasoning.show is ReasoningVisibility.HIDDEN
    return StreamOptions(starts_in_reasoning, show_reasoning=not hidden)


def tool_rules(call: CallContext) -> ToolRules:
    return ToolRules(call.constraints, schemas_of(call.adapter, call.body))


async def guard_answer(
    call: CallContext, body: Body, answer: AnswerTracks, options: StreamOptions, sign: str = ""
) -> Body | None:
    """A whole answer as released; None where a ruling ended it (`answer.cut`)."""
    with shape_errors:
        calls = call.adapter.tool_calls(body)
    if (ruled := tool_rules(call).judge(calls)) is not None:
        answer.stop(ruled)
    try:
        guarded = await guard_body(body, call.adapter, answer, options, sign)
    finally:
        await answer.abandon()
    call.ledger.usage = call.adapter.usage(body)
    call.ledger.finish_reason = reason_of(call.adapter.finish_reasons(body))
    return guarded


async def close_answer(call: CallContext, answer: AnswerTracks, stage: Stage) -> None:
    """The call's record, with the texts of its answer."""
    call.ledger.output = answer.ruled
    call.ledger.answer_chars = sum(t.machine.received for t in answer.tracks.values())
    call.ledger.timings_ms["output"] = round(answer.spent_s * 1000, 3)
    call.said = tuple("".join(track.raw) for track in answer.tracks.values())
    await call.ledger.ended(stage, _parts(answer) if keeps_texts(call) else ())


def keeps_texts(call: CallContext) -> bool:
    return call.policy.audit.level in ("redacted", "full")


def outcome(call: CallContext, ruled: Ruling) -> Outcome:
    return outcome_of(ruled, call.policy, call.ledger.decision_id, call.caller.language)


def reason_of(reasons: Iterable[object]) -> str:
    """The first, as the log may keep it: a word of the protocol."""
    first = next(iter(reasons), "")
    known = isinstance(first, str) and is_protocol("finish_reason", first)
    return str(first) if known else UNKNOWN_REASON


def _parts(answer: AnswerTracks) -> tuple[Part, ...]:
    return tuple(
        Part(
            f"choices/{key.choice}/{key.channel}/{key.part}",
            "".join(track.released),
            track.redacted,
        )
        for key, track in answer.tracks.items()
        if track.raw
    )
