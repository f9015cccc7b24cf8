"""OpenAI responses: reads the events of a stream. The same text arrives several times: in deltas,
in the `.done` of its part, in the `.done` of its item and in `response.completed`.

Invariants: a `.done` closes the key, so it waits for the verdict; a text that was never streamed is
taken from the first place that has it; for a repetition only the place is noted.
"""

from __future__ import annotations

from threegate.types import Channel
from threegate.wire import known_fields
from threegate.wire.adapter import (
    Body,
    Chunk,
    Delta,
    InsertionPoint,
    LinkedField,
    StreamKey,
    StreamOptions,
)
from threegate.wire.base import index_in
from threegate.wire.frame_codec import WHOLE_PARTS, StreamCodec, shape_errors
from threegate.wire.json import parse_answer
from threegate.wire.logprobs import spells
from threegate.wire.openai.responses_parts import (
    BY_DELTA,
    BY_DONE,
    BY_ITEM,
    BY_PART,
    ENDS,
    OF_FRAME,
    EventFamily,
    item_of,
    key_of,
    usage_of,
)
from threegate.wire.sse import ServerSentEvent


class StreamedText:
    """One text of the answer: what was received and what was sent."""

    __slots__ = ("family", "item_id", "out", "received")

    def __init__(self, family: EventFamily, item_id: str) -> None:
        self.family = family
        self.item_id = item_id
        self.received = ""
        self.out = ""


class ResponsesReader(StreamCodec):
    """The reading half of the codec."""

    __slots__ = ("_families", "_first", "_names", "_request", "_sequence", "_texts", "_waiting")

    def __init__(self, request: Body, options: StreamOptions) -> None:
        super().__init__(options)
        self._request = request
        self._texts: dict[StreamKey, StreamedText] = {}
        self._families: dict[str, EventFamily] = {}  # of events in no table
        self._names: dict[StreamKey, str] = {}
        self._waiting: set[int] = set()  # items whose start arrived but was not sent yet
        self._sequence = 0
        self._first = True  # counting begins at the first event's number

    def tool_name(self, key: StreamKey) -> str:
        return self._names.get(key, "")

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
            self._read_frame(chunk, frame)
        return chunk

    def _read_frame(self, chunk: Chunk, frame: Body) -> None:
        kind = frame.get("type") or ""
        handled = self._read_texts(chunk, frame, kind)
        self._take_unlisted(chunk, frame, OF_FRAME[handled])
        if kind == "error":
            self._finish(chunk)
        elif kind in ENDS and "response" in frame:
            self._ends(chunk, frame["response"])

    def _read_texts(self, chunk: Chunk, frame: Body, kind: str) -> str:
        """Takes out the texts of the field that a frame of this kind has, and returns the field's
        name."""
        if family := BY_DELTA.get(kind):
            self._piece(chunk, frame, "delta", self._place(family, frame), family)
            return "delta"
        if (family := self._other_family(kind, frame)) is not None:
            return self._other_text(chunk, frame, kind, family)
        if family := BY_DONE.get(kind):
            key = self._place(family, frame)
            self._text(chunk, frame, family.field, key, family, frame.get("item_id") or "")
            self._end(chunk, [key] if key in self._open else [])
            return family.field
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
        """A family of events in no table, if its pieces are texts."""
        name, _, last = kind.rpartition(".")
        if last == "delta" and isinstance(frame.get("delta"), str) and not name.endswith("audio"):
            self._limit(len(self._families))
            channel = Channel.REASONING if "reasoning" in name else Channel.CONTENT
            return self._families.setdefault(name, EventFamily(name, channel, "transcript"))
        return self._families.get(name) if last == "done" else None

    def _other_text(self, chunk: Chunk, frame: Body, kind: str, family: EventFamily) -> str:
        """A text of such a family, which continues from event to event like any other."""
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

    def _place(self, family: EventFamily, frame: Body) -> StreamKey:
        index = index_in(frame, family.place) if family.place else 0
        return key_of(family, index_in(frame, "output_index"), index)

    def _piece(
        self, chunk: Chunk, frame: Body, name: str, key: StreamKey, family: EventFamily
    ) -> None:
        """A piece of a text that continues."""
        text = self._texts.get(key)
        if text is None:
            self._limit(len(self._texts))
            text = self._texts[key] = StreamedText(
                family, frame.get("item_id") or frame.get("id") or ""
            )
        if not frame.get(name):
            return
        delta = Delta(key, frame[name])
        if family.field == "arguments":
            delta = self._arguments.read(key, frame[name])
        text.received += delta.text
        self._take(chunk, frame, name, delta)
        if _repeats(frame, delta.text):
            chunk.linked.append(LinkedField(frame, "logprobs", 0, empty=[]))

    def _text(
        self,
        chunk: Chunk,
        holder: Body,
        name: str,
        key: StreamKey,
        family: EventFamily,
        item_id: str,
    ) -> None:
        """A complete text: a repetition or, if it was never streamed, the text itself."""
        known = self._texts.get(key)
        if not holder.get(name):
            return
        if known is not None and known.received:
            _repeats(holder, known.received)
            holder[name] = ""
            chunk.places.append(InsertionPoint(holder, name, [Delta(key, "")], mirror=True))
            return
        self._texts[key] = StreamedText(family, item_id)
        self._piece(chunk, holder, name, key, family)

    def _part(self, chunk: Chunk, part: Body, frame: Body) -> None:
        family = BY_PART.get(part.get("type") or "")
        if family is not None:
            key, item_id = self._place(family, frame), frame.get("item_id") or ""
            self._text(chunk, part, family.field, key, family, item_id)
        self._take_unlisted(
            chunk, part, known_fields.PART | {family.field} if family else frozenset()
        )

    def _item(self, chunk: Chunk, item: Body, index: int) -> None:
        item_id = item.get("id") or ""
        if family := BY_ITEM.get(item.get("type") or ""):
            key = key_of(family, index, 0)
            self._name(chunk, item, key)
            self._text(chunk, item, family.field, key, family, item_id)
        for name in ("content", "summary"):
            for sub, part in enumerate(item.get(name) or ()):
                places = {"content_index": sub, "summary_index": sub}
                self._part(chunk, part, {"output_index": index, "item_id": item_id, **places})
        self._take_unlisted(
            chunk, item, known_fields.CALL_ITEM | {family.field} if family else known_fields.ITEM
        )

    def _name(self, chunk: Chunk, item: Body, key: StreamKey) -> None:
        """Takes out a name, which is sent again with each repetition of its item."""
        if not item.get("name"):
            return
        if key not in self._names:
            self._names[key] = item["name"]
            self._add(chunk, Delta(key, ""))  # a call without arguments is a call
        self._take_complete(chunk, item, "name", 0, Channel.TOOL_ARGUMENTS)

    def _end_item(self, chunk: Chunk, index: int) -> None:
        self._end(chunk, [k for k in self._open if k.part < WHOLE_PARTS and item_of(k) == index])

    def _whole_response(self, chunk: Chunk, response: Body) -> None:
        if "instructions" in response:  # repeated as the client sent them, not as we did
            response["instructions"] = self._request.get("instructions")
        for index, item in enumerate(response.get("output") or ()):
            self._item(chunk, item, index)
        self.usage = usage_of(response.get("usage")) or self.usage
        self._take_unlisted(chunk, response, known_fields.RESPONSE)

    def _ends(self, chunk: Chunk, response: Body) -> None:
        reason = known_fields.object_at(response, "incomplete_details").get("reason")
        self.finish_reasons[0] = reason or response.get("status") or ""
        self._finish(chunk)


def _repeats(holder: Body, text: str) -> bool:
    """Whether there are log probabilities, which stay only if they repeat the text."""
    if holder.get("logprobs") and not spells(holder["logprobs"], text):
        holder["logprobs"] = []
    return bool(holder.get("logprobs"))
