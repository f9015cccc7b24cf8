"""OpenAI responses: the stream that the client gets.

Invariants: every repetition of a text carries what was *released*, from accumulators kept here.
`sequence_number` counts the events that the client gets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from threegate.errors import ThreegateError
from threegate.wire import stored
from threegate.wire.adapter import Body, Chunk, Delta, Outcome, StreamKey, StreamOptions
from threegate.wire.errors import openai_error
from threegate.wire.openai.responses_parts import (
    BY_DELTA,
    BY_PART,
    ENDS,
    REASONING,
    REFUSAL,
    SUMMARY,
    TEXT,
    EventFamily,
    index_of,
    item_of,
    message_item,
    response_of,
)
from threegate.wire.openai.responses_reader import ResponsesReader, StreamedText
from threegate.wire.openai.structured import wants_structure
from threegate.wire.sse import encode_json


class ResponsesCodec(ResponsesReader):
    """`response.created` … `response.completed`."""

    __slots__ = ("_begun", "_done", "_ended", "_items", "_response")

    def __init__(self, request: Body, options: StreamOptions) -> None:
        super().__init__(request, options)
        self._response: Body = {}
        # what the client has received
        self._begun = False
        self._ended = False
        self._items: dict[int, Body] = {}  # added, not done
        self._done: dict[int, Body] = {}

    def _written(self, piece: Delta, released: Mapping[StreamKey, str], changed: set[int]) -> str:
        written = super()._written(piece, released, changed)
        if (text := self._texts.get(piece.key)) is not None:
            text.out += written
        return written

    def _repeated(self, key: StreamKey, used: Mapping[StreamKey, str]) -> str:
        return self._texts[key].out

    def _fill(self, chunk: Chunk, released: Mapping[StreamKey, str]) -> bool:
        carried = super()._fill(chunk, released)
        for place in chunk.places:
            if place.mirror and place.holder.get("logprobs"):
                piece = place.pieces[0]
                assert isinstance(piece, Delta)
                text = self._texts[piece.key]
                if text.out != text.received:
                    place.holder["logprobs"] = []
        return carried

    def _is_empty(self, frame: Body) -> bool:
        kind = frame.get("type") or ""
        return kind in BY_DELTA or kind.removesuffix(".delta") in self._families

    def _on_sent(self, frame: Body) -> None:
        if self._options.mark is not None:
            stored.mark_event(frame, self._options.mark)
        if "sequence_number" in frame:
            frame["sequence_number"] = self._sequence
            self._sequence += 1
        self._begun = True
        kind = frame.get("type") or ""
        if "response" in frame:
            self._response = frame["response"]
            self._ended = self._ended or kind in ENDS
        elif "item" in frame:
            index = frame.get("output_index") or 0
            self._waiting.discard(index)
            if kind == "response.output_item.done":
                self._items.pop(index, None)
                self._done[index] = frame["item"]
            else:
                self._items[index] = frame["item"]

    def text(self, key: StreamKey, text: str) -> bytes:
        if item_of(key) in self._waiting:
            return b""  # after a cut; the client has not received the start of this item
        if self._is_hidden(key, text):
            return b""
        state = self._texts[key]
        written = self._arguments.write(key, text) if key in self._arguments else text
        state.out += written
        return self._event(f"{state.family.name}.delta", **self._where(key, state), delta=written)

    def _where(self, key: StreamKey, text: StreamedText) -> Body:
        where: Body = {"item_id": text.item_id, "output_index": item_of(key)}
        if text.family.place:
            where[text.family.place] = index_of(key)
        return where

    def _event(self, kind: str, **fields: Any) -> bytes:
        frame = {"type": kind, "sequence_number": self._sequence, **fields}
        self._on_sent(frame)
        return encode_json(orjson.dumps(frame), kind)

    def cut(self, outcome: Outcome) -> bytes:
        """Closes open items, sends the message in a separate item, and ends the response."""
        if self._ended:
            return b""
        out = b"" if self._begun else self._created(outcome)
        for index in list(self._items):
            out += self._item_done(index)
        refused = wants_structure(self._request) and not self._answer_begun
        if outcome.text:
            name = f"msg_{outcome.decision_id}"
            out += self._message(message_item(name, outcome.text, refused=refused))
        items = [item for _, item in sorted(self._done.items())]
        response = response_of(self._response, outcome, self._model, items, refused=refused)
        kind = f"response.{response['status']}"
        return out + self._event(kind, response=response, threegate=outcome.note)

    @property
    def _answer_begun(self) -> bool:
        return any(text.out for text in self._texts.values() if text.family is TEXT)

    @property
    def _model(self) -> str:
        return str(self._request.get("model") or "")

    def _created(self, outcome: Outcome) -> bytes:
        response = response_of({}, outcome, self._model, [])
        response |= {"status": "in_progress", "incomplete_details": None}
        return self._event("response.created", response=response)

    def _item_done(self, index: int) -> bytes:
        """The end of an item that the guard cut, with its texts as far as the client has them."""
        out, parts = b"", []
        item: Body = {**self._items[index], "status": "incomplete"}
        for key, text in self._texts.items():
            if item_of(key) == index:
                family, where = text.family, self._where(key, text)
                out += self._event(f"{family.name}.done", **where, **{family.field: text.out})
                if family.place:
                    parts.append((family, self._part_of(family, text.out)))
                else:
                    item[family.field] = text.out
        for name, stems in (("content", (TEXT, REFUSAL, REASONING)), ("summary", (SUMMARY,))):
            if found := [part for family, part in parts if family in stems]:
                item[name] = found
        return out + self._event("response.output_item.done", output_index=index, item=item)

    def _part_of(self, family: EventFamily, text: str) -> Body:
        kind = next(kind for kind, known in BY_PART.items() if known is family)
        return {"type": kind, family.field: text, **({"annotations": []} if family is TEXT else {})}

    def _message(self, item: Body) -> bytes:
        index = max(self._done, default=-1) + 1
        where = {"output_index": index, "item_id": item["id"], "content_index": 0}
        part = item["content"][0]
        family = BY_PART[part["type"]]
        text = part[family.field]
        more: Body = {"logprobs": []} if family is TEXT else {}
        added = {**item, "status": "in_progress", "content": []}
        events = (
            ("response.output_item.added", {"output_index": index, "item": added}),
            ("response.content_part.added", {**where, "part": {**part, family.field: ""}}),
            (f"{family.name}.delta", {**where, "delta": text, **more}),
            (f"{family.name}.done", {**where, family.field: text, **more}),
            ("response.content_part.done", {**where, "part": part}),
            ("response.output_item.done", {"output_index": index, "item": item}),
        )
        return b"".join(self._event(kind, **fields) for kind, fields in events)

    def extra(self, name: str, payload: object) -> bytes:
        """Our own event; clients skip types that they do not know."""
        return self._event("threegate.note", threegate={name: payload})

    def error(self, error: ThreegateError, language: str = "") -> bytes:
        body = openai_error(error, language)["error"]
        fields = {name: body[name] for name in ("code", "message", "param")}
        return self._event("error", **fields)
