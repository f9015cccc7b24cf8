"""OpenAI and DeepSeek chat completions.

Reasoning is `reasoning_content` (DeepSeek, SGLang), `reasoning` (vLLM), or inline `<think>`.
"""

from __future__ import annotations

from typing import Any, Final

from threegate.types import Channel, Layer
from threegate.wire import known_fields, pointer, think
from threegate.wire.adapter import DEFAULT_STREAM, Api, Body, Outcome, Slot, StreamOptions, ToolCall
from threegate.wire.base import answers, objects, unlink
from threegate.wire.frame_codec import StreamCodec
from threegate.wire.offered_tools import NAMED
from threegate.wire.openai.chat_request import ChatRequest
from threegate.wire.openai.chat_stream import REASONING_FIELDS, ChatCodec
from threegate.wire.openai.choice_bodies import blocked_body
from threegate.wire.openai.structured import wants_structure
from threegate.wire.slots import SlotWalk, walk_fields

CHOICE: Final = known_fields.CHOICE - {"logprobs", *known_fields.REASONS}
"""Fields of a whole answer: log probabilities and reasons are checked for what they should not
contain."""
_THINKING: Final = ("thinking", "reasoning", "redacted_thinking")  # parts of a content


class Chat(ChatRequest):
    """The adapter of chat completions."""

    api: Api = Api.CHAT
    paths: tuple[str, ...] = (
        "/v1/chat/completions",
        "/chat/completions",
        "/beta/chat/completions",
        "/v1/beta/chat/completions",
    )

    def response_slots(
        self, body: Body, options: StreamOptions = DEFAULT_STREAM
    ) -> tuple[Slot, ...]:
        walk = SlotWalk(Layer.OUTPUT)
        for position, choice in answers(body):
            walk.choice = choice.get("index", position)
            walk.base = f"/choices/{position}"
            known = CHOICE
            if isinstance(message := choice.get("message"), dict):
                self._answer_slots(walk, message, options)
                known = CHOICE | {"message"}
            walk_fields(walk, choice, Channel.CONTENT, without=known, at=walk.base)
        walk.choice, walk.base = 0, ""
        walk_fields(walk, body, Channel.CONTENT, without=known_fields.FRAME)
        return tuple(walk.slots)

    def _answer_slots(self, walk: SlotWalk, message: Body, options: StreamOptions) -> None:
        """Reasoning first, as it streams."""
        at = f"{walk.base}/message"
        reasoning = [n for n in (*REASONING_FIELDS, "reasoning_details") if message.get(n)]
        for name in reasoning:
            walk.field(at, name, message[name], Channel.REASONING)
        for name, value in message.items():
            if name in ("tool_calls", "function_call"):
                walk.field(at, name, value, Channel.TOOL_ARGUMENTS)
            elif name == "content" and isinstance(value, str):
                starts = options.starts_in_reasoning and not reasoning
                content_slots(walk, value, f"{at}/content", starts_in_reasoning=starts)
            elif name == "content" and isinstance(value, list):
                for index, part in enumerate(value):
                    channel = Channel.REASONING if _is_thinking(part) else Channel.CONTENT
                    walk.walk(part, f"{at}/content/{index}", channel, name)
            elif name not in reasoning:
                walk.field(at, name, value, Channel.CONTENT)

    def spoken(self, choice: Body) -> tuple[str, ...]:
        """Engines with a parser of reasoning list its tokens too."""
        message = known_fields.object_at(choice, "message")
        given = [message.get(name) for name in ("content", "refusal")]
        said = "".join(text for text in given if isinstance(text, str))
        thought = (message.get(name) for name in REASONING_FIELDS)
        return said, next((f"{t}{said}" for t in thought if isinstance(t, str)), said)

    def tool_calls(self, body: Body) -> tuple[ToolCall, ...]:
        out: list[ToolCall] = []
        for position, choice in objects(body.get("choices")):
            message = choice.get("message") or {}
            at = f"/choices/{position}/message"
            calls = [
                (f"{at}/tool_calls/{i}/{kind}", tool)
                for i, call in objects(message.get("tool_calls"))
                for kind, tool in _called(call)
            ]
            if message.get("function_call"):
                calls.append((f"{at}/function_call", message["function_call"]))
            for place, tool in calls:
                name, field = tool.get("name") or "", "input" if "input" in tool else "arguments"
                index = choice.get("index", position)
                out.append(ToolCall(index, name, tool.get(field) or "", f"{place}/{field}"))
        return tuple(out)

    def hide_reasoning(self, body: Body, options: StreamOptions = DEFAULT_STREAM) -> Body:
        made = pointer.copy(body)
        for _, choice in objects(made.get("choices")):
            message = choice.get("message") or {}
            names = [name for name in (*REASONING_FIELDS, "reasoning_details") if name in message]
            parsed = [value for name in names if (value := message.pop(name))]
            known_fields.drop_unlisted_reasoning(message)
            content = message.get("content")
            if isinstance(content, str):
                starts = options.starts_in_reasoning and not parsed
                message["content"] = think.answer_of(content, starts_in_reasoning=starts)
            elif isinstance(content, list):
                message["content"] = [part for part in content if not _is_thinking(part)]
            if parsed or message.get("content") != content:
                unlink(choice)
        return made

    def _blocked(self, request: Body, outcome: Outcome) -> Body:
        refused = wants_structure(request) and bool(outcome.text)
        message: Body = {"role": "assistant", "content": None if refused else outcome.text}
        if refused:
            message["refusal"] = outcome.text
        text, finish = {"message": message}, "stop" if refused else ""
        model = self.model(request)
        return blocked_body("chatcmpl", "chat.completion", model, outcome, text, finish)

    def stream(self, request: Body, options: StreamOptions = DEFAULT_STREAM) -> StreamCodec:
        return ChatCodec(request, options, self.choices(request))


def _called(call: Body) -> list[tuple[str, Body]]:
    """The members of a call that may say what is called; both if both are present, because it is
    unknown which one is read."""
    found = [(kind, call[kind]) for kind in NAMED if isinstance(call.get(kind), dict)]
    nameless: list[tuple[str, Body]] = [("function", {})]
    return found or nameless


def _is_thinking(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") in _THINKING


def content_slots(walk: SlotWalk, content: str, at: str, *, starts_in_reasoning: bool) -> None:
    """The slots of a content that may hold inline reasoning."""
    found = think.halves(content, starts_in_reasoning=starts_in_reasoning)
    if found is None:
        walk.add(content, at, Channel.CONTENT)
    else:
        walk.add(found.reasoning, f"{at}#think", Channel.REASONING)
        walk.add(found.answer, f"{at}#answer", Channel.CONTENT)
