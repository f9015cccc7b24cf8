"""A model API that gives the written answer of the conversation at hand, whole or in small pieces,
with the placeholders that it was sent in place of the values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bench.ordinary.conversations import Answer, Conversation, Json
from bench.ordinary.placeholders import aligned, pairs

PIECE = 5
HEAD = {"id": "chatcmpl-1", "created": 1764000000, "model": "deepseek-r1"}
USAGE = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
Writing = Callable[[str], str]
"""How the model writes a placeholder."""


@dataclass
class WrittenModel:
    """`received` is the last body. `changes` are (value, what stood for it); `other` the texts that
    were changed in another way, as (sent, received)."""

    conversation: Conversation | None = None
    writing: Writing = str
    received: Json | None = None
    changes: list[tuple[str, str]] = field(default_factory=list)
    other: list[tuple[str, str]] = field(default_factory=list)

    def play(self, conversation: Conversation, writing: Writing = str) -> None:
        self.conversation, self.writing = conversation, writing
        self.received, self.changes, self.other = None, [], []

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[Route("/v1/chat/completions", self._answer, methods=["POST"])],
        )

    async def _answer(self, request: Request) -> Response:
        assert self.conversation is not None
        self.received = body = json.loads(await request.body())
        self._compare(self.conversation.request, body)
        answer = self._written(self.conversation.answer)
        if body.get("stream"):
            return StreamingResponse(_events(answer, body), media_type="text/event-stream")
        return JSONResponse(_whole(answer, body))

    def _compare(self, sent: Json, received: Json) -> None:
        ours, theirs = sent["messages"], received["messages"]
        kept = _without_added(ours, theirs)
        parts = [_matched(one, other) for one, other in zip(ours, kept, strict=True)]
        fields = ("tools", "response_format", "stop", "functions")
        parts += [({f: sent.get(f)}, {f: received.get(f)}) for f in fields]
        for one, other in parts:
            for before, after in pairs(one, other):
                self._compare_text(before, after)

    def _compare_text(self, sent: str, received: str) -> None:
        found = aligned(sent, received)
        at = 0
        while found is None and at >= 0:  # a constitution stands before or after the text
            at = received.find("\n\n", at + 1)
            if at > 0:
                found = aligned(sent, received[at + 2 :])
                if found is None:
                    found = aligned(sent, received[:at])
        if found is None:
            self.other.append((sent, received))
        else:
            self.changes += found

    def _written(self, answer: Answer) -> Answer:
        def write(text: str) -> str:
            for value, word in sorted(set(self.changes), key=lambda c: -len(c[0])):
                text = text.replace(value, self.writing(word))
            return text

        calls = tuple((name, write(arguments)) for name, arguments in answer.calls)
        return Answer(tuple(map(write, answer.contents)), write(answer.reasoning), calls)


def _without_added(ours: list[Json], theirs: list[Json]) -> list[Json]:
    """Without the turn that a constitution adds: the first whose role is another one."""
    added = len(theirs) - len(ours)
    roles = zip(ours, theirs, strict=False)
    at = next((i for i, (a, b) in enumerate(roles) if a.get("role") != b.get("role")), 0)
    return theirs[:at] + theirs[at + added :]


def _matched(sent: Json, received: Json) -> tuple[Json, Json]:
    """Without the part that a constitution adds to a content of several parts."""
    ours, theirs = sent.get("content"), received.get("content")
    if isinstance(ours, list) and isinstance(theirs, list):
        received = {**received, "content": theirs[len(theirs) - len(ours) :]}
    return sent, received


def tool_calls(answer: Answer) -> list[Json]:
    return [
        {"id": f"call_{at}", "type": "function", "function": {"name": name, "arguments": text}}
        for at, (name, text) in enumerate(answer.calls)
    ]


def _whole(answer: Answer, body: Json) -> Json:
    choices = []
    for index, text in enumerate(answer.contents):
        message: Json = {"role": "assistant", "content": text or None}
        if not index and answer.reasoning:
            message["reasoning_content"] = answer.reasoning
        if not index and answer.calls:
            message["tool_calls"] = tool_calls(answer)
        finish = "tool_calls" if answer.calls else "stop"
        choice: Json = {"index": index, "message": message, "finish_reason": finish}
        if body.get("logprobs"):
            choice["logprobs"] = {"content": [_token(p) for p in pieces(text)]}
        choices.append(choice)
    return {**HEAD, "object": "chat.completion", "choices": choices, "usage": USAGE}


def _token(text: str) -> Json:
    return {"token": text, "logprob": -0.1, "bytes": list(text.encode()), "top_logprobs": []}


def pieces(text: str) -> list[str]:
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


def _events(answer: Answer, body: Json) -> Iterator[bytes]:
    for delta in _deltas(answer):
        yield _event([delta])
    finish = "tool_calls" if answer.calls else "stop"
    count = len(answer.contents)
    yield _event([{"index": i, "delta": {}, "finish_reason": finish} for i in range(count)])
    if (body.get("stream_options") or {}).get("include_usage"):
        yield _event([], usage=USAGE)
    yield b"data: [DONE]\n\n"


def _deltas(answer: Answer) -> Iterator[Json]:
    yield {"index": 0, "delta": {"role": "assistant", "content": ""}}
    for piece in pieces(answer.reasoning):
        yield {"index": 0, "delta": {"reasoning_content": piece}}
    rows = [pieces(text) for text in answer.contents]
    for at in range(max(map(len, rows))):
        for index, row in enumerate(rows):
            if at < len(row):
                yield {"index": index, "delta": {"content": row[at]}}
    for at, call in enumerate(tool_calls(answer)):
        function = call["function"]
        first = {**call, "index": at, "function": {"name": function["name"], "arguments": ""}}
        yield {"index": 0, "delta": {"tool_calls": [first]}}
        for piece in pieces(function["arguments"]):
            part = {"index": at, "function": {"arguments": piece}}
            yield {"index": 0, "delta": {"tool_calls": [part]}}


def _event(choices: list[Json], **more: object) -> bytes:
    made = [{"finish_reason": None, **choice} for choice in choices]
    frame = {**HEAD, "object": "chat.completion.chunk", "choices": made, **more}
    return f"data: {json.dumps(frame, ensure_ascii=False)}\n\n".encode()
