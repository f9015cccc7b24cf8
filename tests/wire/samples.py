"""Streams of every API, written by hand from the API facts, and what a client makes of a stream.

`Seen` is what a client that only adds up deltas has in the end; it is independent of the codecs.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from tests.wire.playbook import decode

Json = dict[str, Any]
DONE = b"data: [DONE]\n\n"


def event(payload: Json, name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(payload, ensure_ascii=False)}\n\n".encode()


def chat(*choices: Json, **extra: Any) -> bytes:
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return event({**head, "x_unknown": {"kept": [1]}, "choices": list(choices), **extra})


def choice(index: int = 0, finish: str | None = None, **delta: Any) -> Json:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}


def call(index: int, arguments: str, **extra: Any) -> Json:
    name = {"name": extra.pop("name")} if "name" in extra else {}
    return {"index": index, **extra, "function": {**name, "arguments": arguments}}


def named(kind: str, **fields: Any) -> bytes:
    return event({"type": kind, **fields}, kind)


DEEPSEEK = (
    chat(choice(role="assistant", content=None, reasoning_content=""))
    + b": keep-alive\n\n"
    + chat(choice(content=None, reasoning_content="Let me "))
    + chat(choice(content=None, reasoning_content="think."))
    + chat(choice(content="The answer ", reasoning_content=None))
    + chat(choice(content="is 42."))
    + chat(choice(content="", finish="stop"), usage={"prompt_tokens": 3, "completion_tokens": 9})
    + DONE
)
VLLM = (
    chat(choice(role="assistant", content=""))
    + chat(choice(reasoning="hmm", reasoning_content="hmm"))
    + chat(choice(reasoning=" so", reasoning_content=" so", content="Both "))  # in one delta
    + chat(choice(content="here", finish="length"))
    + chat(usage={"prompt_tokens": 1, "completion_tokens": 2})
    + DONE
)
INLINE = (
    chat(choice(role="assistant", content=""))
    + chat(choice(content="<think>"))
    + chat(choice(content="\nraw thought"))
    + chat(choice(content="</think>\n\nraw "))
    + chat(choice(content="answer"))
    + chat(choice(finish="stop"))
    + DONE
)
MANY = (
    chat(choice(0, role="assistant", content=""), choice(1, role="assistant", content=""))
    + chat(choice(1, content="one "), choice(0, content="zero "))
    + chat(choice(0, content="0"))
    + chat(choice(0, finish="stop"))
    + chat(choice(1, refusal="I will not"))
    + chat(choice(1, finish="content_filter"))
    + DONE
)
TOOLS = (
    chat(choice(role="assistant", content="Calling. "))
    + chat(choice(tool_calls=[call(0, "", id="a", type="function", name="find")]))
    + chat(choice(tool_calls=[call(0, '{"q": "13')]))
    + chat(choice(tool_calls=[call(1, '{"n', id="b", type="function", name="put")]))
    + chat(choice(tool_calls=[call(0, '8001"}'), call(1, '": 1}')]))
    + chat(choice(finish="tool_calls"))
    + DONE
)
LEGACY = (
    chat(choice(role="assistant", content=None, function_call={"name": "f", "arguments": ""}))
    + chat(choice(function_call={"arguments": '{"a": 1}'}))
    + chat(choice(finish="function_call"))
    + DONE
)
UNKNOWN = (
    chat(choice(role="assistant", content=""))
    + chat(choice(content="text", annotations=[{"type": "url_citation", "title": "a title"}]))
    + chat(choice(finish="stop"))
    + DONE
)


def completion(text: str, finish: str | None = None, index: int = 0) -> bytes:
    one = {"index": index, "text": text, "logprobs": None, "finish_reason": finish}
    return event({"id": "c", "object": "text_completion", "created": 1, "choices": [one]})


COMPLETION = completion("def ") + completion("f():") + completion("", "stop") + DONE
RAW_R1 = completion("<think>a") + completion("b</think>") + completion("c", "stop") + DONE

MESSAGE = (
    named("message_start", message={"id": "m", "content": [], "usage": {"input_tokens": 5}})
    + named("content_block_start", index=0, content_block={"type": "thinking", "thinking": ""})
    + named("ping")
    + named("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "let "})
    + named("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "me"})
    + named("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "xx"})
    + named("content_block_stop", index=0)
    + named("content_block_start", index=1, content_block={"type": "text", "text": ""})
    + named("content_block_delta", index=1, delta={"type": "text_delta", "text": "Hello "})
    + named("content_block_delta", index=1, delta={"type": "text_delta", "text": "there"})
    + named("content_block_stop", index=1)
    + named(
        "content_block_start",
        index=2,
        content_block={"type": "tool_use", "id": "t", "name": "find", "input": {}},
    )
    + named("content_block_delta", index=2, delta={"type": "input_json_delta", "partial_json": ""})
    + named(
        "content_block_delta", index=2, delta={"type": "input_json_delta", "partial_json": '{"q":'}
    )
    + named(
        "content_block_delta", index=2, delta={"type": "input_json_delta", "partial_json": '"138"}'}
    )
    + named("content_block_stop", index=2)
    + named("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 7})
    + named("message_stop")
)


def responses_stream(*, text: str = "Hello there", reasoning: str = "let me") -> bytes:
    """A reasoning item, a message, a function call; texts in two deltas each."""
    sequence = iter(range(1000))

    def one(kind: str, **fields: Any) -> bytes:
        return event({"type": kind, "sequence_number": next(sequence), **fields}, kind)

    def halves(stem: str, whole: str, **where: Any) -> bytes:
        middle = len(whole) // 2
        return b"".join(
            one(f"{stem}.delta", **where, delta=d) for d in (whole[:middle], whole[middle:])
        )

    thought = {
        "id": "r",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": reasoning}],
    }
    part = {"type": "output_text", "text": text, "annotations": []}
    message = {"id": "m", "type": "message", "role": "assistant", "content": [part]}
    function = {"id": "f", "type": "function_call", "name": "find", "arguments": '{"q":"138"}'}
    at_r = {"item_id": "r", "output_index": 0, "summary_index": 0}
    at_m = {"item_id": "m", "output_index": 1, "content_index": 0}
    at_f = {"item_id": "f", "output_index": 2}
    head = {"id": "resp", "object": "response", "instructions": None, "model": "m"}
    out = one("response.created", response={**head, "status": "in_progress", "output": []})
    out += one("response.output_item.added", output_index=0, item={**thought, "summary": []})
    summary = {"type": "summary_text", "text": ""}
    out += one("response.reasoning_summary_part.added", **at_r, part=summary)
    out += halves("response.reasoning_summary_text", reasoning, **at_r)
    out += one("response.reasoning_summary_text.done", **at_r, text=reasoning)
    out += one("response.reasoning_summary_part.done", **at_r, part={**summary, "text": reasoning})
    out += one("response.output_item.done", output_index=0, item=thought)
    out += one("response.output_item.added", output_index=1, item={**message, "content": []})
    out += one("response.content_part.added", **at_m, part={**part, "text": ""})
    out += halves("response.output_text", text, **at_m)
    out += one("response.output_text.done", **at_m, text=text)
    out += one("response.content_part.done", **at_m, part=part)
    out += one("response.output_item.done", output_index=1, item=message)
    out += one("response.output_item.added", output_index=2, item={**function, "arguments": ""})
    out += halves("response.function_call_arguments", function["arguments"], **at_f)
    out += one("response.function_call_arguments.done", **at_f, arguments=function["arguments"])
    out += one("response.output_item.done", output_index=2, item=function)
    final: Json = {**head, "status": "completed", "output": [thought, message, function]}
    final["usage"] = {"input_tokens": 3, "output_tokens": 4}
    return out + one("response.completed", response=final)


STREAMS: dict[str, tuple[str, bytes]] = {
    "deepseek": ("chat", DEEPSEEK),
    "vllm": ("chat", VLLM),
    "inline": ("chat", INLINE),
    "many": ("chat", MANY),
    "tools": ("chat", TOOLS),
    "legacy": ("chat", LEGACY),
    "unknown": ("chat", UNKNOWN),
    "completion": ("completions", COMPLETION),
    "raw_r1": ("completions", RAW_R1),
    "message": ("messages", MESSAGE),
    "responses": ("responses", responses_stream()),
}


def payloads(raw: bytes) -> list[Any]:
    """The events as a client sees them: JSON, comments, `[DONE]`."""
    out: list[Any] = []
    for one in decode([raw]):
        if one.data is None or one.data == "[DONE]":
            out.append(one)
        else:
            out.append((one.event, json.loads(one.data)))
    return out


Seen = dict[tuple[Any, ...], str]


def seen(api: str, raw: bytes) -> Seen:
    """What a client has that adds up the deltas."""
    out: Seen = defaultdict(str)
    for one in payloads(raw):
        if isinstance(one, tuple):
            _ADD[api](out, one[1])
    return {key: text for key, text in out.items() if text}


def _add_chat(out: Seen, frame: Json) -> None:
    for one in frame.get("choices") or ():
        delta, index = one["delta"], one["index"]
        for name in ("content", "reasoning_content", "reasoning", "refusal"):
            out[index, name] += delta.get(name) or ""
        for tool in delta.get("tool_calls") or ():
            out[index, "call", tool["index"]] += tool["function"].get("arguments") or ""
        out[index, "call"] += (delta.get("function_call") or {}).get("arguments") or ""
        for note in delta.get("annotations") or ():
            out[index, "note"] += note["title"]


def _add_completions(out: Seen, frame: Json) -> None:
    for one in frame.get("choices") or ():
        out[one["index"], "text"] += one["text"]


def _add_messages(out: Seen, frame: Json) -> None:
    delta = frame.get("delta") or {}
    for name in ("text", "thinking", "partial_json"):
        if frame.get("type") == "content_block_delta":
            out[frame["index"], name] += delta.get(name) or ""


def _add_responses(out: Seen, frame: Json) -> None:
    kind = frame["type"]
    if kind.endswith(".delta"):
        out[frame["output_index"], kind.removesuffix(".delta")] += frame["delta"]


_ADD = {
    "chat": _add_chat,
    "completions": _add_completions,
    "messages": _add_messages,
    "responses": _add_responses,
}
