"""OpenAI completions and DeepSeek's fill-in-the-middle (`prompt` and `suffix`).

The raw output of R1 comes through here too, so inline `<think>` is split as in chat.
"""

from __future__ import annotations

from typing import Any

from threegate.types import Channel, Layer
from threegate.wire import known_fields, pointer, think
from threegate.wire.adapter import (
    DEFAULT_STREAM,
    Api,
    Body,
    Chunk,
    Outcome,
    Placement,
    Slot,
    StreamKey,
    StreamOptions,
)
from threegate.wire.base import Adapter, answers, objects, prompt_slots, unlink
from threegate.wire.frame_codec import StreamCodec
from threegate.wire.openai.chat import CHOICE, content_slots
from threegate.wire.openai.choice_bodies import blocked_body
from threegate.wire.openai.choices import Choice, ChoiceCodec
from threegate.wire.slots import SlotWalk, walk_fields


class CompletionsCodec(ChoiceCodec):
    """`text_completion` events."""

    __slots__ = ()

    object_name = "text_completion"
    id_prefix = "cmpl"
    fields = known_fields.CHOICE | {"text"}

    def tool_name(self, key: StreamKey) -> str:
        return ""

    def _read_texts(self, chunk: Chunk, choice: Body, state: Choice) -> None:
        if text := choice.get("text"):
            self._content(chunk, choice, "text", text, state)

    def _fields(self, key: StreamKey, text: str) -> Body:
        return {"text": text, "logprobs": None}

    def _message(self, text: str, *, first: bool) -> Body:
        return {"text": text, "logprobs": None}


class Completions(Adapter):
    """The adapter of completions."""

    api: Api = Api.COMPLETIONS
    paths: tuple[str, ...] = ("/v1/completions", "/completions", "/beta/completions")

    def request_slots(self, body: Body) -> tuple[Slot, ...]:
        return prompt_slots(body, "prompt")

    def response_slots(
        self, body: Body, options: StreamOptions = DEFAULT_STREAM
    ) -> tuple[Slot, ...]:
        walk = SlotWalk(Layer.OUTPUT)
        for position, choice in answers(body):
            walk.choice, walk.base = choice.get("index", position), f"/choices/{position}"
            if isinstance(text := choice.get("text"), str):
                starts = options.starts_in_reasoning
                content_slots(walk, text, f"{walk.base}/text", starts_in_reasoning=starts)
            known = {"text"} if isinstance(text, str) else set()
            walk_fields(walk, choice, Channel.CONTENT, without=CHOICE | known, at=walk.base)
        walk.choice, walk.base = 0, ""
        walk_fields(walk, body, Channel.CONTENT, without=known_fields.FRAME)
        return tuple(walk.slots)

    def spoken(self, choice: Body) -> tuple[str, ...]:
        return (str(choice.get("text") or ""),)

    def place_system(self, body: Body, text: str, where: Placement) -> Body:
        """There are no turns, so the text goes in front of every prompt."""
        return {**body, "prompt": _prefixed(body.get("prompt"), text)}

    def hide_reasoning(self, body: Body, options: StreamOptions = DEFAULT_STREAM) -> Body:
        made = pointer.copy(body)
        for _, choice in objects(made.get("choices")):
            if isinstance(text := choice.get("text"), str):
                starts = options.starts_in_reasoning
                choice["text"] = think.answer_of(text, starts_in_reasoning=starts)
                if choice["text"] != text:
                    unlink(choice)
        return made

    def _blocked(self, request: Body, outcome: Outcome) -> Body:
        text = {"text": outcome.text}
        return blocked_body("cmpl", "text_completion", self.model(request), outcome, text)

    def stream(self, request: Body, options: StreamOptions = DEFAULT_STREAM) -> StreamCodec:
        return CompletionsCodec(self.model(request), options, self.choices(request))

    def choices(self, body: Body) -> int:
        """`n` choices for each prompt; a list of token ids is one prompt."""
        prompts, n = body.get("prompt"), super().choices(body)
        if not isinstance(prompts, list) or any(isinstance(p, int) for p in prompts):
            return n
        return n * len(prompts)


def _prefixed(prompt: Any, text: str) -> Any:
    if isinstance(prompt, list):
        return [_prefixed(one, text) for one in prompt]
    return f"{text}\n\n{prompt}" if prompt else text
