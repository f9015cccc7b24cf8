"""The demo model's replies in the shape of each API, whole and as events.

Written from the API facts alone, not with `wire`, so that the two check each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from threegate.testing.scripts import Prompt, Reply, pieces

Json = dict[str, Any]
CREATED = 1764000000


def usage_counts(prompt: Prompt, reply: Reply) -> Json:
    """Token counts as the DeepSeek API gives them; `pieces` stand for tokens."""
    prompt_tokens, thought = len(pieces(prompt.question)) + 4, len(pieces(reply.reasoning))
    spoken = len(pieces(reply.answer)) + thought + 8 * len(reply.calls)
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": spoken,
        "total_tokens": prompt_tokens + spoken,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": thought},
        "prompt_cache_hit_tokens": 0,
        "prompt_cache_miss_tokens": prompt_tokens,
    }


def arguments_of(call: tuple[str, Json], prompt: Prompt) -> str:
    """Arguments as JSON text, with `\\u` escapes if the prompt wants them."""
    return json.dumps(call[1], ensure_ascii="escape" in prompt.options)


def _logprobs(text: str) -> Json:
    tokens = [
        {"token": t, "logprob": -0.25, "bytes": list(t.encode()), "top_logprobs": []}
        for t in pieces(text)
    ]
    return {"content": tokens, "refusal": None}


def event_bytes(payload: Json, name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return f"{head}data: {text}\n\n".encode()


DONE = b"data: [DONE]\n\n"


class Chat:
    """Chat completions. `reasoning` is the field name, `think` (inline) or `open` (inline without
    the start tag)."""

    def __init__(self, prompt: Prompt, reply: Reply, request: Json) -> None:
        self.prompt, self.reply, self.request = prompt, reply, request
        self.reasoning = prompt.options.get("reasoning", "reasoning_content")
        self.n = request.get("n") or 1
        self.finish = "tool_calls" if reply.calls else "stop"
        self.head: Json = {
            "id": "chatcmpl-demo",
            "created": CREATED,
            "model": prompt.model,
            "system_fingerprint": "fp_demo",
        }

    @property
    def _inline(self) -> str:
        """The content, inline reasoning included."""
        start = "<think>\n" if self.reasoning == "think" else ""
        if self.reasoning in ("think", "open") and self.reply.reasoning:
            return f"{start}{self.reply.reasoning}\n</think>\n\n{self.reply.answer}"
        return self.reply.answer

    @property
    def _field(self) -> str:
        """The reasoning field, or nothing."""
        separate = self.reasoning in ("reasoning_content", "reasoning")
        return self.reasoning if separate and self.reply.reasoning else ""

    def _calls(self) -> list[Json]:
        return [
            {
                "index": index,
                "id": f"call_demo_{index}",
                "type": "function",
                "function": {"name": call[0], "arguments": arguments_of(call, self.prompt)},
            }
            for index, call in enumerate(self.reply.calls)
        ]

    def body(self) -> Json:
        message: Json = {"role": "assistant", "content": self._inline}
        if self._field:
            message[self._field] = self.reply.reasoning
        if self.reply.calls:
            message["tool_calls"] = self._calls()
            message["content"] = self._inline or None
        choices = [
            {
                "index": index,
                "message": message,
                "logprobs": _logprobs(self._inline) if self.request.get("logprobs") else None,
                "finish_reason": self.finish,
            }
            for index in range(self.n)
        ]
        usage = usage_counts(self.prompt, self.reply)
        return {**self.head, "object": "chat.completion", "choices": choices, "usage": usage}

    def events(self) -> Iterator[bytes]:
        first: Json = {"role": "assistant", "content": None if self._field else ""}
        if self._field:
            first[self._field] = ""
        yield from self._all(first)
        if self._field:
            for piece in pieces(self.reply.reasoning):
                yield from self._all({"content": None, self._field: piece})
        for piece in pieces(self._inline):
            extra: Json = {self._field: None} if self._field else {}
            yield from self._all({"content": piece, **extra}, text=piece)
        for call in self._calls():
            yield from self._call_events(call)
        yield from self._all({}, self.finish)
        if (self.request.get("stream_options") or {}).get("include_usage"):
            usage = usage_counts(self.prompt, self.reply)
            yield event_bytes({**self._chunk, "choices": [], "usage": usage})
        yield DONE

    def _call_events(self, call: Json) -> Iterator[bytes]:
        text, index = call["function"]["arguments"], call["index"]
        opened = {**call, "function": {**call["function"], "arguments": ""}}
        yield from self._all({"tool_calls": [opened]})
        for start in range(0, len(text), 5):
            fragment = {"index": index, "function": {"arguments": text[start : start + 5]}}
            yield from self._all({"tool_calls": [fragment]})

    @property
    def _chunk(self) -> Json:
        return {**self.head, "object": "chat.completion.chunk"}

    def _all(self, delta: Json, finish: str | None = None, text: str = "") -> Iterator[bytes]:
        """One event for every choice."""
        logprobs = _logprobs(text) if text and self.request.get("logprobs") else None
        for index in range(self.n):
            choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
            yield event_bytes({**self._chunk, "choices": [choice]})


class Completions:
    """Completions and fill-in-the-middle: the raw output, reasoning inline."""

    def __init__(self, prompt: Prompt, reply: Reply, request: Json) -> None:
        self.prompt, self.reply, self.request = prompt, reply, request
        self.head: Json = {
            "id": "cmpl-demo",
            "object": "text_completion",
            "created": CREATED,
            "model": prompt.model,
        }

    def _choice(self, text: str, finish: str | None) -> Json:
        return {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}

    def body(self) -> Json:
        usage = usage_counts(self.prompt, self.reply)
        return {**self.head, "choices": [self._choice(self.reply.answer, "stop")], "usage": usage}

    def events(self) -> Iterator[bytes]:
        for piece in pieces(self.reply.answer):
            yield event_bytes({**self.head, "choices": [self._choice(piece, None)]})
        yield event_bytes({**self.head, "choices": [self._choice("", "stop")]})
        yield DONE


class Messages:
    """Anthropic messages: a thinking block, a text block, tool use blocks."""

    def __init__(self, prompt: Prompt, reply: Reply, request: Json) -> None:
        self.prompt, self.reply, self.request = prompt, reply, request
        self.stop = "tool_use" if reply.calls else "end_turn"

    def _blocks(self) -> list[Json]:
        blocks: list[Json] = []
        if self.reply.reasoning and self.prompt.options.get("reasoning") != "none":
            thinking = {"type": "thinking", "thinking": self.reply.reasoning}
            blocks.append({**thinking, "signature": "demo"})
        if self.reply.answer:
            blocks.append({"type": "text", "text": self.reply.answer})
        for index, (name, arguments) in enumerate(self.reply.calls):
            use = {"type": "tool_use", "id": f"toolu_demo_{index}", "name": name}
            blocks.append({**use, "input": arguments})
        return blocks

    def _message(self, blocks: list[Json], stop: str | None, output: int) -> Json:
        usage = usage_counts(self.prompt, self.reply)
        return {
            "id": "msg_demo",
            "type": "message",
            "role": "assistant",
            "model": self.prompt.model,
            "content": blocks,
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": {"input_tokens": usage["prompt_tokens"], "output_tokens": output},
        }

    def body(self) -> Json:
        output = usage_counts(self.prompt, self.reply)["completion_tokens"]
        return self._message(self._blocks(), self.stop, output)

    def events(self) -> Iterator[bytes]:
        yield _named("message_start", message=self._message([], None, 1))
        yield _named("ping")
        for index, block in enumerate(self._blocks()):
            yield from self._block_events(index, block)
        output = usage_counts(self.prompt, self.reply)["completion_tokens"]
        delta = {"stop_reason": self.stop, "stop_sequence": None}
        yield _named("message_delta", delta=delta, usage={"output_tokens": output})
        yield _named("message_stop")

    def _block_events(self, index: int, block: Json) -> Iterator[bytes]:
        empty: Json = {"text": "", "thinking": "", "signature": "", "input": {}}
        opened = {name: empty.get(name, value) for name, value in block.items()}
        yield _named("content_block_start", index=index, content_block=opened)
        for delta in self._deltas(block):
            yield _named("content_block_delta", index=index, delta=delta)
        yield _named("content_block_stop", index=index)

    def _deltas(self, block: Json) -> Iterator[Json]:
        match block["type"]:
            case "thinking":
                for piece in pieces(block["thinking"]):
                    yield {"type": "thinking_delta", "thinking": piece}
                yield {"type": "signature_delta", "signature": block["signature"]}
            case "text":
                for piece in pieces(block["text"]):
                    yield {"type": "text_delta", "text": piece}
            case _:
                text = arguments_of((block["name"], block["input"]), self.prompt)
                for start in range(0, len(text), 5):
                    yield {"type": "input_json_delta", "partial_json": text[start : start + 5]}


def _named(kind: str, **fields: Any) -> bytes:
    return event_bytes({"type": kind, **fields}, kind)
