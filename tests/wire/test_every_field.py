"""A text in each field that the tables name, of requests and whole answers of each API: some check
sees it, or the field is on a list of those that are sent back unchecked, with a reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from threegate.errors import RequestError, UpstreamError
from threegate.gateway.answer.protocol_words import words_of
from threegate.wire import ADAPTERS, known_fields
from threegate.wire.adapter import Api
from threegate.wire.request_schema import check
from threegate.wire.sse import ServerSentEvent

TEXT: Final = "call 13912345678 now"
BY_API: Final = {adapter.api: adapter for adapter in ADAPTERS}
REQUESTS: Final[dict[Api, dict[str, Any]]] = {
    Api.CHAT: {"messages": [{"role": "user", "content": "hi"}]},
    Api.COMPLETIONS: {"prompt": "hi"},
    Api.RESPONSES: {"input": "hi"},
    Api.MESSAGES: {"max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]},
    Api.TOKEN_COUNT: {"messages": [{"role": "user", "content": "hi"}]},
    Api.EMBEDDINGS: {"input": "hi"},
}
ECHO: Final = frozenset(
    (
        *(
            "reasoning",
            "text",
            "instructions",
            "metadata",
            "tools",
            "tool_choice",
            "user",
            "prompt",
        ),
        *("safety_identifier", "prompt_cache_key", "prompt_cache_retention", "conversation"),
        *("previous_response_id", "stop_sequence", "billing"),
    )
)
"""What an answer repeats of the request (docs/limits.md)."""


def body_with(place: str, name: str) -> tuple[Api, dict[str, Any]]:
    """A whole answer with the text in that field of an object of that kind."""
    field = {name: TEXT}
    match place:
        case "frame":
            return Api.CHAT, {"choices": [], **field}
        case "choice":
            return Api.CHAT, {"choices": [{"index": 0, "message": {"content": "ok"}, **field}]}
        case "delta":
            return Api.CHAT, {"choices": [{"index": 0, "message": field}]}
        case "call" | "function" | "custom":
            inner = field if place == "call" else {place: field}
            return Api.CHAT, {"choices": [{"index": 0, "message": {"tool_calls": [inner]}}]}
        case "audio" | "detail":
            held = {"audio": field} if place == "audio" else {"reasoning_details": [field]}
            return Api.CHAT, {"choices": [{"index": 0, "message": held}]}
        case "message":
            return Api.MESSAGES, {"content": [], **field}
        case "response":
            return Api.RESPONSES, {"output": [], **field}
        case "item" | "part":
            item = {"type": "message", "role": "assistant", "content": [{"type": "output_text"}]}
            (item if place == "item" else item["content"][0]).update(field)  # type: ignore[attr-defined]
            return Api.RESPONSES, {"output": [item]}
        case "embeddings":
            return Api.EMBEDDINGS, field
        case _:
            return Api.EMBEDDINGS, {"data": [field]}


PLACES: Final = {
    "frame": known_fields.FRAME | known_fields.PROVIDER_WORDS,
    "choice": known_fields.CHOICE | known_fields.PROVIDER_WORDS,
    "delta": known_fields.DELTA,
    "call": known_fields.CALL,
    "function": known_fields.FUNCTION,
    "custom": known_fields.CUSTOM,
    "audio": known_fields.AUDIO,
    "detail": known_fields.DETAIL,
    "message": known_fields.MESSAGE,
    "response": known_fields.RESPONSE | {"incomplete_details"},
    "item": known_fields.ITEM,
    "part": known_fields.PART,
    "embeddings": known_fields.EMBEDDINGS,
    "embedding": known_fields.EMBEDDING,
}
FIELDS: Final = [(place, name) for place, names in PLACES.items() for name in sorted(names)]


def seen(api: Api, body: dict[str, Any]) -> Iterator[str]:
    """Texts and words of an answer; all of one that is refused."""
    try:
        yield from (slot.text for slot in BY_API[api].response_slots(body))
    except UpstreamError:
        yield TEXT
    yield from (word for _, _, word in words_of(body))


@pytest.mark.parametrize(("place", "name"), FIELDS, ids=lambda part: str(part))
@pytest.mark.parametrize("nested", [False, True], ids=["text", "nested"])
def test_a_text_in_a_field_of_an_answer_is_checked(place: str, name: str, nested: bool) -> None:
    api, body = body_with(place, name)
    if nested:
        body = _nested(body)
    if name not in ECHO:
        assert any(TEXT in text for text in seen(api, body))


def _nested(value: Any) -> Any:
    """The text one level deeper, where a text or a number is expected."""
    if isinstance(value, dict):
        return {name: _nested(below) for name, below in value.items()}
    if isinstance(value, list):
        return [_nested(below) for below in value]
    return [{"x_note": value}] if value == TEXT else value


ITEM: Final = {"type": "function_call", "name": "f", "arguments": "{}", "call_id": [{"x": TEXT}]}
DETAIL: Final = {"type": "reasoning.text", "text": "a"}
EVENTS: Final[tuple[tuple[Api, dict[str, Any]], ...]] = (
    (Api.RESPONSES, {"type": "response.output_text.done", "text": "", "item_id": {"x": TEXT}}),
    (Api.RESPONSES, {"type": "response.output_item.added", "output_index": 0, "item": ITEM}),
    (Api.CHAT, {"choices": [{"delta": {"role": [TEXT]}}]}),
    (Api.CHAT, {"choices": [{"delta": {"audio": {"data": [TEXT]}}}]}),
    (Api.MESSAGES, {"type": "message_start", "message": {"stop_reason": {"x": TEXT}}}),
    (
        Api.MESSAGES,
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "redacted_thinking", "data": {"x": TEXT}},
        },
    ),
    *(
        (Api.CHAT, {"choices": [{"delta": {"reasoning_details": [{**DETAIL, name: [TEXT]}]}}]})
        for name in ("signature", "format")
    ),
)


@pytest.mark.parametrize(("api", "event"), EVENTS)
def test_a_text_below_an_id_of_an_event_is_checked(api: Api, event: dict[str, Any]) -> None:
    chunk = BY_API[api].stream({}).read(ServerSentEvent(json.dumps(event)))
    assert any(TEXT in delta.text for delta in chunk.deltas)


@pytest.mark.parametrize("api", REQUESTS, ids=lambda api: api.value)
@pytest.mark.parametrize("name", sorted(known_fields.PUBLISHED))
def test_a_text_in_a_field_of_a_request_is_checked_or_refused(api: Api, name: str) -> None:
    """The pieces that `metadata` and the like hold are checked too, however deep."""
    for value in (TEXT, [TEXT], {"x": [{"y": TEXT}]}):
        field: Any = value
        for part in reversed(name.split(".")[1:]):
            field = {part: field}
        body = {"model": "m", **REQUESTS[api], name.partition(".")[0]: field}
        try:
            check(api, body)
            slots = BY_API[api].request_slots(body)
        except RequestError:
            continue
        assert any(TEXT in slot.text for slot in slots)
