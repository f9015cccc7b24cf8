"""The rows of the fidelity table for the APIs of named events: responses and Anthropic messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.e2e.support.fidelity import (
    ARGUMENTS,
    MODEL,
    SAID,
    WAIT,
    Cell,
    Json,
    Row,
    Without,
    pieces,
    thought,
)
from tests.wire.samples import named

NO_START, NO_END = thought(start=False, end=True), thought(start=True, end=False)
ONE_ANSWER = Without("the API gives one answer")
ONE_DELTA = Without("an event of this API carries one delta")

RESPONSES_USAGE: Json = {
    "input_tokens": 12,
    "input_tokens_details": {"cached_tokens": 8},
    "output_tokens": 9,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 21,
}


def message(text: str = SAID, kind: str = "output_text", logprobs: Any = ()) -> Json:
    field = "refusal" if kind == "refusal" else "text"
    extra = {"annotations": [], "logprobs": list(logprobs)} if kind == "output_text" else {}
    return {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": kind, field: text, **extra}],
    }


def reasoning(text: str = SAID) -> Json:
    content = [{"type": "reasoning_text", "text": text}]
    return {"id": "r", "type": "reasoning", "summary": [], "content": content}


def function(name: str, arguments: str) -> Json:
    return {
        "id": f"fc_{name}",
        "type": "function_call",
        "call_id": f"call_{name}",
        "name": name,
        "arguments": arguments,
        "status": "completed",
    }


def response(*output: Json, status: str = "completed", why: str = "") -> Json:
    return {
        "id": "resp",
        "object": "response",
        "created_at": 1,
        "model": MODEL,
        "status": status,
        "incomplete_details": {"reason": why} if why else None,
        "error": None,
        "output": list(output),
        "usage": RESPONSES_USAGE,
    }


def events(made: Json, size: int = 5) -> list[tuple[str, Json]]:
    """The events of a response: every item opened, streamed and done."""
    head = {**made, "status": "in_progress", "output": [], "usage": None}
    out = [("response.created", {"response": head})]
    for index, item in enumerate(made["output"]):
        out += _item(index, item, size)
    return [*out, (f"response.{made['status']}", {"response": made})]


def _item(index: int, item: Json, size: int) -> Iterator[tuple[str, Json]]:
    bare = {**item, **{k: [] for k in ("content",) if k in item}}
    bare |= {"arguments": ""} if "arguments" in item else {}
    at = {"item_id": item["id"], "output_index": index}
    yield "response.output_item.added", {"output_index": index, "item": bare}
    if "arguments" in item:
        stem = "response.function_call_arguments"
        yield from _text(stem, "arguments", item["arguments"], at, size)
    for place, part in enumerate(item.get("content", ())):
        yield from _part(part, {**at, "content_index": place}, size)
    yield "response.output_item.done", {"output_index": index, "item": item}


def _part(part: Json, at: Json, size: int) -> Iterator[tuple[str, Json]]:
    field = "refusal" if part["type"] == "refusal" else "text"
    logs = {"logprobs": part["logprobs"]} if "logprobs" in part else {}
    bare = {k: [] for k in logs}
    yield "response.content_part.added", {**at, "part": {**part, field: "", **bare}}
    yield from _text(f"response.{part['type']}", field, part[field], {**at, **logs}, size)
    yield "response.content_part.done", {**at, "part": part}


def _text(stem: str, field: str, text: str, at: Json, size: int) -> Iterator[tuple[str, Json]]:
    for piece in pieces(text, size):
        yield f"{stem}.delta", {**at, "delta": piece}
    yield f"{stem}.done", {**at, field: text}


def responses(made: Json, size: int = 5, *, empty: bool = False) -> bytes:
    found = events(made, size)
    if empty:  # an empty delta before each
        found = [
            e for k, f in found for e in ([(k, {**f, "delta": ""})] * ("delta" in f) + [(k, f)])
        ]
    return b"".join(named(k, sequence_number=n, **f) for n, (k, f) in enumerate(found))


def both(made: Json, **how: Any) -> Cell:
    return Cell((responses(made, **how),), (made,))


TOKENS = [{"token": "Hi.", "logprob": -0.1, "bytes": [], "top_logprobs": []}]
ENDED = [
    response(message()),
    *(
        response(message(), status="incomplete", why=w)
        for w in ("max_output_tokens", "content_filter")
    ),
    response(message(), status="failed"),
]

RESPONSES: Row = {
    "keep-alives": Cell((WAIT + responses(response(message())),), (response(message()),)),
    "usage": both(response(message())),
    "finish reasons": Cell(tuple(map(responses, ENDED)), tuple(ENDED)),
    "several deltas in an event": ONE_DELTA,
    "choices": ONE_ANSWER,
    "log probabilities": both(response(message("Hi.", logprobs=TOKENS))),
    "parallel tool calls": both(response(function("a", ARGUMENTS[0]), function("b", ARGUMENTS[1]))),
    "arguments in fragments": both(response(function("b", ARGUMENTS[1])), size=2),
    "refusals": both(response(message(kind="refusal"))),
    "empty deltas": both(response(message()), empty=True),
    "reasoning (vLLM)": both(response(reasoning(), message())),
    "reasoning_content (DeepSeek, SGLang)": Without("reasoning is an item, whatever the engine"),
    "no start tag": Cell(
        (responses(response(message(NO_START))),), (response(message(NO_START)),), starts=True
    ),
    "no end tag": both(response(message(NO_END), status="incomplete", why="max_output_tokens")),
}

MESSAGES_USAGE: Json = {
    "input_tokens": 4,
    "cache_read_input_tokens": 8,
    "cache_creation_input_tokens": 2,
    "output_tokens": 9,
    "output_tokens_details": {"reasoning_tokens": 5},
}
STOPS = ("end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal", "pause_turn", "new")


def anthropic(*content: Json, stop: str = "end_turn") -> Json:
    head = {"id": "msg", "type": "message", "role": "assistant", "model": MODEL}
    end = {"stop_reason": stop, "stop_sequence": "END" if stop == "stop_sequence" else None}
    return {**head, "content": list(content), **end, "usage": MESSAGES_USAGE}


def block(text: str = SAID) -> Json:
    return {"type": "text", "text": text}


def use(name: str, arguments: str) -> Json:
    return {"type": "tool_use", "id": f"toolu_{name}", "name": name, "input": json.loads(arguments)}


def messages(made: Json, size: int = 5, *, empty: bool = False) -> bytes:
    start = {
        **made,
        "content": [],
        "stop_reason": None,
        "usage": {**MESSAGES_USAGE, "output_tokens": 1},
    }
    out = [named("message_start", message=start), named("ping")]
    for index, one in enumerate(made["content"]):
        out += _block(index, one, size, empty)
    delta = {name: made[name] for name in ("stop_reason", "stop_sequence")}
    out.append(named("message_delta", delta=delta, usage=MESSAGES_USAGE))
    return b"".join((*out, named("message_stop")))


_DELTAS = {"text": "text_delta", "thinking": "thinking_delta", "tool_use": "input_json_delta"}


def _block(index: int, made: Json, size: int, empty: bool) -> Iterator[bytes]:
    kind = made["type"]
    field = "partial_json" if kind == "tool_use" else kind
    text = json.dumps(made["input"]) if kind == "tool_use" else made[kind]
    bare = {**made, **({"input": {}} if kind == "tool_use" else {kind: ""})}
    bare |= {"signature": ""} if "signature" in made else {}
    yield named("content_block_start", index=index, content_block=bare)
    for piece in [*([""] * empty), *pieces(text, size), *([""] * empty)]:
        delta = {"type": _DELTAS[kind], field: piece}
        yield named("content_block_delta", index=index, delta=delta)
    if "signature" in made:
        signed = {"type": "signature_delta", "signature": made["signature"]}
        yield named("content_block_delta", index=index, delta=signed)
    yield named("content_block_stop", index=index)


def one(made: Json, **how: Any) -> Cell:
    return Cell((messages(made, **how),), (made,))


THINKING: Json = {"type": "thinking", "thinking": SAID, "signature": "c2ln"}

MESSAGES: Row = {
    "keep-alives": Cell((WAIT + messages(anthropic(block())),), (anthropic(block()),)),
    "usage": one(anthropic(block())),
    "finish reasons": Cell(
        tuple(messages(anthropic(block(), stop=stop)) for stop in STOPS),
        tuple(anthropic(block(), stop=stop) for stop in STOPS),
    ),
    "several deltas in an event": ONE_DELTA,
    "choices": ONE_ANSWER,
    "log probabilities": Without("the API has none"),
    "parallel tool calls": one(
        anthropic(use("a", ARGUMENTS[0]), use("b", ARGUMENTS[1]), stop="tool_use")
    ),
    "arguments in fragments": one(anthropic(use("b", ARGUMENTS[1]), stop="tool_use"), size=2),
    "refusals": one(anthropic(block(), stop="refusal")),
    "empty deltas": one(anthropic(block()), empty=True),
    "reasoning (vLLM)": one(anthropic(THINKING, block())),
    "reasoning_content (DeepSeek, SGLang)": Without("reasoning is a block, whatever the engine"),
    "no start tag": Cell(
        (messages(anthropic(block(NO_START))),), (anthropic(block(NO_START)),), starts=True
    ),
    "no end tag": one(anthropic(block(NO_END), stop="max_tokens")),
}
