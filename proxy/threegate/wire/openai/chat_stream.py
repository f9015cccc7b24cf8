"""OpenAI and DeepSeek chat completions: the stream.

Reasoning leaves in the field in which it arrived. A refusal is content, in a separate part. Text in
unknown fields is content too: it is released or held like the rest.
"""

from __future__ import annotations

from typing import Final

from threegate.types import Channel
from threegate.wire import known_fields
from threegate.wire.adapter import (
    Body,
    Chunk,
    Delta,
    InsertionPoint,
    Outcome,
    StreamKey,
    StreamOptions,
)
from threegate.wire.base import index_in
from threegate.wire.frame_codec import FIELD_PARTS, is_no_text
from threegate.wire.limits import MAX_PARTS
from threegate.wire.openai.choice_bodies import finish_of
from threegate.wire.openai.choices import Choice, ChoiceCodec
from threegate.wire.openai.structured import wants_structure

REFUSAL_PART: Final = 1
TRANSCRIPT_PART: Final = 2
FUNCTION_PART: Final = -2 * MAX_PARTS  # the one call of the legacy `function_call`
CUSTOM_PART: Final = -4 * MAX_PARTS  # calls with any text as input, numbered from here
REASONING_FIELDS: Final = ("reasoning_content", "reasoning")


class ChatCodec(ChoiceCodec):
    """`chat.completion.chunk` events."""

    __slots__ = ("_names", "_others", "_structured")

    object_name = "chat.completion.chunk"
    id_prefix = "chatcmpl"
    fields = known_fields.CHOICE | {"delta"}

    def __init__(self, request: Body, options: StreamOptions, asked: int = 1) -> None:
        super().__init__(str(request.get("model") or ""), options, asked)
        self._structured = wants_structure(request)
        self._names: dict[StreamKey, str] = {}
        self._others: list[str] = []  # names of fields in no list

    def tool_name(self, key: StreamKey) -> str:
        return self._names.get(key, "")

    def _read_texts(self, chunk: Chunk, choice: Body, state: Choice) -> None:
        delta = choice.get("delta")
        if not delta:
            return
        choice.pop("message", None)  # some APIs repeat the whole text with each piece
        if not self._options.show_reasoning:
            known_fields.drop_unlisted_reasoning(delta)
        if names := [name for name in REASONING_FIELDS if delta.get(name)]:
            self._reasoning(chunk, delta, names, state)
        for detail in delta.get("reasoning_details") or ():
            for name in ("text", "summary"):
                if text := detail.get(name):
                    detail[name] = ""
                    if not (names and state.in_tags):
                        self._detail(chunk, delta, (detail, name, text), state)
            self._take_unlisted(chunk, detail, known_fields.DETAIL, state.content_key.choice)
        content = delta.get("content")
        if content:
            self._content(chunk, delta, "content", content, state)
        if len(delta) > 1 or not content:
            self._rest(chunk, delta, state)

    def _reasoning(self, chunk: Chunk, delta: Body, names: list[str], state: Choice) -> None:
        """Some upstreams send one text in two fields: the second repeats what the first one gets.
        One that comes in another field than it began in goes on in the field it began in: what
        waits for a verdict would else leave in either of them, as time has it."""
        text = delta[names[0]]
        for name in names:
            delta[name] = ""
        if state.in_tags:
            delta["content"] = text + (delta.get("content") or "")
            return
        state.splitter.starts_in_reasoning = False  # the upstream has a reasoning parser
        piece = Delta(state.reasoning_key, text)
        fields = state.reasoning_fields.setdefault(piece.key, tuple(names))
        self._take(chunk, delta, fields[0], piece)
        for name in fields[1:]:
            delta[name] = ""
            chunk.places.append(InsertionPoint(delta, name, [piece], mirror=True))

    def _detail(
        self, chunk: Chunk, delta: Body, taken: tuple[Body, str, str], state: Choice
    ) -> None:
        """A text of `reasoning_details`, which repeats that of a field where there is one."""
        detail, name, text = taken
        if state.in_tags:
            delta["content"] = text + (delta.get("content") or "")
            return
        state.splitter.starts_in_reasoning = False
        for place in chunk.places:
            first = place.pieces[0] if place.pieces else None
            if isinstance(first, Delta) and first.key == state.reasoning_key:
                chunk.places.append(InsertionPoint(detail, name, [first], mirror=True))
                return
        self._take(chunk, detail, name, Delta(state.reasoning_key, text))

    def _rest(self, chunk: Chunk, delta: Body, state: Choice) -> None:
        """The rarer texts of a delta."""
        index = state.content_key.choice
        if text := delta.get("refusal"):
            key = StreamKey(index, Channel.CONTENT, REFUSAL_PART)
            self._take(chunk, delta, "refusal", Delta(key, text))
        if audio := delta.get("audio"):
            self._audio(chunk, audio, index)
        for call in delta.get("tool_calls") or ():
            part = index_in(call)
            if custom := call.get("custom"):
                self._custom(chunk, custom, state, CUSTOM_PART - part)
            self._call(chunk, call.get("function") or {}, state, part)
            self._take_unlisted(chunk, call, known_fields.CALL, index)
        if call := delta.get("function_call"):
            self._call(chunk, call, state, FUNCTION_PART)
        self._other_fields(chunk, delta, index)

    def _other_fields(self, chunk: Chunk, delta: Body, index: int) -> None:
        """A text in an unlisted field continues from event to event."""
        for name in _unknown(delta):
            text = delta[name]
            words = name in known_fields.PROVIDER_WORDS
            if not isinstance(text, str):
                self._take_all(chunk, delta, name, index)
            elif text and not is_no_text(name, text, words=words):
                self._take(chunk, delta, name, Delta(self._other_key(name, index), text))

    def _other_key(self, name: str, index: int) -> StreamKey:
        if name not in self._others:
            self._limit(len(self._others))
            self._others.append(name)
        return StreamKey(index, Channel.CONTENT, FIELD_PARTS + self._others.index(name))

    def _audio(self, chunk: Chunk, audio: Body, index: int) -> None:
        if text := audio.get("transcript"):
            key = StreamKey(index, Channel.CONTENT, TRANSCRIPT_PART)
            self._take(chunk, audio, "transcript", Delta(key, text))
        self._take_unlisted(chunk, audio, known_fields.AUDIO, index)

    def _call(self, chunk: Chunk, function: Body, state: Choice, part: int) -> None:
        key = self._called(chunk, function, state, part)
        if text := function.get("arguments"):
            self._take(chunk, function, "arguments", self._arguments.read(key, text))
        self._take_unlisted(chunk, function, known_fields.FUNCTION, key.choice)

    def _custom(self, chunk: Chunk, custom: Body, state: Choice, part: int) -> None:
        key = self._called(chunk, custom, state, part)
        if text := custom.get("input"):
            self._take(chunk, custom, "input", Delta(key, text))
        self._take_unlisted(chunk, custom, known_fields.CUSTOM, key.choice)

    def _called(self, chunk: Chunk, tool: Body, state: Choice, part: int) -> StreamKey:
        """The key of a call; its name is taken out."""
        key = StreamKey(state.content_key.choice, Channel.TOOL_ARGUMENTS, part)
        self._leave_reasoning(chunk, state)
        if name := tool.get("name"):
            self._names[key] = self._names.get(key, "") + name
            self._take_complete(chunk, tool, "name", key.choice, Channel.TOOL_ARGUMENTS)
            self._add(chunk, Delta(key, ""))  # a call without arguments is a call
        return key

    def _fields(self, key: StreamKey, text: str) -> Body:
        return {"delta": self._delta(key, text)}

    def _delta(self, key: StreamKey, text: str) -> Body:
        match key.channel:
            case Channel.TOOL_ARGUMENTS if key.part < FUNCTION_PART:
                return {
                    "tool_calls": [{"index": CUSTOM_PART - key.part, "custom": {"input": text}}]
                }
            case Channel.TOOL_ARGUMENTS:
                arguments = {"arguments": self._arguments.write(key, text)}
                if key.part == FUNCTION_PART:
                    return {"function_call": arguments}
                return {"tool_calls": [{"index": key.part, "function": arguments}]}
            case Channel.REASONING:
                fields = self._choices[key.choice].reasoning_fields
                return dict.fromkeys(fields.get(key, ("reasoning_content",)), text)
            case _ if key.part >= FIELD_PARTS:
                return {self._others[key.part - FIELD_PARTS]: text}
            case _ if key.part == REFUSAL_PART:
                return {"refusal": text}
            case _ if key.part == TRANSCRIPT_PART:
                return {"audio": {"transcript": text}}
            case _:
                return {"content": text}

    def _message(self, text: str, *, first: bool) -> Body:
        delta: Body = {"role": "assistant"} if first else {}
        return {"delta": {**delta, "content": text} if text else delta}

    def _stopped(self, index: int, outcome: Outcome, *, first: bool) -> tuple[Body, str]:
        """A refusal if a program parses the answer; an answer that has begun will not be parsed."""
        if not self._structured or not outcome.text:
            return super()._stopped(index, outcome, first=first)
        fields = self._message("", first=first)
        begun = index in self._begun_choices
        fields["delta"]["refusal"] = outcome.text
        return fields, finish_of(outcome) if begun else "stop"


def _unknown(delta: Body) -> list[str]:
    known, misused = known_fields.DELTA, known_fields.is_misused
    return [name for name, value in delta.items() if name not in known or misused(name, value)]
