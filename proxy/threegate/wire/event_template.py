"""Events of a stream that are equal except for one text. A model sends hundreds of events whose
bytes differ only in a piece of text. Once one has been read, it shows how to read and write the
next: replacing one string in JSON by another changes nothing around it, so the rest need not be
parsed, searched for texts or written again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

import orjson

from threegate.wire.adapter import Chunk, Delta, StreamKey
from threegate.wire.sse import END, encode_json, name_of

MAX_UNUSED_TEMPLATES: Final = 8
"""The most consecutive templates that are built without being used; some APIs never send two equal
events."""
_MARK = "\ue000a text\ue000"
_MARKED = orjson.dumps(_MARK)


@dataclass(frozen=True, slots=True)
class EventTemplate:
    """`before` and `after` are the bytes around the event's text as it arrived, including the
    quotes of the text; `begins` and `ends` those as it leaves, without the quotes."""

    key: StreamKey
    before: bytes = field(repr=False)
    after: bytes = field(repr=False)
    begins: bytes = field(repr=False)
    ends: bytes = field(repr=False)

    def texts(self, data: bytes) -> str:
        """The texts of complete events, joined; empty if one of them does not match or has no
        text."""
        if not data.endswith(END):
            return ""
        before, after, texts = self.before, self.after, []
        start, end = len(before) - 1, 1 - len(after)
        try:
            for event in data[: -len(END)].split(END):
                alike = event.startswith(before) and event.endswith(after)
                if not alike or not (text := orjson.loads(event[start:end])):
                    return ""
                texts.append(text)
        except orjson.JSONDecodeError:
            return ""
        return "".join(texts)

    def render(self, text: str) -> bytes:
        """The event with another text."""
        return self.begins + orjson.dumps(text) + self.ends


class AlikeEvents:
    """Reads events that match the last one that was read in full."""

    __slots__ = ("_left", "template")

    def __init__(self) -> None:
        self.template: EventTemplate | None = None
        self._left = MAX_UNUSED_TEMPLATES

    @property
    def learns(self) -> bool:
        """Whether templates have been useful so far."""
        return self._left > 0

    def learn(self, chunk: Chunk) -> None:
        """Learns from an event that is one piece of one text and carries nothing else."""
        self._left -= 1
        self.template = _template_of(chunk)

    def read(self, data: bytes) -> Delta | None:
        """The texts of matching events, joined; None if they do not match or nothing was
        learned."""
        template = self.template
        if template is None or not (text := template.texts(data)):
            return None
        self._left = MAX_UNUSED_TEMPLATES
        return Delta(template.key, text)


def _template_of(chunk: Chunk) -> EventTemplate | None:
    """None if the bytes of the event do not show clearly which of its strings is the text."""
    place, delta, frame = chunk.places[0], chunk.deltas[0], chunk.frame
    event = chunk.event
    before, after = _around(event.data or "", delta.text)
    place.holder[place.name] = _MARK
    begins, mark, ends = orjson.dumps(frame).partition(_MARKED)
    clear = mark and _MARKED not in ends and _read(before, after) == frame
    place.holder[place.name] = ""
    if not clear or "\n" in before + after:
        return None
    came = encode_json(before.encode(), event.event).removesuffix(END)
    begins = encode_json(begins, name_of(event.event)).removesuffix(END)
    return EventTemplate(delta.key, came + b'"', b'"' + after.encode(), begins, ends + END)


def _around(data: str, text: str) -> tuple[str, str]:
    for literal in (orjson.dumps(text).decode(), json.dumps(text)):
        before, found, after = data.rpartition(literal)
        if found:
            return before, after
    return "", ""


def _read(before: str, after: str) -> object:
    try:
        return orjson.loads(f"{before}{_MARKED.decode()}{after}")
    except orjson.JSONDecodeError:
        return None
