"""OpenAI responses: which events and parts carry texts, the key of a text, and our own objects."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from threegate.types import Channel, Usage
from threegate.wire import known_fields
from threegate.wire.adapter import Body, Outcome, OutcomeKind, StreamKey


class EventFamily(NamedTuple):
    """A family of events, `<name>.delta` and `<name>.done`. `field` is the text's name in `.done`,
    `place` the name of its index in the item ("" if an item has only one such text)."""

    name: str
    channel: Channel
    field: str
    place: str = ""


TEXT: Final = EventFamily("response.output_text", Channel.CONTENT, "text", "content_index")
REFUSAL: Final = EventFamily("response.refusal", Channel.CONTENT, "refusal", "content_index")
REASONING: Final = EventFamily(
    "response.reasoning_text", Channel.REASONING, "text", "content_index"
)
SUMMARY: Final = EventFamily(
    "response.reasoning_summary_text", Channel.REASONING, "text", "summary_index"
)
_ARGUMENTS: Final = EventFamily(
    "response.function_call_arguments", Channel.TOOL_ARGUMENTS, "arguments"
)
_FAMILIES: Final = (
    TEXT,
    REFUSAL,
    REASONING,
    SUMMARY,
    _ARGUMENTS,
    EventFamily("response.mcp_call_arguments", Channel.TOOL_ARGUMENTS, "arguments"),
    EventFamily("response.custom_tool_call_input", Channel.TOOL_ARGUMENTS, "input"),
    EventFamily("response.code_interpreter_call_code", Channel.TOOL_ARGUMENTS, "code"),
)
BY_DELTA: Final = {f"{family.name}.delta": family for family in _FAMILIES}
BY_DONE: Final = {f"{family.name}.done": family for family in _FAMILIES}
BY_PART: Final = {
    "output_text": TEXT,
    "refusal": REFUSAL,
    "reasoning_text": REASONING,
    "summary_text": SUMMARY,
}
BY_ITEM: Final = {
    "function_call": _ARGUMENTS,
    "mcp_call": _FAMILIES[5],
    "custom_tool_call": _FAMILIES[6],
    "code_interpreter_call": _FAMILIES[7],
}
OF_FRAME: Final = {  # by the field with the event's text
    name: known_fields.RESPONSES_FRAME | {name}
    for name in ("", "delta", "item", "part", "response", *(family.field for family in _FAMILIES))
}
ENDS: Final = frozenset(("response.completed", "response.incomplete", "response.failed"))
_ITEM_BITS: Final = 12  # part of a key = output index << 12 | summary bit | index in the item
_SUMMARY_BIT: Final = 1 << 11


def usage_of(usage: Any) -> Usage | None:
    """Token counts of a responses `usage` object."""
    if not isinstance(usage, dict):
        return None
    return Usage(
        input=known_fields.count(usage.get("input_tokens")),
        output=known_fields.count(usage.get("output_tokens")),
        cached=known_fields.count(
            known_fields.object_at(usage, "input_tokens_details").get("cached_tokens")
        ),
        reasoning=known_fields.count(
            known_fields.object_at(usage, "output_tokens_details").get("reasoning_tokens")
        ),
    )


def message_item(item_id: str, text: str, *, refused: bool = False) -> Body:
    """A finished message from us, as text or as a refusal."""
    part: Body = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {
        "id": item_id,
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "refusal", "refusal": text} if refused else part],
    }


def response_of(
    head: Body, outcome: Outcome, model: str, items: list[Body], *, refused: bool = False
) -> Body:
    """The response object of a call that the guard ended; `head` is the upstream's, if any. For
    clients that parse answers, a refusal is a complete answer."""
    answered = refused or outcome.kind is OutcomeKind.ANSWER
    return {
        "id": f"resp_{outcome.decision_id}",
        "object": "response",
        "created_at": outcome.created,
        "model": model,
        "error": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": None,
        **head,
        "status": "completed" if answered else "incomplete",
        "incomplete_details": None if answered else {"reason": "content_filter"},
        "output": items,
    }


def key_of(family: EventFamily, item: int, index: int) -> StreamKey:
    bit = _SUMMARY_BIT if family is SUMMARY else 0
    return StreamKey(0, family.channel, item << _ITEM_BITS | bit | index)


def item_of(key: StreamKey) -> int:
    """The output index of the item that a text is in."""
    return key.part >> _ITEM_BITS


def index_of(key: StreamKey) -> int:
    """The index of a text in its item."""
    return key.part & (_SUMMARY_BIT - 1)
