"""A whole answer passes through the same machines as a stream: each text is a single, final
event."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from threegate.errors import UpstreamError
from threegate.gateway.answer.annotations import notes_of
from threegate.gateway.answer.guarded_answer import MAX_JUDGING, CalledTool, GuardedAnswer
from threegate.gateway.answer.guarded_text import GuardedText
from threegate.guard.byte_readings import damage
from threegate.i18n.messages import localized
from threegate.upstream import Reply
from threegate.wire.adapter import Body, Slot, StreamKey, StreamOptions
from threegate.wire.base import Adapter
from threegate.wire.frame_codec import WHOLE_PARTS, shape_errors
from threegate.wire.limits import MAX_RESPONSE_BYTES

_ANSWERS: Final = ("/content", "/text", "/refusal", "/transcript")


async def read_body(reply: Reply) -> bytes:
    """The bytes of an answer. Raises UpstreamError for one that is too large."""
    parts: list[bytes] = []
    size = 0
    async for data in reply.chunks():
        size += len(data)
        if size > MAX_RESPONSE_BYTES:
            raise UpstreamError(localized("answer-large"))
        parts.append(data)
    return b"".join(parts)


async def guard_body(
    body: Body, adapter: Adapter, answer: GuardedAnswer, options: StreamOptions, sign: str = ""
) -> Body | None:
    """The body with its released texts and `sign` after each answer; None if the answer was cut."""
    if answer.cut is not None:
        return None
    read: list[tuple[str, GuardedText, str]] = []
    await answer.turns.enter()
    answer.check_words(body)
    if answer.cut is not None:
        return None
    names = _tool_names(body, adapter)
    for i, slot in enumerate(adapter.response_slots(body, options)):
        channel = slot.locus.channel
        key = StreamKey(slot.locus.choice or 0, channel, i if _is_answer(slot) else WHOLE_PARTS + i)
        answer.calls[key] = CalledTool(names.get(slot.pointer.partition("#")[0], ""))
        guarded = answer.at(slot.locus, key)
        read.append((slot.pointer, guarded, slot.text))
        await guarded.feed_whole(slot.text)
        await answer.turns.rest()
        await _judged(answer, MAX_JUDGING)
    await settle(answer)
    if answer.cut is not None:
        return None
    texts: dict[str, str] = {}
    for pointer, text, old in read:
        new = _released(text, sign)
        if new != old and (pointer not in texts or damage(new) < damage(texts[pointer])):
            texts[pointer] = new  # bytes in several encodings have several texts
    body = adapter.put(body, texts) if texts else body
    notes = notes_of(answer.ruled)
    body = adapter.annotate(body, "claims", notes) if notes else body
    return body if options.show_reasoning else adapter.hide_reasoning(body, options)


def _tool_names(body: Body, adapter: Adapter) -> dict[str, str]:
    """Tool names by the pointer of their arguments; empty if the body is an error, not an
    answer."""
    with suppress(UpstreamError), shape_errors:
        return {call.pointer: call.name for call in adapter.tool_calls(body)}
    return {}


def _is_answer(slot: Slot) -> bool:
    """Whether a text is the answer itself and not text in another field."""
    return slot.locus.part.partition("#")[0].endswith(_ANSWERS)


def _released(text: GuardedText, sign: str) -> str:
    return text.take() + text.suffix(sign)


async def _judged(answer: GuardedAnswer, left: int) -> None:
    while answer.cut is None and len(answer.tasks) > left:
        await answer.tasks.one_ends()


async def settle(answer: GuardedAnswer) -> None:
    """Waits until all texts (which have ended) are decided, or one has stopped the answer."""
    while answer.cut is None and not answer.all_decided:
        await _wait(answer)


async def _wait(answer: GuardedAnswer) -> None:
    answer.tasks.raise_first()
    await answer.changed.wait()
    answer.changed.clear()
