"""Edits of a text whose bytes can be read in several encodings, of which the model gets one.

The reading with the least damage goes on, in UTF-8. A value that a rule removes from another
reading, where its label may be legible, is removed from this one too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from threegate.guard.redact import EDITS, NOT_CHECKED, Renderer, edited
from threegate.types import Finding, Ruling, Span

Readings = Mapping[str, Sequence[Ruling]]
"""Each reading with what was ruled on it."""
MOST: Final = 64
"""Values that only other readings show; with more of them nothing of the text goes on."""
_EATEN: Final = 3
"""ASCII characters that a wrong encoding may take for the end of a character before them."""


def edited_reading(readings: Readings, render: Renderer, *, is_json: bool) -> str | None:
    """None if no rule edits the text."""
    for text in sorted(readings, key=damage):
        own = readings[text]
        found = _only_elsewhere(text, own, readings) if len(readings) > 1 else {}
        if len(found) > MOST:
            return NOT_CHECKED.get(render.language)
        ruled = [*own, *(ruling for r in found.items() for ruling in _at_each(text, *r))]
        if (new := edited(text, ruled, render, is_json=is_json)) != text:
            return new
    return None


def damage(text: str) -> int:
    """What reading it in another encoding than its own has done to a text."""
    return text.count("\ufffd") + text.count("\0")


def _only_elsewhere(text: str, own: Iterable[Ruling], readings: Readings) -> dict[str, Ruling]:
    known = {value[n:] for value, _ in _removed(text, own) for n in range(_EATEN + 1)}
    return {
        value: ruling
        for other, ruled in readings.items()
        for value, ruling in _removed(other, ruled)
        if value not in known
    }


def _removed(text: str, ruled: Iterable[Ruling]) -> Iterator[tuple[str, Ruling]]:
    for r in ruled:
        if r.action in EDITS and not r.shadow and isinstance(r.finding, Finding):
            yield text[r.finding.span.start : r.finding.span.end], r


def _at_each(text: str, value: str, ruling: Ruling) -> Iterator[Ruling]:
    assert isinstance(ruling.finding, Finding)
    start = text.find(value) if value else -1
    while start >= 0:
        end = start + len(value)
        yield replace(ruling, finding=replace(ruling.finding, span=Span(start, end)))
        start = text.find(value, end)
