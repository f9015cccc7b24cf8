"""OpenAI and DeepSeek chat completions, streamed and not.

Reasoning is `reasoning_content` (DeepSeek, SGLang), `reasoning` (vLLM), or inline `<think>`; it
leaves in the field it came in. Reasoning closes when content or a tool call begins, everything else
with the `finish_reason`. A refusal is content, in a part of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson

from threegate.errors import ThreegateError
from threegate.types import Channel, Layer
from threegate.wire import chat_request, pointer, think
from threegate.wire.adapter import (
    DEFAULT_STREAM,
    Api,
    Body,
    Chunk,
    Delta,
    Linked,
    Outcome,
    OutcomeKind,
    Place,
    Slot,
    StreamCodec,
    StreamKey,
    StreamOptions,
    ToolCall,
    Usage,
)
from threegate.wire.deltas import FrameCodec, hollow, parse_frame, shape_errors
from threegate.wire.errors import openai_error
from threegate.wire.slots import SlotWalk
from threegate.wire.sse import DONE, ServerSentEvent, encode_json

REFUSAL_PART: Final = 1
TRANSCRIPT_PART: Final = 2
FUNCTION_PART: Final = -1  # the one call of the legacy `function_call`
REASONING_FIELDS: Final = ("reasoning_content", "reasoning")
_CONTENT_PARTS: Final = {"content": 0, "refusal": REFUSAL_PART}
_LINKED: Final = ("logprobs", "token_ids")
_HEAD: Final = (
    "id",
    "object",
    "created",
    "model",
    "system_fingerprint",
    "service_tier",
    "provider",
)
_ENVELOPE: Final = frozenset((*_HEAD, "choices", "obfuscation"))


def usage_of(body: Body) -> Usage | None:
    """Token counts of an OpenAI-shaped body, DeepSeek's cache fields included."""
    usage = body.get("usage")
    if not isinstance(usage, dict):
        return None
    prompt = usage.get("prompt_tokens_details") or {}
    completion = usage.get("completion_tokens_details") or {}
    return Usage(
        input=usage.get("prompt_tokens") or 0,
        output=usage.get("completion_tokens") or 0,
        cached=prompt.get("cached_tokens") or usage.get("prompt_cache_hit_tokens") or 0,
        reasoning=completion.get("reasoning_tokens") or 0,
    )


class _Choice:
    """What a codec remembers of one choice."""

    __slots__ = ("content_key", "inline", "reasoning_field", "reasoning_key", "splitter")

    def __init__(self, index: int, options: StreamOptions) -> None:
        self.content_key = StreamKey(index, Channel.CONTENT)
        self.reasoning_key = StreamKey(index, Channel.REASONING)
        self.reasoning_field = "reasoning_content"
        self.splitter: think.ThinkSplitter | None = think.ThinkSplitter(
            starts_in_reasoning=options.starts_in_reasoning
        )

    def next_reasoning(self) -> None:
        key = self.reasoning_key
        self.reasoning_key = key._replace(part=key.part + 1)


class ChatCodec(FrameCodec):
    """`chat.completion.chunk` events."""

    __slots__ = ("_choices", "_head", "_model", "_names")

    def __init__(self, model: str, options: StreamOptions) -> None:
        super().__init__(options)
        self._model = model
        self._head: Body = {}
        self._choices: dict[int, _Choice] = {}
        self._names: dict[StreamKey, str] = {}

    def tool_name(self, key: StreamKey) -> str:
        return self._names.get(key, "")

    # Reading

    def read(self, event: ServerSentEvent) -> Chunk:
        if event.data is None:
            return Chunk(event)
        if event.data == "[DONE]":
            return self._finish(Chunk(event, terminal=True))
        frame = parse_frame(event)
        chunk = Chunk(event, frame)
        with shape_errors:
            self._read_frame(chunk, frame)
        return chunk

    def _read_frame(self, chunk: Chunk, frame: Body) -> None:
        if choices := frame.get("choices"):
            self._head = frame
            for choice in choices:
                self._read_choice(chunk, choice)
        if frame.get("usage"):
            self.usage = usage_of(frame)
        if "error" in frame:
            self._finish(chunk)

    def close(self) -> Chunk | None:
        chunk = self._finish(Chunk(ServerSentEvent()))
        return chunk if chunk.closes else None

    def _finish(self, chunk: Chunk) -> Chunk:
        chunk.terminal = True
        for index in self._choices:
            self._end_choice(chunk, index)
        return chunk

    def _read_choice(self, chunk: Chunk, choice: Body) -> None:
        index = choice.get("index") or 0
        state = self._choices.get(index)
        if state is None:
            state = self._choices[index] = _Choice(index, self._options)
        delta = choice.get("delta")
        if delta:
            self._read_delta(chunk, delta, state)
            for name in _LINKED:
                if choice.get(name):
                    chunk.linked.append(Linked(choice, name, index))
        if reason := choice.get("finish_reason"):
            self.finish_reasons[index] = reason
            self._end_choice(chunk, index)

    def _read_delta(self, chunk: Chunk, delta: Body, state: _Choice) -> None:
        content = delta.get("content")
        for name in REASONING_FIELDS:
            if text := delta.get(name):
                self._reasoning(chunk, delta, name, text, state)
        for detail in delta.get("reasoning_details") or ():
            for name in ("text", "summary"):
                if text := detail.get(name):
                    self._reasoning(chunk, detail, name, text, state)
        if content:
            self._content(chunk, delta, content, state)
        if len(delta) > 1 or not content:
            self._rest(chunk, delta, state)

    def _reasoning(self, chunk: Chunk, holder: Body, name: str, text: str, state: _Choice) -> None:
        """Some upstreams send one text in two fields (`reasoning` and `reasoning_content`,
        `reasoning_details`): the later ones repeat what the first one gets."""
        state.splitter = None  # the upstream has a reasoning parser
        for place in chunk.places:
            first = place.pieces[0]
            if isinstance(first, Delta) and first.key == state.reasoning_key:
                holder[name] = ""
                chunk.places.append(Place(holder, name, [first], mirror=True))
                return
        state.reasoning_field = name if name in REASONING_FIELDS else state.reasoning_field
        self._take(chunk, holder, name, Delta(state.reasoning_key, text))

    def _content(self, chunk: Chunk, delta: Body, text: str, state: _Choice) -> None:
        splitter = state.splitter
        if splitter is None or splitter.done:
            self._close_reasoning(chunk, state)
            self._take(chunk, delta, "content", Delta(state.content_key, text))
            return
        pieces = self._split(splitter.feed(text), state)
        self._take(chunk, delta, "content", *pieces)
        if splitter.done:
            self._close_reasoning(chunk, state)

    def _split(self, parts: list[think.Part], state: _Choice) -> list[Delta | str]:
        if any(part.kind is think.Kind.REASONING for part in parts):
            state.reasoning_field = "content"
        keys = {
            think.Kind.REASONING: state.reasoning_key,
            think.Kind.CONTENT: state.content_key,
        }
        return [text if kind is think.Kind.TAG else Delta(keys[kind], text) for kind, text in parts]

    def _rest(self, chunk: Chunk, delta: Body, state: _Choice) -> None:
        """The rarer texts of a delta."""
        index = state.content_key.choice
        if text := delta.get("refusal"):
            key = StreamKey(index, Channel.CONTENT, REFUSAL_PART)
            self._take(chunk, delta, "refusal", Delta(key, text))
        audio = delta.get("audio")
        if isinstance(audio, dict) and (text := audio.get("transcript")):
            key = StreamKey(index, Channel.CONTENT, TRANSCRIPT_PART)
            self._take(chunk, audio, "transcript", Delta(key, text))
        for call in delta.get("tool_calls") or ():
            part = call.get("index") or 0
            self._call(chunk, call.get("function") or {}, state, part)
        if call := delta.get("function_call"):
            self._call(chunk, call, state, FUNCTION_PART)

    def _call(self, chunk: Chunk, function: Body, state: _Choice, part: int) -> None:
        key = StreamKey(state.content_key.choice, Channel.TOOL_ARGUMENTS, part)
        self._close_reasoning(chunk, state)
        if name := function.get("name"):
            self._names[key] = self._names.get(key, "") + name
        if text := function.get("arguments"):
            self._take(chunk, function, "arguments", self._arguments.read(key, text))

    def _close_reasoning(self, chunk: Chunk, state: _Choice) -> None:
        if state.reasoning_key in self._open:
            self._end(chunk, [state.reasoning_key])
            state.next_reasoning()

    def _end_choice(self, chunk: Chunk, index: int) -> None:
        state = self._choices[index]
        if state.splitter is not None:
            for piece in self._split(state.splitter.close(), state):
                assert isinstance(piece, Delta)
                self._add(chunk, piece)
        self._end(chunk, [key for key in self._open if key.choice == index])

    # Writing

    def _hollow(self, frame: Body) -> bool:
        return hollow(frame.get("choices")) and all(
            name in _ENVELOPE or value is None for name, value in frame.items()
        )

    def text(self, key: StreamKey, text: str) -> bytes:
        if key.channel is Channel.REASONING and not self._options.show_reasoning:
            return b""
        return self._event(key.choice, self._text_delta(key, text)) if text else b""

    def _text_delta(self, key: StreamKey, text: str) -> Body:
        match key.channel:
            case Channel.TOOL_ARGUMENTS:
                arguments = {"arguments": self._arguments.write(key, text)}
                if key.part == FUNCTION_PART:
                    return {"function_call": arguments}
                return {"tool_calls": [{"index": key.part, "function": arguments}]}
            case Channel.REASONING:
                return {self._choices[key.choice].reasoning_field: text}
            case _ if key.part == REFUSAL_PART:
                return {"refusal": text}
            case _ if key.part == TRANSCRIPT_PART:
                return {"audio": {"transcript": text}}
            case _:
                return {"content": text}

    def _event(
        self, choice: int, delta: Body, finish: str | None = None, note: Body | None = None
    ) -> bytes:
        head: Body = {name: self._head[name] for name in _HEAD if name in self._head}
        frame: Body = {
            **head,
            "choices": [{"index": choice, "delta": delta, "finish_reason": finish}],
        }
        if note is not None:
            frame["threegate"] = note
        return encode_json(orjson.dumps(frame))

    def cut(self, outcome: Outcome) -> bytes:
        """A last chunk for every choice that has not finished, then `[DONE]`."""
        begun = bool(self._head)
        self._head = self._head or {
            "id": f"chatcmpl-{outcome.decision_id}",
            "object": "chat.completion.chunk",
            "created": outcome.created,
            "model": self._model,
        }
        finish = "stop" if outcome.kind is OutcomeKind.ANSWER else "content_filter"
        out = b""
        for index in self._choices or (0,):
            if index not in self.finish_reasons:
                delta: Body = {} if begun else {"role": "assistant"}
                if outcome.text:
                    gap = "\n\n" if index in self._spoken else ""
                    delta["content"] = gap + outcome.text
                out += self._event(index, delta) if delta else b""
                out += self._event(index, {}, finish, outcome.note)
        return out + DONE

    def extra(self, name: str, payload: object) -> bytes:
        index = next((i for i in self._choices if i not in self.finish_reasons), 0)
        return self._event(index, {}, None, {name: payload})


class Chat(chat_request.ChatRequest):
    """The adapter of chat completions."""

    api: Api = Api.CHAT
    paths: tuple[str, ...] = ("/v1/chat/completions", "/chat/completions", "/beta/chat/completions")

    def response_slots(
        self, body: Body, options: StreamOptions = DEFAULT_STREAM
    ) -> tuple[Slot, ...]:
        walk = SlotWalk(Layer.OUTPUT)
        for position, choice in enumerate(body.get("choices") or ()):
            walk.choice = choice.get("index", position)
            walk.base = f"/choices/{position}"
            message = choice.get("message") or {}
            self._message_slots(walk, message, f"{walk.base}/message", options)
        return tuple(walk.slots)

    def _message_slots(
        self, walk: SlotWalk, message: Body, at: str, options: StreamOptions
    ) -> None:
        for name in REASONING_FIELDS:
            if text := message.get(name):
                walk.add(text, f"{at}/{name}", Channel.REASONING)
        content = message.get("content")
        parsed = any(message.get(name) for name in REASONING_FIELDS)
        if isinstance(content, str) and not parsed:
            self._content_slots(walk, content, f"{at}/content", options)
        else:
            walk.walk(content, f"{at}/content", Channel.CONTENT, "content")
        for name in ("refusal", "audio", "annotations", "reasoning_details"):
            channel = Channel.REASONING if name == "reasoning_details" else Channel.CONTENT
            walk.walk(message.get(name), f"{at}/{name}", channel, name)
        for name in ("tool_calls", "function_call"):
            walk.walk(message.get(name), f"{at}/{name}", Channel.TOOL_ARGUMENTS, name)

    def _content_slots(self, walk: SlotWalk, content: str, at: str, options: StreamOptions) -> None:
        found = think.halves(content, starts_in_reasoning=options.starts_in_reasoning)
        if found is None:
            walk.add(content, at, Channel.CONTENT)
        else:
            walk.add(found.reasoning, f"{at}#think", Channel.REASONING)
            walk.add(found.answer, f"{at}#answer", Channel.CONTENT)

    def put(self, body: Body, texts: Mapping[str, str]) -> Body:
        made = pointer.put(body, texts)
        if made is not body:
            for position, choice in enumerate(made.get("choices") or ()):
                if any(place.startswith(f"/choices/{position}/") for place in texts):
                    for name in _LINKED:
                        if choice.get(name):
                            choice[name] = None
        return made

    def tool_calls(self, body: Body) -> tuple[ToolCall, ...]:
        out: list[ToolCall] = []
        for position, choice in enumerate(body.get("choices") or ()):
            message = choice.get("message") or {}
            at = f"/choices/{position}/message"
            calls = [
                (f"{at}/tool_calls/{i}/function", call.get("function") or {})
                for i, call in enumerate(message.get("tool_calls") or ())
            ]
            if message.get("function_call"):
                calls.append((f"{at}/function_call", message["function_call"]))
            for place, function in calls:
                name, arguments = function.get("name") or "", function.get("arguments") or ""
                index = choice.get("index", position)
                out.append(ToolCall(index, name, arguments, f"{place}/arguments"))
        return tuple(out)

    def hide_reasoning(self, body: Body, options: StreamOptions = DEFAULT_STREAM) -> Body:
        made = pointer.copy(body)
        for choice in made.get("choices") or ():
            message = choice.get("message") or {}
            parsed = [name for name in (*REASONING_FIELDS, "reasoning_details") if name in message]
            for name in parsed:
                message.pop(name)
            content = message.get("content")
            if isinstance(content, str) and not parsed:
                starts = options.starts_in_reasoning
                message["content"] = think.answer_of(content, starts_in_reasoning=starts)
        return made

    def blocked(self, request: Body, outcome: Outcome) -> Body:
        finish = "stop" if outcome.kind is OutcomeKind.ANSWER else "content_filter"
        message = {"role": "assistant", "content": outcome.text}
        return {
            "id": f"chatcmpl-{outcome.decision_id}",
            "object": "chat.completion",
            "created": outcome.created,
            "model": self.model(request),
            "choices": [
                {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
            ],
            "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
            "threegate": outcome.note,
        }

    def error(self, error: ThreegateError) -> Body:
        return openai_error(error)

    def usage(self, body: Body) -> Usage | None:
        return usage_of(body)

    def finish_reasons(self, body: Body) -> tuple[str, ...]:
        return tuple(c.get("finish_reason") or "" for c in body.get("choices") or ())

    def annotate(self, body: Body, name: str, payload: object) -> Body:
        return {**body, "threegate": {**(body.get("threegate") or {}), name: payload}}

    def stream(self, request: Body, options: StreamOptions = DEFAULT_STREAM) -> StreamCodec:
        return ChatCodec(self.model(request), options)
