"""Events of a stream that are alike but for one text.

A model sends hundreds of events whose bytes differ in a piece of text alone. What was read of one
says how the next are read and written: JSON means the same with one string in the place of another,
so around the text nothing need be parsed, searched for more texts, or written anew.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import orjson

from threegate.wire.sse import END, encode_json, name_of

if TYPE_CHECKING:
    from threegate.wire.adapter import Chunk, StreamKey

MAX_UNUSED_TEMPLATES: Final = 8
"""Consecutive templates that were made and not used: some APIs send no two events alike."""
_MARK = "\ue000a text\ue000"
_MARKED = orjson.dumps(_MARK)


@dataclass(frozen=True, slots=True)
class EventTemplate:
    """`before` and `after` are the bytes of the event around its text, as it came; `begins` and
    `ends` as it leaves."""

    key: StreamKey
    before: bytes = field(repr=False)
    after: bytes = field(repr=False)
    begins: bytes = field(repr=False)
    ends: bytes = field(repr=False)

    def texts(self, data: bytes) -> str:
        """The texts of whole events, joined; empty where one of them is not alike, or has none."""
        texts = []
        before, after = self.before, self.after
        for event in data[: -len(END)].split(END) if data.endswith(END) else ():
            if not (event.startswith(before) and event.endswith(after)):
                return ""
            if not (text := _string(event[len(before) : -len(after)])):
                return ""
            texts.append(text)
        return "".join(texts)

    def render(self, text: str) -> bytes:
        """The event with another text."""
        return self.begins + orjson.dumps(text) + self.ends


class AlikeEvents:
    """Reads events that are like the last one that was read in full."""

    __slots__ = ("_left", "template")

    def __init__(self) -> None:
        self.template: EventTemplate | None = None
        self._left = MAX_UNUSED_TEMPLATES

    @property
    def learns(self) -> bool:
        """Whether templates have been of use so far."""
        return self._left > 0

    def learn(self, chunk: Chunk) -> None:
        """From an event that is one piece of one text and carries nothing else."""
        self._left -= 1
        self.template = _template_of(chunk)

    def texts(self, data: bytes) -> str:
        """`EventTemplate.texts`; empty where nothing was learned."""
        text = "" if self.template is None else self.template.texts(data)
        if text:
            self._left = MAX_UNUSED_TEMPLATES
        return text


def _string(literal: bytes) -> str:
    if not (literal.startswith(b'"') and literal.endswith(b'"')):
        return ""  # blanks around it, one of which may end a line
    try:
        text = orjson.loads(literal)
    except orjson.JSONDecodeError:
        return ""
    return text if type(text) is str else ""


def _template_of(chunk: Chunk) -> EventTemplate | None:
    """None where it is not clear from the bytes of the event which of its strings the text is."""
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
    return EventTemplate(delta.key, came, after.encode(), begins, ends + END)


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
