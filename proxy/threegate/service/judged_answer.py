"""Judges the answers of a check with the machines of layer 3: whole answers, or unfinished ones."""

from __future__ import annotations

from dataclasses import dataclass, field

from threegate.gateway.answer.call_answer import answer_of_call, guard_answer, shown, tool_rules
from threegate.gateway.answer.guarded_answer import GuardedAnswer
from threegate.gateway.context import CallContext
from threegate.service.answer_stream import AnswerStream
from threegate.service.check import Check
from threegate.types import Channel
from threegate.wire.adapter import Body, StreamKey


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """`answers` as released; none if a ruling ended them."""

    guarded: GuardedAnswer
    answers: tuple[Body, ...] = field(default=(), repr=False)
    open_chars: tuple[int, ...] = ()


async def whole_answer(check: Check, call: CallContext) -> JudgedAnswer:
    guarded = answer_of_call(call)
    body = await guard_answer(call, check.answer, guarded, shown(call))
    choices = () if body is None else body["choices"]
    return JudgedAnswer(guarded, tuple(c["message"] for c in choices))


async def open_answer(check: Check, call: CallContext) -> JudgedAnswer:
    """Texts of unfinished streams. Each is judged as if it ended here, as needed by a client that
    asks again with every piece; a stream would hold back the last `open_chars`."""
    stream = AnswerStream.of(call)
    try:
        settled, rest = await _released(check, call, stream)
    finally:
        await stream.answer.abandon()
    if stream.cut is not None:
        return JudgedAnswer(stream.answer)
    keys = [StreamKey(i, Channel.CONTENT) for i in range(len(check.answers))]
    texts = [settled.get(k, "") + rest.get(k, "") for k in keys]
    answers = tuple(
        {**m, "content": t} if m.get("content") else m
        for m, t in zip(check.answers, texts, strict=True)
    )
    changed = {
        key.choice
        for key in (*settled, *rest)
        if key.channel is Channel.TOOL_ARGUMENTS
        and settled.get(key, "") + rest.get(key, "") != _arguments(check, key)
    }
    if changed:
        answers = tuple(_without_calls(m) if i in changed else m for i, m in enumerate(answers))
    return JudgedAnswer(stream.answer, answers, tuple(len(rest.get(k, "")) for k in keys))


async def _released(
    check: Check, call: CallContext, stream: AnswerStream
) -> tuple[dict[StreamKey, str], dict[StreamKey, str]]:
    """What a stream would have released by now, and what its end adds."""
    if (ruled := tool_rules(call).judge(call.adapter.tool_calls(check.answer))) is not None:
        stream.answer.stop(ruled)
    for choice, message in enumerate(check.answers):
        if text := message.get("content"):
            await stream.feed(StreamKey(choice, Channel.CONTENT), text)
        for part, called in enumerate(message.get("tool_calls") or ()):
            arguments = called["function"].get("arguments") or ""
            await stream.feed(StreamKey(choice, Channel.TOOL_ARGUMENTS, part), arguments)
    await stream.settled()
    settled = stream.take()
    stream.close()
    await stream.finished()
    return settled, stream.take()


def _arguments(check: Check, key: StreamKey) -> str:
    called = check.answers[key.choice]["tool_calls"][key.part]
    return str(called["function"].get("arguments") or "")


def _without_calls(message: Body) -> Body:
    """For calls that may not pass unchanged: the clients that ask this cannot take edited ones."""
    return {**message, "tool_calls": None}
