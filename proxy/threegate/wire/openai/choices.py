"""What the OpenAI APIs with `choices` share in a stream: chat completions and completions.

Reasoning closes once, when content or a tool call begins, everything else with the `finish_reason`.
Reading runs ahead of writing (a frame may wait for a verdict), so what the client has *received* is
noted when writing: a cut ends only what the client has seen and not seen finished.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from threegate.errors import UpstreamError
from threegate.i18n.messages import localized
from threegate.types import Channel
from threegate.wire import known_fields, think
from threegate.wire.adapter import (
    Body,
    Chunk,
    Delta,
    LinkedField,
    Outcome,
    StreamKey,
    StreamOptions,
)
from threegate.wire.event_template import EventTemplate
from threegate.wire.frame_codec import StreamCodec, is_empty
from threegate.wire.limits import MAX_CHOICES, most_choices
from threegate.wire.logprobs import spells
from threegate.wire.openai.choice_bodies import LINKED, finish_of, refuse_many_choices, usage_of
from threegate.wire.sse import DONE, ServerSentEvent, encode_json

_HEAD: Final = (
    "id",
    "object",
    "created",
    "model",
    "system_fingerprint",
    "service_tier",
    "provider",
)


class Choice:
    """The state that a codec keeps for one choice."""

    __slots__ = ("content_key", "reasoning_fields", "reasoning_key", "splitter")

    def __init__(self, index: int, options: StreamOptions) -> None:
        self.content_key = StreamKey(index, Channel.CONTENT)
        self.reasoning_key = StreamKey(index, Channel.REASONING)
        self.reasoning_fields: dict[StreamKey, tuple[str, ...]] = {}  # that each began in
        self.splitter = think.ThinkSplitter(starts_in_reasoning=options.starts_in_reasoning)

    @property
    def in_tags(self) -> bool:
        """Whether reasoning inside the content has begun and not ended."""
        return self.splitter.reasons


class ChoiceCodec(StreamCodec):
    """Base class: a subclass says where the texts of a choice are (`_read_texts`) and how a choice
    with one text looks (`_fields`, `_message`)."""

    __slots__ = ("_asked", "_begun", "_choices", "_ended", "_head", "_model", "_most", "_sent")

    object_name = ""
    id_prefix = ""
    fields = known_fields.CHOICE
    """Fields of a choice: those without text, and those whose texts `_read_texts` takes out."""

    def __init__(self, model: str, options: StreamOptions, asked: int = 1) -> None:
        super().__init__(options)
        self._model = model
        self._asked = asked  # choices that the request asks for
        self._most = most_choices(asked)
        self._head: Body = {}
        self._choices: dict[int, Choice] = {}
        self._begun = False  # the client has received a frame
        self._sent: set[int] = set()  # choices of which the client has received an event
        self._ended: set[int] = set()  # choices whose end the client has received

    def _read_texts(self, chunk: Chunk, choice: Body, state: Choice) -> None:
        raise NotImplementedError

    def _fields(self, key: StreamKey, text: str) -> Body:
        """The fields of a choice that carries only this text."""
        raise NotImplementedError

    def _message(self, text: str, *, first: bool) -> Body:
        """The fields of a choice that carries a message from us, or nothing."""
        raise NotImplementedError

    # Reading

    def read(self, event: ServerSentEvent) -> Chunk:
        return self._finish(Chunk(event)) if event.data == "[DONE]" else super().read(event)

    def _fits_template(self, chunk: Chunk) -> bool:
        if not super()._fits_template(chunk):
            return False
        return self._choices[chunk.deltas[0].key.choice].splitter.done

    def _read_frame(self, chunk: Chunk, frame: Body) -> None:
        if choices := frame.get("choices"):
            refuse_many_choices(len(choices), self._most)
            self._head = frame
            ended: set[int] = set()
            for choice in choices:
                self._read_choice(chunk, choice, ended)
        if frame.get("usage"):
            self.usage = usage_of(frame)
        self._take_unlisted(chunk, frame, known_fields.FRAME)
        if frame.get("error"):
            self._finish(chunk)

    def _finish(self, chunk: Chunk) -> Chunk:
        chunk.terminal = True
        for index in self._choices:
            self._end_choice(chunk, index)
        return chunk

    def _read_choice(self, chunk: Chunk, choice: Body, ended: set[int]) -> None:
        """`ended` are the choices that end in this event: a text that goes on after its end would
        end twice."""
        index = choice.get("index") or 0
        if type(index) is not int:
            raise UpstreamError(localized("event-index"))
        state = self._choices.get(index)
        if state is None:
            refuse_many_choices(len(self._choices) + 1, self._most)
            state = self._choices[index] = Choice(index, self._options)
        texts = len(chunk.deltas)
        self._read_texts(chunk, choice, state)
        self._take_unlisted(chunk, choice, self.fields, index)
        if index in ended and len(chunk.deltas) > texts:
            raise UpstreamError(localized("event-shape"))
        for name in LINKED:
            if choice.get(name):
                self._link(chunk, choice, name, index)
        if choice.get("stop_reason"):
            self._reason(chunk, choice, "stop_reason", index)
        if choice.get("finish_reason"):
            self.finish_reasons[index] = self._reason(chunk, choice, "finish_reason", index)
            self._end_choice(chunk, index)
            ended.add(index)

    def _link(self, chunk: Chunk, choice: Body, name: str, index: int) -> None:
        """Log probabilities stay only with the text or tag that they repeat."""
        tagged = any(isinstance(piece, str) for at in chunk.places for piece in at.pieces)
        spoken = [d.text for d in chunk.deltas if d.key.choice == index]
        if (tagged or spoken) and _repeats(choice[name], name, "".join(spoken)):
            chunk.linked.append(LinkedField(choice, name, index))
        else:
            choice[name] = None

    def _content(self, chunk: Chunk, holder: Body, name: str, text: str, state: Choice) -> None:
        """Content, which may begin with inline reasoning."""
        parts = state.splitter.feed(text)
        if state.reasoning_fields.get(state.reasoning_key, (name,)) != (name,):
            parts = self._to_its_field(chunk, parts, state)
        pieces, ended = self._split(parts, state, name)
        self._take(chunk, holder, name, *pieces)
        self._end(chunk, ended)
        if state.splitter.done:
            self._leave_reasoning(chunk, state)

    def _to_its_field(
        self, chunk: Chunk, parts: list[think.ThinkPart], state: Choice
    ) -> list[think.ThinkPart]:
        """Reasoning in tags that began in a field goes on there; returns the content."""
        for kind, text in parts:
            if kind is think.ThinkPartKind.REASONING:
                self._add(chunk, Delta(state.reasoning_key, text))
        return [part for part in parts if part.kind is think.ThinkPartKind.CONTENT]

    def _split(
        self, parts: list[think.ThinkPart], state: Choice, name: str
    ) -> tuple[list[Delta | str], list[StreamKey]]:
        """The pieces of a content, and the reasoning that ends in it. Each block in tags is a text
        with its own key: what is held of one must leave before its end tag does."""
        pieces: list[Delta | str] = []
        ended: list[StreamKey] = []
        for kind, text in parts:
            key = state.reasoning_key
            match kind:
                case think.ThinkPartKind.CONTENT:
                    pieces.append(Delta(state.content_key, text))
                case think.ThinkPartKind.REASONING:
                    state.reasoning_fields.setdefault(key, (name,))
                    pieces.append(Delta(key, text))
                case think.ThinkPartKind.TAG:
                    pieces.append(text)
                    if think.ends(text) and key in state.reasoning_fields:
                        ended.append(key)
                        self._next_reasoning(state)
        return pieces, ended

    def _next_reasoning(self, state: Choice) -> None:
        part = state.reasoning_key.part + 1
        self._limit(part)
        state.reasoning_key = state.reasoning_key._replace(part=part)

    def _leave_reasoning(self, chunk: Chunk, state: Choice) -> None:
        """Notes that something other than reasoning has begun, unless the event has both."""
        if self._reasons(state) and all(delta.key != state.reasoning_key for delta in chunk.deltas):
            self._close_reasoning(chunk, state)

    def _close_reasoning(self, chunk: Chunk, state: Choice) -> None:
        """Reasoning that follows content is a new text with its own key up to the end of the
        choice; with a new key each time, values would be split into pieces."""
        key = state.reasoning_key
        if self._reasons(state):
            self._end(chunk, [key])
            self._next_reasoning(state)

    def _reasons(self, state: Choice) -> bool:
        """Whether reasoning has begun that content would end."""
        return state.reasoning_key in self._open and not state.reasoning_key.part

    def _end_choice(self, chunk: Chunk, index: int) -> None:
        state = self._choices[index]
        for piece in self._split(state.splitter.close(), state, "content")[0]:
            assert isinstance(piece, Delta)
            self._add(chunk, piece)
        self._end(chunk, [key for key in self._open if key.choice == index])

    # Writing

    def _on_sent(self, frame: Body) -> None:
        self._begun = True
        for choice in frame.get("choices") or ():
            index = choice.get("index") or 0
            self._sent.add(index)
            if choice.get("finish_reason"):
                self._ended.add(index)

    def _write_template(self, template: EventTemplate, released: Mapping[StreamKey, str]) -> bytes:
        if released.get(template.key):
            self._note_sent(template.key.choice)
            if template.key.channel is Channel.CONTENT:
                self._begun_choices.add(template.key.choice)
        return super()._write_template(template, released)

    def _is_empty(self, frame: Body) -> bool:
        return is_empty(frame.get("choices")) and all(
            name in known_fields.FRAME or value is None for name, value in frame.items()
        )

    def text(self, key: StreamKey, text: str) -> bytes:
        if self._is_hidden(key, text):
            return b""
        if key.channel is Channel.CONTENT:
            self._begun_choices.add(key.choice)
        template = self._alike.template
        if template is not None and template.key == key:
            self._note_sent(key.choice)
            return template.render(text)
        return self._event(key.choice, self._fields(key, text))

    def _event(
        self, choice: int, fields: Body, finish: str | None = None, note: Body | None = None
    ) -> bytes:
        self._note_sent(choice)
        frame: Body = {name: self._head[name] for name in _HEAD if name in self._head}
        frame["choices"] = [{"index": choice, **fields, "finish_reason": finish}]
        if note is not None:
            frame["threegate"] = note
        return encode_json(orjson.dumps(frame))

    def _note_sent(self, choice: int) -> None:
        self._begun = True
        self._sent.add(choice)

    def cut(self, outcome: Outcome) -> bytes:
        """A last chunk for every choice that was requested or begun and is not finished, then
        `[DONE]`. What was read but not sent does not count, because it depends on when a verdict
        arrived."""
        first = not self._begun
        self._head = self._head or {
            "id": f"{self.id_prefix}-{outcome.decision_id}",
            "object": self.object_name,
            "created": outcome.created,
            "model": self._model,
        }
        out = b""
        for index in sorted({*range(min(self._asked, MAX_CHOICES)), *self._sent}):
            if index not in self._ended:
                fields, finish = self._stopped(index, outcome, first=first)
                out += self._event(index, fields)
                out += self._event(index, self._message("", first=False), finish, outcome.note)
        return out + DONE

    def _stopped(self, index: int, outcome: Outcome, *, first: bool) -> tuple[Body, str]:
        """The fields with the message to the client, and the finish reason."""
        gap = "\n\n" if index in self._begun_choices and outcome.text else ""
        return self._message(gap + outcome.text, first=first), finish_of(outcome)

    def extra(self, name: str, payload: object) -> bytes:
        index = next((i for i in self._choices if i not in self._ended), 0)
        return self._event(index, self._message("", first=False), None, {name: payload})


def _repeats(value: Any, name: str, text: str) -> bool:
    return spells(value, text) if name == "logprobs" else not known_fields.has_text(value)
