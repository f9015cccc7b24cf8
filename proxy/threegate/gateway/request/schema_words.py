"""Finds instructions that are split over a schema: of a tool, or of the answer that is wanted.

A model reads a definition as one text: the names of its parameters, what describes them, and the
values that they may take (`enum`). So all words of one definition are read in order as one, and so
are its names, its values and its descriptions, each by themselves: `ignore_all`, `previous` and
`instructions` may be names of three parameters with ordinary descriptions between. Names are taken
apart into words. A finding counts only if it spans two of these words or texts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

import orjson

from threegate.data_files import table
from threegate.detectors.detector_set import DetectorSet
from threegate.detectors.engine.budget import Budget
from threegate.detectors.judged_texts import Judgement
from threegate.gateway.long_bodies import read_body_of
from threegate.gateway.request.cross_turn import Joined, at_last, in_a_row, over_joints, worded
from threegate.types import Channel, Layer, Passage, TextLocation
from threegate.wire.adapter import Body, Slot
from threegate.wire.pointer import NAME, escape
from threegate.wire.words import is_protocol

_LISTS: Final = {
    name: frozenset(fields) for name, fields in table("gateway.request", "schema_words").items()
}
_KEYWORDS: Final = (
    _LISTS["keywords"] | _LISTS["names_below"] | _LISTS["values"] | _LISTS["references"]
)
_TEXTFUL: Final = (str, dict, list)
_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][\w$.\-]*")
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W_A-Za-z]+")


class _Role(Enum):
    NAME, VALUE, PROSE = auto(), auto(), auto()


@dataclass(frozen=True, slots=True)
class _Piece:
    role: _Role
    text: str = field(repr=False)
    pointer: str


async def over_schemas(
    detector_set: DetectorSet,
    body: Body,
    slots: Sequence[Slot],
    patterns: Mapping[Channel, frozenset[str]],
    budget: Budget,
) -> list[tuple[Slot, Judgement]]:
    """Findings in definitions read as one. `patterns`: what the rules on each channel look for."""
    defined = {name: value for name, value in body.items() if name not in _LISTS["turns"]}
    if not any(isinstance(value, dict | list) for value in defined.values()):
        return []
    wanted = {channel: kinds for channel, all_ in patterns.items() if (kinds := worded(all_))}
    if not wanted:
        return []
    size = len(orjson.dumps(defined))
    found = await read_body_of(size, lambda: [*_read(defined, slots, wanted)])
    return [
        (slot, await _judged(detector_set, slot, read, wanted[slot.locus.channel], budget))
        for slot, read in found
    ]


def _read(
    body: Body, slots: Sequence[Slot], channels: Collection[Channel]
) -> Iterator[tuple[Slot, Sequence[Joined]]]:
    """The definitions with texts in `channels`: the text that findings belong to, and the ways to
    read a definition as one."""
    own = {_unit_of(slot.pointer): slot for slot in slots if slot.locus.message is None}
    for pointer, value in _units(body):
        slot = own.get(pointer)
        if (slot.locus.channel if slot else _channel(pointer)) in channels:
            pieces = [*_pieces(value, pointer, "")]
            if read := [*_readings(pieces)]:
                yield slot or _named(pieces[-1]), read


async def _judged(
    detector_set: DetectorSet,
    slot: Slot,
    read: Sequence[Joined],
    kinds: frozenset[str],
    budget: Budget,
) -> Judgement:
    passages = [Passage(slot.locus, each.text) for each in read]
    judged = await detector_set.check(passages, kinds, {}, budget)
    failures = tuple(dict.fromkeys(failed for each in judged for failed in each.failures))
    return Judgement(tuple(at_last(slot, over_joints(read, judged))), failures)


def _units(body: Body) -> Iterator[tuple[str, Any]]:
    """Each tool by itself, and every other object of a request."""
    for name, value in body.items():
        if isinstance(value, dict):
            yield f"/{escape(name)}", value
        elif isinstance(value, list):
            for index, below in enumerate(value):
                if isinstance(below, dict):
                    yield f"/{escape(name)}/{index}", below


def _unit_of(pointer: str) -> str:
    _, name, *rest = pointer.split("/", 3)
    return f"/{name}/{rest[0]}" if rest and rest[0].isdigit() else f"/{name}"


def _channel(pointer: str) -> Channel:
    return Channel.SYSTEM if pointer.split("/", 2)[1] in _LISTS["operator"] else Channel.USER


def _named(last: _Piece) -> Slot:
    """A definition without texts has names alone; the last one then has the findings."""
    locus = TextLocation(Layer.INPUT, _channel(last.pointer), None, last.pointer)
    return Slot(locus, last.pointer, last.text)


def _pieces(value: Any, pointer: str, key: str) -> Iterator[_Piece]:
    """The words of a definition in order; `key` is the field that holds `value`."""
    if isinstance(value, str):
        if key not in _LISTS["references"] and not is_protocol(key, value):
            yield _Piece(_role(key), value, pointer)
    elif isinstance(value, dict):
        for name, below in value.items():
            yield from _field(name, below, f"{pointer}/{escape(name)}", key)
    elif isinstance(value, list):
        for index, below in enumerate(value):
            if isinstance(below, _TEXTFUL):
                yield from _pieces(below, f"{pointer}/{index}", key)


def _field(name: str, value: Any, pointer: str, key: str) -> Iterator[_Piece]:
    """The words of one field, its name included; `key` is the field that holds its object."""
    is_name = key in _LISTS["names_below"] or name not in _KEYWORDS
    if is_name:
        yield _Piece(_Role.NAME, name, pointer + NAME)
    if isinstance(value, _TEXTFUL):
        inner = key if key in _LISTS["values"] else "" if is_name else name
        yield from _pieces(value, pointer, inner)


def _role(key: str) -> _Role:
    if key in _LISTS["values"]:
        return _Role.VALUE
    return _Role.NAME if key in ("name", "required") else _Role.PROSE


def _readings(pieces: Sequence[_Piece]) -> Iterator[Joined]:
    texts = [[*_words(p.text)] for p in pieces]
    roles = [None, *_Role] if len({p.role for p in pieces}) > 1 else [None]
    for role in roles:
        own = [t for p, t in zip(pieces, texts, strict=True) if role in (None, p.role)]
        words = [word for text in own for word in text]
        if len(words) > 1:
            yield from in_a_row(words)


def _words(text: str) -> Iterator[str]:
    """The words of an identifier; any other text as it is."""
    if _IDENTIFIER.fullmatch(text):
        yield from _WORD.findall(text)
    elif text.strip():
        yield text.strip()
