"""Layer 3 without a transport: the machines for one call's answer, a whole answer through them, and
the record at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from threegate_classifiers.turns import CALL

from threegate.audit.log.record import Part, Stage
from threegate.gateway.access.rate_limit import counts_text
from threegate.gateway.answer.answer_context import AnswerContext
from threegate.gateway.answer.buffered_answer import guard_body
from threegate.gateway.answer.guarded_answer import GuardedAnswer
from threegate.gateway.answer.guarded_text import TextOptions
from threegate.gateway.answer.output_contract import ToolRules, format_gate, schemas_of
from threegate.gateway.context import CallContext
from threegate.gateway.outcome import outcome_of
from threegate.gateway.request.request_context import counted_by, last_question, sources_of
from threegate.gateway.request.stored_ids import stored_ids
from threegate.gateway.telemetry.hold_timer import HoldTimer
from threegate.guard.output import OutputGuard, citations_of
from threegate.policy.model import ReasoningVisibility
from threegate.types import Channel, Ruling
from threegate.wire.adapter import Body, Outcome, StreamKey, StreamOptions
from threegate.wire.frame_codec import FIELD_PARTS, shape_errors
from threegate.wire.known_fields import UNKNOWN_REASON
from threegate.wire.openai.structured import wants_json
from threegate.wire.words import is_protocol


def answer_of_call(call: CallContext) -> GuardedAnswer:
    """The machines for one answer, with its context."""
    request_text = "\n".join([s.text for s in call.slots])
    checks = call.resolved.checks
    context = AnswerContext(
        last_question(call.slots),
        sources_of(call.slots, call.policy.knowledge, checks),
        request_text,
        call.constraints.principles,
        counted_by(checks),
    )
    guard = _guard(call, [source.id for source in context.sources])
    keep = keeps_texts(call) or counts_text(call)
    CALL.set(object())  # at the classifiers all texts of the answer take turns as one
    turns = call.deps.turns
    return GuardedAnswer(guard, call.detector_set, context, keep, _options(call), turns=turns)


def _guard(call: CallContext, sources: Sequence[str]) -> OutputGuard:
    bound = (call.caller, call.today, call.stopped)
    channels = {c: g.bound(*bound) for c, g in call.resolved.output.items()}
    masked = call.constraints.reasoning.show is ReasoningVisibility.MASKED
    return OutputGuard.over(
        channels,
        call.masks,
        call.caller.language,
        call.deps.model_api.secrets,
        citations_of(channels, sources, call.caller.language),
        frozenset({Channel.REASONING} if masked else ()),
        in_json=wants_json(call.request),
    )


def _options(call: CallContext) -> Callable[[StreamKey], TextOptions]:
    """The options that say how each text of the answer is shown."""
    reasoning, language = call.constraints.reasoning, call.caller.language
    stands_in = reasoning.show is ReasoningVisibility.NOTICE
    notice = reasoning.notice.get(language) if stands_in else None
    gate = format_gate(call.constraints, call.body)

    def options(key: StreamKey) -> TextOptions:
        timer = HoldTimer(call.deps.metrics.hold.observe_all) if call.trail.stream else None
        match key.channel:
            case Channel.REASONING:
                return TextOptions(None, notice, timer)
            case Channel.CONTENT if key.part < FIELD_PARTS:
                return TextOptions(gate, None, timer)
            case _:
                return TextOptions(None, None, timer)

    return options


def shown(call: CallContext, *, starts_in_reasoning: bool = False) -> StreamOptions:
    """How the policy wants reasoning to be shown."""
    hidden = call.constraints.reasoning.show is ReasoningVisibility.HIDDEN
    ids = stored_ids(call)
    mark = None if ids is None else ids.marked
    return StreamOptions(starts_in_reasoning, show_reasoning=not hidden, mark=mark)


def tool_rules(call: CallContext) -> ToolRules:
    return ToolRules(call.constraints, schemas_of(call.body))


async def guard_answer(
    call: CallContext, body: Body, answer: GuardedAnswer, options: StreamOptions, sign: str = ""
) -> Body | None:
    """A whole answer as released; None if a ruling ended it (`answer.cut`)."""
    with shape_errors:
        calls = call.adapter.tool_calls(body)
    if (ruled := tool_rules(call).judge(calls)) is not None:
        answer.stop(ruled)
    try:
        guarded = await guard_body(body, call.adapter, answer, options, sign)
    finally:
        await answer.abandon()
    call.trail.usage = call.adapter.usage(body)
    call.trail.finish_reason = reason_of(call.adapter.finish_reasons(body))
    return guarded


async def close_answer(call: CallContext, answer: GuardedAnswer, stage: Stage) -> None:
    """The call's record, with the texts of its answer."""
    call.trail.output = answer.ruled
    call.trail.notes = answer.noted
    call.trail.answer_chars = answer.received
    call.trail.timings_ms["output"] = round(answer.spent_s * 1000, 3)
    call.answer_texts = tuple("".join(text.raw) for text in answer.all_texts())
    call.release_checking()  # only the write of the record remains
    await call.trail.ended(stage, _parts(answer) if keeps_texts(call) else ())


def keeps_texts(call: CallContext) -> bool:
    return call.policy.audit.level in ("redacted", "full")


def outcome(call: CallContext, ruled: Ruling) -> Outcome:
    return outcome_of(ruled, call.policy, call.trail.decision_id, call.caller.language)


def reason_of(reasons: Iterable[object]) -> str:
    """The first finish reason, in a form that the log may keep: a word of the protocol."""
    first = next(iter(reasons), "")
    known = isinstance(first, str) and is_protocol("finish_reason", first)
    return str(first) if known else UNKNOWN_REASON


def _parts(answer: GuardedAnswer) -> tuple[Part, ...]:
    return tuple(
        Part(
            f"choices/{text.key.choice}/{text.key.channel}/{text.key.part}",
            "".join(text.released),
            text.redacted,
        )
        for text in answer.all_texts()
        if text.raw
    )
