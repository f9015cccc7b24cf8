"""The rows of the fidelity table for the APIs with `choices`: chat and text completions."""

from __future__ import annotations

from collections.abc import Iterable
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
from tests.wire.samples import DONE, call, chat, choice, event

USAGE: Json = {
    "prompt_tokens": 12,
    "completion_tokens": 9,
    "total_tokens": 21,
    "prompt_cache_hit_tokens": 8,
    "prompt_cache_miss_tokens": 4,
    "prompt_tokens_details": {"cached_tokens": 8},
    "completion_tokens_details": {"reasoning_tokens": 5},
}
REASONS = ("stop", "length", "content_filter", "tool_calls", "insufficient_system_resource", "new")


def streamed(frames: Iterable[bytes], finish: str = "stop") -> bytes:
    start, end = chat(choice(role="assistant", content="")), chat(choice(finish=finish))
    return b"".join((start, *frames, end, DONE))


def said(name: str = "content", text: str = SAID) -> list[bytes]:
    return [chat(choice(**{name: piece})) for piece in pieces(text)]


def answer(finish: str = "stop", **message: Any) -> Json:
    one = {"index": 0, "message": {"role": "assistant", "content": SAID, **message}}
    head = {"id": "c1", "object": "chat.completion", "created": 1, "model": MODEL}
    return {**head, "choices": [{**one, "finish_reason": finish}], "usage": USAGE}


def three(one: Json) -> Json:
    return {**one, "choices": [{**one["choices"][0], "index": index} for index in range(3)]}


def logged(one: Json, logprobs: Json) -> Json:
    return {**one, "choices": [{**one["choices"][0], "logprobs": logprobs}]}


def opened(index: int) -> bytes:
    head = call(index, "", id=f"call_{index}", type="function", name=f"f{index}")
    return chat(choice(tool_calls=[head]))


def called(*arguments: str) -> Json:
    functions = [{"name": f"f{i}", "arguments": text} for i, text in enumerate(arguments)]
    calls = [
        {"id": f"call_{i}", "type": "function", "function": f} for i, f in enumerate(functions)
    ]
    return answer("tool_calls", content=None, tool_calls=calls)


def side_by_side(*arguments: str) -> list[bytes]:
    """A fragment of each call in every event."""
    size = max(map(len, arguments))
    columns = zip(*(pieces(text.ljust(size)) for text in arguments), strict=True)
    return [
        chat(choice(tool_calls=[call(index, piece) for index, piece in enumerate(row)]))
        for row in columns
    ]


TOKENS: Json = {"content": [{"token": "Hi.", "logprob": -0.1, "bytes": None, "top_logprobs": []}]}
EMPTY = [chat(choice()), chat(choice(content="")), chat(choice(new=5), x_groq={"id": "r"})]
ENDS = [chat(*(choice(index, finish="stop") for index in (1, 2)))]
NO_START, NO_END = thought(start=False, end=True), thought(start=True, end=False)

CHAT: Row = {
    "keep-alives": Cell(
        (WAIT + streamed([*said()[:3], WAIT, *said()[3:]]),),
        (answer(),),
    ),
    "usage": Cell(
        (streamed(said()).removesuffix(DONE) + chat(usage=USAGE) + DONE,),
        (answer(),),
    ),
    "finish reasons": Cell(
        tuple(streamed(said(), reason) for reason in REASONS),
        tuple(map(answer, REASONS)),
    ),
    "several deltas in an event": Cell(
        (streamed([chat(choice(reasoning_content=p, content=p)) for p in pieces(SAID)]),),
        (answer(reasoning_content=SAID),),
    ),
    "choices": Cell(
        (
            streamed(
                [*(chat(*(choice(i, content=p) for i in range(3))) for p in pieces(SAID)), *ENDS]
            ),
        ),
        (three(answer()),),
    ),
    "log probabilities": Cell(
        (streamed([chat({**choice(content="Hi."), "logprobs": TOKENS})]),),
        (logged(answer(content="Hi."), TOKENS),),
    ),
    "parallel tool calls": Cell(
        (streamed([opened(0), opened(1), *side_by_side(*ARGUMENTS)], "tool_calls"),),
        (called(*ARGUMENTS),),
    ),
    "arguments in fragments": Cell(
        (streamed([opened(0), *side_by_side(ARGUMENTS[1])], "tool_calls"),),
        (called(ARGUMENTS[1]),),
    ),
    "refusals": Cell(
        (streamed(said("refusal")),),
        (answer(content=None, refusal=SAID),),
    ),
    "empty deltas": Cell(
        (streamed([*EMPTY, *said(), *EMPTY]),),
        (answer(reasoning_content="", tool_calls=[]),),
    ),
    "reasoning (vLLM)": Cell(
        (streamed([*said("reasoning"), *said()]),),
        (answer(reasoning=SAID),),
    ),
    "reasoning_content (DeepSeek, SGLang)": Cell(
        (streamed([*said("reasoning_content"), *said()]),),
        (answer(reasoning_content=SAID),),
    ),
    "no start tag": Cell(
        (streamed(said(text=NO_START)),),
        (answer(content=NO_START),),
        starts=True,
    ),
    "no end tag": Cell(
        (streamed(said(text=NO_END), "length"),),
        (answer("length", content=NO_END),),
    ),
}


def texts(*choices: Json, **more: Any) -> bytes:
    head = {"id": "c1", "object": "text_completion", "created": 1, "model": MODEL}
    return event({**head, "choices": list(choices), **more})


def text(said: str, finish: str | None = None, index: int = 0, logprobs: Any = None) -> Json:
    return {"index": index, "text": said, "logprobs": logprobs, "finish_reason": finish}


def typed(words: str = SAID, finish: str = "stop") -> bytes:
    return b"".join((*(texts(text(p)) for p in pieces(words)), texts(text("", finish)), DONE))


def completion(*choices: Json) -> Json:
    head = {"id": "c1", "object": "text_completion", "created": 1, "model": MODEL}
    return {**head, "choices": list(choices), "usage": USAGE}


OLD_TOKENS: Json = {
    "tokens": ["Hi."],
    "token_logprobs": [-0.1],
    "top_logprobs": [{"Hi.": -0.1}],
    "text_offset": [0],
}
TYPED_CHOICES = [texts(*(text(p, index=i) for i in range(3))) for p in pieces(SAID)]
NO_TOOLS = Without("a text completion calls no tools")
NO_PARSER = Without("engines split reasoning in chat alone; here it is inline")

COMPLETIONS: Row = {
    "keep-alives": Cell((WAIT + typed(),), (completion(text(SAID, "stop")),)),
    "usage": Cell(
        (typed().removesuffix(DONE) + texts(usage=USAGE) + DONE,),
        (completion(text(SAID, "stop")),),
    ),
    "finish reasons": Cell(
        tuple(typed(finish=reason) for reason in REASONS),
        tuple(completion(text(SAID, reason)) for reason in REASONS),
    ),
    "several deltas in an event": Cell(
        (b"".join((*TYPED_CHOICES, texts(*(text("", "stop", i) for i in range(3))), DONE)),),
        (completion(*(text(SAID, "stop", i) for i in range(3))),),
    ),
    "choices": Cell(
        (
            b"".join(texts(text(p, index=i)) for p in pieces(SAID) for i in range(3))
            + b"".join(texts(text("", "stop", i)) for i in range(3))
            + DONE,
        ),
        (completion(*(text(SAID, "stop", i) for i in range(3))),),
    ),
    "log probabilities": Cell(
        (texts(text("Hi.", logprobs=OLD_TOKENS)) + typed("", "stop"),),
        (completion(text("Hi.", "stop", logprobs=OLD_TOKENS)),),
    ),
    "parallel tool calls": NO_TOOLS,
    "arguments in fragments": NO_TOOLS,
    "refusals": Without("a text completion has no field for one"),
    "empty deltas": Cell(
        (texts(text("")) + texts(text("", None) | {"new": 5}) + typed(),),
        (completion(text("", "stop")),),
    ),
    "reasoning (vLLM)": NO_PARSER,
    "reasoning_content (DeepSeek, SGLang)": NO_PARSER,
    "no start tag": Cell((typed(NO_START),), (completion(text(NO_START, "stop")),), starts=True),
    "no end tag": Cell((typed(NO_END, "length"),), (completion(text(NO_END, "length")),)),
}
