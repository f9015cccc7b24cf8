"""OpenAI responses: the stream. The same text comes several times: in deltas, in the `.done` of its
part, in the `.done` of its item and in `response.completed`.

Invariants: every repetition carries what was *released*, from accumulators kept here; a `.done`
closes the key, so it waits for the verdict; a text that was never streamed is taken from the first
place that has it. `sequence_number` counts what the client gets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from threegate.errors import ThreegateError
from threegate.types import Channel
from threegate.wire import known_fields
from threegate.wire.adapter import (
    Body,
    Chunk,
    Delta,
    InsertionPoint,
    LinkedField,
    Outcome,
    StreamKey,
    StreamOptions,
)
from threegate.wire.base import index_in
from threegate.wire.errors import openai_error
from threegate.wire.frame_codec import WHOLE_PARTS, FrameCodec, shape_errors
from threegate.wire.json import parse_answer
from threegate.wire.openai.responses_parts import (
    BY_DELTA,
    BY_DONE,
    BY_ITEM,
    BY_PART,
    ENDS,
    OF_FRAME,
    REASONING,
    REFUSAL,
    SUMMARY,
    TEXT,
    EventFamily,
    index_of,
    item_of,
    key_of,
    message_item,
    response_of,
    usage_of,
)
from threegate.wire.openai.structured import wants_structure
from threegate.wire.sse import ServerSentEvent, encode_json


class _Text:
    """One text of the answer: what came and what went out."""

    __slots__ = ("item_id", "out", "received", "stem")

    def __init__(self, stem: EventFamily, item_id: str) -> None:
        self.stem = stem
        self.item_id = item_id
        self.received = ""
        self.out = ""


class ResponsesCodec(FrameCodec):
    """`response.created` … `response.completed`."""

    __slots__ = (
        *("_begun", "_done", "_ended", "_first", "_items", "_names", "_request", "_response"),
        *("_sequence", "_texts", "_waiting", "_families"),
    )

    def __init__(self, request: Body, options: StreamOptions) -> None:
        super().__init__(options)
        self._request = request
        self._texts: dict[StreamKey, _Text] = {}
        self._families: dict[str, EventFamily] = {}  # of events that no table has
        self._names: dict[StreamKey, str] = {}
        self._response: Body = {}
        # what the client got
        self._begun = False
        self._ended = False
        self._items: dict[int, Body] = {}  # added, not done
        self._done: dict[int, Body] = {}
        self._waiting: set[int] = set()  # items whose start came and did not go out yet
        self._sequence = 0
        self._first = True  # the first event's number is where counting begins

    def tool_name(self, key: StreamKey) -> str:
        return self._names.get(key, "")

    # Reading

    def read(self, event: ServerSentEvent) -> Chunk:
        if event.data is None:
            return Chunk(event)
        if event.data == "[DONE]":
            return self._finish(Chunk(event))
        frame = parse_answer(event.data, "event")
        if self._first:
            number = frame.get("sequence_number")
            self._first, self._sequence = False, number if isinstance(number, int) else 0
        chunk = Chunk(event, frame)
        with shape_errors:
            self._read_frame(chunk, frame, frame.get("type") or "")
        return chunk

    def close(self) -> Chunk | None:
        chunk = self._finish(Chunk(ServerSentEvent()))
        return chunk if chunk.closes else None

    def _finish(self, chunk: Chunk) -> Chunk:
        chunk.terminal = True
        self._end(chunk, list(self._open))
        return chunk

    def _read_frame(self, chunk: Chunk, frame: Body, kind: str) -> None:
        handled = self._read_texts(chunk, frame, kind)
        self._unlisted(chunk, frame, OF_FRAME[handled])
        if kind == "error":
            self._finish(chunk)
        elif kind in ENDS and "response" in frame:
            self._ends(chunk, frame["response"])

    def _read_texts(self, chunk: Chunk, frame: Body, kind: str) -> str:
        """Takes out the texts of the one field that a frame of this kind has, and names it."""
        if stem := BY_DELTA.get(kind):
            self._piece(chunk, frame, "delta", self._place(stem, frame), stem)
            return "delta"
        if (family := self._other_family(kind, frame)) is not None:
            return self._other_text(chunk, frame, kind, family)
        if stem := BY_DONE.get(kind):
            key = self._place(stem, frame)
            self._text(chunk, frame, stem.field, key, stem, frame.get("item_id") or "")
            self._end(chunk, [key] if key in self._open else [])
            return stem.field
        if "item" in frame:
            self._item_event(chunk, frame, kind)
            return "item"
        if "part" in frame:
            self._part(chunk, frame["part"], frame)
            return "part"
        if "response" in frame:
            self._whole_response(chunk, frame["response"])
            return "response"
        return ""

    def _other_family(self, kind: str, frame: Body) -> EventFamily | None:
        """A family of events that no table has: those whose pieces are texts."""
        name, _, last = kind.rpartition(".")
        if last == "delta" and isinstance(frame.get("delta"), str) and not name.endswith("audio"):
            self._limit(len(self._families))
            return self._families.setdefault(name, EventFamily(name, Channel.CONTENT, "transcript"))
        return self._families.get(name) if last == "done" else None

    def _other_text(self, chunk: Chunk, frame: Body, kind: str, family: EventFamily) -> str:
        """A text of such a family, which goes on from event to event like any other."""
        index = index_in(frame, "content_index") or index_in(frame, "summary_index")
        number = list(self._families).index(family.name) + 1
        key = key_of(family, index_in(frame, "output_index"), index)._replace(choice=number)
        if kind.endswith(".delta"):
            self._piece(chunk, frame, "delta", key, family)
            return "delta"
        name = next((n for n in ("transcript", "text") if isinstance(frame.get(n), str)), "")
        self._text(chunk, frame, name, key, family, frame.get("item_id") or "")
        self._end(chunk, [key] if key in self._open else [])
        return ""

    def _item_event(self, chunk: Chunk, frame: Body, kind: str) -> None:
        index = index_in(frame, "output_index")
        self._item(chunk, frame["item"], index)
        if kind == "response.output_item.done":
            self._end_item(chunk, index)
        else:
            self._waiting.add(index)

    def _place(self, stem: EventFamily, frame: Body) -> StreamKey:
        index = index_in(frame, stem.place) if stem.place else 0
        return key_of(stem, index_in(frame, "output_index"), index)

    def _piece(
        self, chunk: Chunk, frame: Body, name: str, key: StreamKey, stem: EventFamily
    ) -> None:
        """A text that goes on."""
        text = self._texts.get(key)
        if text is None:
            self._limit(len(self._texts))
            text = self._texts[key] = _Text(stem, frame.get("item_id") or frame.get("id") or "")
        if not frame.get(name):
            return
        delta = Delta(key, frame[name])
        if stem.field == "arguments":
            delta = self._arguments.read(key, frame[name])
        text.received += delta.text
        self._take(chunk, frame, name, delta)
        if known_fields.odd(frame.get("logprobs")):
            frame["logprobs"] = []
        elif frame.get("logprobs"):
            chunk.linked.append(LinkedField(frame, "logprobs", 0, empty=[]))

    def _text(
        self, chunk: Chunk, holder: Body, name: str, key: StreamKey, stem: EventFamily, item_id: str
    ) -> None:
        """A text that is there as a whole: a repetition, or, if never streamed, the text itself."""
        known = self._texts.get(key)
        if not holder.get(name):
            return
        if known is not None and known.received:
            if known_fields.odd(holder.get("logprobs")):
                holder["logprobs"] = []
            holder[name] = ""
            chunk.places.append(InsertionPoint(holder, name, [Delta(key, "")], mirror=True))
            return
        self._texts[key] = _Text(stem, item_id)
        self._piece(chunk, holder, name, key, stem)

    def _part(self, chunk: Chunk, part: Body, frame: Body) -> None:
        stem = BY_PART.get(part.get("type") or "")
        if stem is not None:
            key, item_id = self._place(stem, frame), frame.get("item_id") or ""
            self._text(chunk, part, stem.field, key, stem, item_id)
        self._unlisted(chunk, part, known_fields.PART | {stem.field} if stem else frozenset())

    def _item(self, chunk: Chunk, item: Body, index: int) -> None:
        item_id = item.get("id") or ""
        if stem := BY_ITEM.get(item.get("type") or ""):
            key = key_of(stem, index, 0)
            self._name(chunk, item, key)
            self._text(chunk, item, stem.field, key, stem, item_id)
        for name in ("content", "summary"):
            for sub, part in enumerate(item.get(name) or ()):
                places = {"content_index": sub, "summary_index": sub}
                self._part(chunk, part, {"output_index": index, "item_id": item_id, **places})
        self._unlisted(
            chunk, item, known_fields.CALL_ITEM | {stem.field} if stem else known_fields.ITEM
        )

    def _name(self, chunk: Chunk, item: Body, key: StreamKey) -> None:
        """A name is sent again with each repetition of its item."""
        if not item.get("name"):
            return
        if key not in self._names:
            self._names[key] = item["name"]
            self._add(chunk, Delta(key, ""))  # a call without arguments is a call
        self._whole(chunk, item, "name", 0, Channel.TOOL_ARGUMENTS)

    def _end_item(self, chunk: Chunk, index: int) -> None:
        self._end(chunk, [k for k in self._open if k.part < WHOLE_PARTS and item_of(k) == index])

    def _whole_response(self, chunk: Chunk, response: Body) -> None:
        if "instructions" in response:  # repeated as the client sent them, not as we did
            response["instructions"] = self._request.get("instructions")
        for index, item in enumerate(response.get("output") or ()):
            self._item(chunk, item, index)
        self.usage = usage_of(response.get("usage")) or self.usage
        self._unlisted(chunk, response, known_fields.RESPONSE)

    def _ends(self, chunk: Chunk, response: Body) -> None:
        reason = known_fields.within(response, "incomplete_details").get("reason")
        self.finish_reasons[0] = reason or response.get("status") or ""
        self._finish(chunk)

    # Writing

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

    def _hollow(self, frame: Body) -> bool:
        kind = frame.get("type") or ""
        return kind in BY_DELTA or kind.removesuffix(".delta") in self._families

    def _wrote(self, frame: Body) -> None:
        if "sequence_number" in frame:
            frame["sequence_number"] = self._sequence
            self._sequence += 1
        self._begun = True
        kind = frame.get("type")
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
            return b""  # a cut, and the client has not got the start of this item
        if self._unsaid(key, text):
            return b""
        state = self._texts[key]
        written = self._arguments.write(key, text) if key in self._arguments else text
        state.out += written
        return self._event(f"{state.stem.name}.delta", **self._where(key, state), delta=written)

    def _where(self, key: StreamKey, text: _Text) -> Body:
        where: Body = {"item_id": text.item_id, "output_index": item_of(key)}
        if text.stem.place:
            where[text.stem.place] = index_of(key)
        return where

    def _event(self, kind: str, **fields: Any) -> bytes:
        frame = {"type": kind, "sequence_number": self._sequence, **fields}
        self._wrote(frame)
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
        return any(text.out for text in self._texts.values() if text.stem is TEXT)

    @property
    def _model(self) -> str:
        return str(self._request.get("model") or "")

    def _created(self, outcome: Outcome) -> bytes:
        response = response_of({}, outcome, self._model, [])
        response |= {"status": "in_progress", "incomplete_details": None}
        return self._event("response.created", response=response)

    def _item_done(self, index: int) -> bytes:
        """The end of an item that the guard cut: its texts as far as the client has them."""
        out, parts = b"", []
        item: Body = {**self._items[index], "status": "incomplete"}
        for key, text in self._texts.items():
            if item_of(key) == index:
                stem, where = text.stem, self._where(key, text)
                out += self._event(f"{stem.name}.done", **where, **{stem.field: text.out})
                if stem.place:
                    parts.append((stem, self._part_of(stem, text.out)))
                else:
                    item[stem.field] = text.out
        for name, stems in (("content", (TEXT, REFUSAL, REASONING)), ("summary", (SUMMARY,))):
            if found := [part for stem, part in parts if stem in stems]:
                item[name] = found
        return out + self._event("response.output_item.done", output_index=index, item=item)

    def _part_of(self, stem: EventFamily, text: str) -> Body:
        kind = next(kind for kind, known in BY_PART.items() if known is stem)
        return {"type": kind, stem.field: text, **({"annotations": []} if stem is TEXT else {})}

    def _message(self, item: Body) -> bytes:
        index = max(self._done, default=-1) + 1
        where = {"output_index": index, "item_id": item["id"], "content_index": 0}
        part = item["content"][0]
        stem = BY_PART[part["type"]]
        text = part[stem.field]
        more: Body = {"logprobs": []} if stem is TEXT else {}
        added = {**item, "status": "in_progress", "content": []}
        events = (
            ("response.output_item.added", {"output_index": index, "item": added}),
            ("response.content_part.added", {**where, "part": {**part, stem.field: ""}}),
            (f"{stem.name}.delta", {**where, "delta": text, **more}),
            (f"{stem.name}.done", {**where, stem.field: text, **more}),
            ("response.content_part.done", {**where, "part": part}),
            ("response.output_item.done", {"output_index": index, "item": item}),
        )
        return b"".join(self._event(kind, **fields) for kind, fields in events)

    def extra(self, name: str, payload: object) -> bytes:
        """An event of our own: clients skip types they do not know."""
        return self._event("threegate.note", threegate={name: payload})

    def error(self, error: ThreegateError, language: str = "") -> bytes:
        body = openai_error(error, language)["error"]
        fields = {name: body[name] for name in ("code", "message", "param")}
        return self._event("error", **fields)
