"""The interface of a model API as the gateway uses it, with defaults for APIs that lack a feature,
and what the APIs share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from threegate.errors import RequestError, ThreegateError, UpstreamError
from threegate.i18n.messages import localized
from threegate.types import Bilingual, Channel, Layer, Usage
from threegate.wire import known_fields, pointer
from threegate.wire.adapter import (
    DEFAULT_STREAM,
    Api,
    Body,
    Outcome,
    Placement,
    Slot,
    StreamOptions,
    ToolCall,
)
from threegate.wire.errors import openai_error
from threegate.wire.frame_codec import StreamCodec
from threegate.wire.limits import MAX_PARTS, most_choices
from threegate.wire.logprobs import spells
from threegate.wire.openai.choice_bodies import LINKED, usage_of
from threegate.wire.slots import SlotWalk, walk_fields


def _position(place: str) -> str:
    """The position of the choice that a pointer leads into, or empty."""
    match place.split("/", 3):
        case [_, "choices", position, _]:
            return position
    return ""


class Adapter:
    """One model API; by default OpenAI-shaped, without tools and reasoning. Bodies are parsed JSON
    and never changed in place."""

    api: Api
    paths: tuple[str, ...]
    blocked_status: int = 200

    def request_slots(self, body: Body) -> tuple[Slot, ...]:
        raise NotImplementedError

    def response_slots(
        self, body: Body, options: StreamOptions = DEFAULT_STREAM
    ) -> tuple[Slot, ...]:
        return ()

    def put(self, body: Body, texts: Mapping[str, str]) -> Body:
        """A copy with the texts at these slot pointers replaced."""
        made = pointer.put(body, texts)
        if made is not body:
            changed = {_position(place) for place in texts}
            for position, choice in enumerate(made.get("choices") or ()):
                if str(position) in changed:
                    unlink(choice)
        return made

    def place_system(self, body: Body, text: str, where: Placement) -> Body:
        return body

    def spoken(self, choice: Body) -> tuple[str, ...]:
        """The texts of a choice that its log probabilities may repeat."""
        return ()

    def drop_other_tokens(self, body: Body) -> None:
        """Removes from a whole answer, in place, log probabilities that repeat no text of it."""
        for _, choice in objects(body.get("choices")):
            given = choice.get("logprobs")
            if given and not any(spells(given, text) for text in self.spoken(choice)):
                choice["logprobs"] = None

    def tool_calls(self, body: Body) -> tuple[ToolCall, ...]:
        """The tool calls of a whole answer."""
        return ()

    def drop_reasoning_history(self, body: Body) -> Body:
        return body

    def without_its_reasoning(self, body: Body) -> str:
        """The pointer of the first turn with tool calls that lacks its reasoning, or empty."""
        return ""

    def hide_reasoning(self, body: Body, options: StreamOptions = DEFAULT_STREAM) -> Body:
        """A whole answer without its reasoning."""
        return body

    def model(self, body: Body) -> str:
        return str(body.get("model") or "")

    def streamed(self, body: Body) -> bool:
        return body.get("stream") is True

    def max_tokens_field(self, body: Body) -> str:
        return "max_tokens"

    def choices(self, body: Body) -> int:
        return known_fields.count(body.get("n")) or 1

    def most_choices(self, request: Body) -> int:
        """How many choices an answer to this request may have."""
        return most_choices(self.choices(request))

    def blocked(self, request: Body, outcome: Outcome) -> Body:
        """A valid answer that reports the outcome, for status `outcome.http_status or
        blocked_status`; an error body if that is not 200."""
        if outcome.http_status is not None or self.blocked_status != 200:
            return {**self.error(refusal(outcome)), "threegate": outcome.note}
        return self._blocked(request, outcome)

    def _blocked(self, request: Body, outcome: Outcome) -> Body:
        raise NotImplementedError

    def error(self, error: ThreegateError, language: str = "") -> Body:
        return openai_error(error, language)

    def usage(self, body: Body) -> Usage | None:
        return usage_of(body)

    def finish_reasons(self, body: Body) -> tuple[str, ...]:
        return tuple(c.get("finish_reason") or "" for c in body.get("choices") or ())

    def restore_echo(self, body: Body, request: Body) -> Body:
        """A whole answer in which the parts repeated from the request are as the client sent
        them."""
        return body

    def mark_stored(self, body: Body, options: StreamOptions) -> Body:
        """A whole answer with the tenant's own ids for stored objects."""
        return body

    def annotate(self, body: Body, name: str, payload: object) -> Body:
        """A copy with `payload` under `threegate.<name>`."""
        return {**body, "threegate": {**(body.get("threegate") or {}), name: payload}}

    def stream(self, request: Body, options: StreamOptions = DEFAULT_STREAM) -> StreamCodec:
        raise NotImplementedError


class TextlessAdapter(Adapter):
    """An API whose answers are numbers: they are not streamed, and a block is returned as an error
    because the answer has no place for it."""

    blocked_status: int = 400

    def streamed(self, body: Body) -> bool:
        return False

    def choices(self, body: Body) -> int:
        return 0

    def finish_reasons(self, body: Body) -> tuple[str, ...]:
        return ()

    def stream(self, request: Body, options: StreamOptions = DEFAULT_STREAM) -> StreamCodec:
        """Used if the model API streams nevertheless."""
        raise UpstreamError(localized("answer-no-json", what=localized("answer")))


def prompt_slots(body: Body, prompt: str) -> tuple[Slot, ...]:
    """The texts of a request without turns. Raises RequestError 400 for a prompt of token ids."""
    refuse_tokens(body.get(prompt), f"/{prompt}")
    walk = SlotWalk(Layer.INPUT)
    walk_fields(walk, body, Channel.USER)
    return walk.found()


def refusal(outcome: Outcome) -> RequestError:
    """A block as an error, if the policy or the API requires one."""
    text = Bilingual(outcome.text, outcome.text)
    return RequestError(text, status=outcome.http_status or 400, code="content_filter")


def objects(value: Any) -> list[tuple[int, Body]]:
    """The objects of a list with their positions; nothing if it is not a list."""
    items = value if isinstance(value, list) else []
    return [(index, item) for index, item in enumerate(items) if isinstance(item, dict)]


def answers(body: Body) -> list[tuple[int, Body]]:
    """The choices of a whole answer. Anything that is not a choice cannot be checked and is an
    error."""
    given = body.get("choices") or []
    if not isinstance(given, list) or not all(map(_is_choice, given)):
        raise UpstreamError(localized("answer-choices"))
    return list(enumerate(given))


def _is_choice(given: Any) -> bool:
    return isinstance(given, dict) and type(given.get("index") or 0) is int


def index_in(frame: Body, name: str = "index") -> int:
    """The index that an event gives to a part of its answer, 0 if it gives none; some APIs begin at
    -1. Raises TypeError if it is not a number or out of range."""
    index = frame.get(name) or 0
    if type(index) is not int or abs(index) > MAX_PARTS:
        raise TypeError(name)
    return index


def unlink(choice: Body) -> None:
    """Log probabilities and token ids spell out the text, so they are removed if the text was
    changed."""
    choice.update({name: None for name in LINKED if choice.get(name)})


def refuse_tokens(value: Any, pointer: str) -> None:
    """Text given as token ids cannot be checked."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, list | int | float):
                where = f"{pointer}/{index}"
                text = localized("token-ids", place=where)
                raise RequestError(text, code="token_ids_refused", param=where)
