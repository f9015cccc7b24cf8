"""Events of a stream that are alike but for one text.

A model sends hundreds of events whose bytes differ in a piece of text alone. What was read of one
says how the next are read and written: JSON means the same with one string in the place of another,
so around the text nothing need be parsed, searched for more texts, or written anew.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from threegate.wire.adapter import Chunk, StreamKey

_MARK = "\ue000a text\ue000"
_MARKED = orjson.dumps(_MARK)


@dataclass(frozen=True, slots=True)
class EventTemplate:
    """`before` and `after` are the data of the event around its text, as it came; `begins` and
    `ends` as it leaves."""

    key: StreamKey
    name: str  # of the event
    before: str = field(repr=False)
    after: str = field(repr=False)
    begins: bytes = field(repr=False)
    ends: bytes = field(repr=False)

    def text(self, data: str) -> str:
        """The text of an event that is alike; empty where it is not, or has none."""
        if not data.startswith(self.before) or not data.endswith(self.after):
            return ""
        try:
            text = orjson.loads(data[len(self.before) : len(data) - len(self.after)])
        except orjson.JSONDecodeError:
            return ""
        return text if type(text) is str else ""

    def render(self, text: str) -> bytes:
        """The data of the event with another text."""
        return self.begins + orjson.dumps(text) + self.ends


def template_of(chunk: Chunk) -> EventTemplate | None:
    """The template of an event that is one piece of one text and carries nothing else; None where
    it is not clear from its bytes which of its strings the text is."""
    place, delta, frame = chunk.places[0], chunk.deltas[0], chunk.frame
    before, after = _around(chunk.event.data or "", delta.text)
    place.holder[place.name] = _MARK
    begins, mark, ends = orjson.dumps(frame).partition(_MARKED)
    clear = mark and _MARKED not in ends and _read(before, after) == frame
    place.holder[place.name] = ""
    name = chunk.event.event
    return EventTemplate(delta.key, name, before, after, begins, ends) if clear else None


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
