"""One of Presidio's national identifiers, asked for without its engine: its patterns, its check
digit and the labels it looks for.

In a long text arrays leave few places to ask at: where a pattern may match (`state_tables`), a
check digit is right (`checks`) and a label may stand before (`places`). A near
miss hides none that begins inside it there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import regex

from threegate.detectors.engine import checksums
from threegate.detectors.engine.context import REACH, ScanText, told
from threegate.detectors.engine.digit_index import Ints, Mask, together
from threegate.detectors.engine.recognizer import Hit
from threegate.detectors.presidio.checks import CHECKS, MORE, WRITTEN
from threegate.detectors.presidio.engine import compact, mentions, raised, spelled
from threegate.detectors.presidio.places import BEFORE, Places
from threegate.detectors.presidio.state_tables import SOLID, Ends, Runs, States
from threegate.detectors.presidio.without_spacy import without_spacy
from threegate.policy.language.recognizers import kind_of
from threegate.types import Level

with without_spacy():
    from presidio_analyzer import PatternRecognizer

WIDEST = 24
"""More characters than an identifier with its gaps and edges has."""
_CHECKS: Mapping[str, Callable[[str], bool]] = {"SG_NRIC_FIN": checksums.nric}
"""Check digits that Presidio does not look at."""


_FEW = 16
"""Places to ask at that cost less than arrays to leave some of them out."""


class Value(NamedTuple):
    start: int
    end: int
    score: float


class Entity:
    """`member` has the edges and labels that `engine.repaired` gives it."""

    def __init__(self, member: PatternRecognizer) -> None:
        self.name = str(member.supported_entities[0])
        self._kind, self._member = kind_of(self.name), member
        self._mentioned = mentions(tuple(member.context))
        self._plain = not re.search("[0-9]", "".join(member.context))
        self._check = _CHECKS.get(self.name)

    def of_short(self, view: ScanText) -> Iterator[Hit]:
        found = ((m, base) for p, base in self._patterns for m in p.finditer(view.text))
        spoken = [v for v in self._values(found) if self._speaks(view.before(v.start))]
        return self._hits(view.text, spoken)

    def of_long(self, text: Places) -> Iterator[Hit]:
        runs = text.of(self._begins)
        if len(runs) <= _FEW and not self._is_odd:
            return self._told_of(text, np.sort(text.start[runs]), text.content)
        if not len(places := self._places(text, runs)):
            return iter(())
        shapes = text.content if self.name in MORE else text.alike
        return self._told_of(text, places[text.spoken(places, self._labels)], shapes)

    def _told_of(self, text: Places, places: Ints, shapes: str) -> Iterator[Hit]:
        """Where a label does stand before. Values of the same shape are judged once: where the
        right check digit is all that digits say, all digits are the same."""
        words = text.alike if self._plain else text.content
        spoken, known = _Spoken(self._speaks), dict[str, list[tuple[int, Level]]]()
        before = len(BEFORE)
        for place in places.tolist():
            if not spoken[words[max(0, place - REACH) + before : place + before]]:
                continue
            shape = shapes[place : place + before + WIDEST]
            if (hits := known.get(shape)) is None:
                around = text.content[place : place + before + WIDEST]
                hits = known[shape] = self._judged(around)
            for size, level in hits:
                yield Hit(place, place + size, self._kind, level, "presidio")

    def _places(self, text: Places, runs: Ints) -> Ints:
        """Where one may stand that begins with one of these, whatever is said before."""
        at, first = text.start[runs], text.first[runs]
        if self._is_odd:
            at = np.concatenate((at, text.beside_underscores))
        ends = self._states.ends(text.symbols, at)
        whole = ~SOLID[text.symbols[at[ends.place] + ends.size]]
        ends = Ends(*(column[whole] for column in ends))
        return together(at[ends.place[self._right(text, at, first, ends)]])

    def _right(self, text: Places, at: Ints, first: Ints, ends: Ends) -> Mask:
        """Where a check digit may be right."""
        right = np.ones(len(ends.place), np.bool_)
        for size, check in CHECKS.get(self.name, {}).items():
            rows = np.flatnonzero(ends.solid == size)
            right[rows] = check(text.solid(first[ends.place[rows]], size))
        if self.name in WRITTEN:
            size, check = WRITTEN[self.name]
            right &= check(text.written(at[ends.place], size))
        return right

    def _judged(self, around: str) -> list[tuple[int, Level]]:
        """Sizes and levels of what stands behind `BEFORE`."""
        start = len(BEFORE)
        found = ((p.match(around, start), base) for p, base in self._patterns)
        hits = self._hits(around, self._values(found))
        return [(hit.end - start, hit.level) for hit in hits]

    def _values(self, matches: Iterable[tuple[Any, float]]) -> list[Value]:
        bases: dict[tuple[int, int], tuple[float, str]] = {}
        for match, base in matches:
            if match:
                span = match.span()
                bases[span] = max(bases.get(span, (0.0, "")), (base, match.group()))
        return _distinct([Value(*span, self._score(*of)) for span, of in bases.items()])

    def _score(self, base: float, value: str) -> float:
        """Of the surest pattern that matches a value."""
        if self._check and not self._check(compact(value).upper()):
            return 0
        right = self._member.validate_result(value)
        score = base if right is None else float(bool(right))
        return 0 if self._member.invalidate_result(value) else score

    def _speaks(self, before: str) -> bool:
        return self._mentioned.search(spelled(before)) is not None

    def _hits(self, text: str, values: Iterable[Value]) -> Iterator[Hit]:
        for start, end, score in _distinct(
            [Value(v.start, v.end, raised(v.score)) for v in values]
        ):
            if stands(text, start, end):
                yield Hit(start, end, self._kind, level_of(score), "presidio")

    @cached_property
    def _patterns(self) -> list[tuple[Any, float]]:
        flags = self._member.global_regex_flags
        return [(regex.compile(p.regex, flags), p.score) for p in self._member.patterns]

    @cached_property
    def _states(self) -> States:
        return States(p.regex for p in self._member.patterns)

    @cached_property
    def _labels(self) -> States:
        words = map(re.escape, self._member.context)
        return States(word.replace("\\ ", "[ _]") for word in words)

    @cached_property
    def _begins(self) -> Runs:
        return self._states.runs()

    @cached_property
    def _is_odd(self) -> bool:
        """Whether one may begin with a sign."""
        return bool(self._states.begins()[~SOLID].any())


class _Spoken(dict[str, bool]):
    """By the text before a value whether a label speaks of it."""

    def __init__(self, speaks: Callable[[str], bool]) -> None:
        self._speaks = speaks

    def __missing__(self, window: str) -> bool:
        self[window] = self._speaks(told(window))
        return self[window]


def _distinct(values: list[Value]) -> list[Value]:
    """As Presidio tells them apart: none in another one whose score is as high."""
    kept: list[Value] = []
    near: list[Value] = []
    for value in sorted(values, key=_order) if len(values) > 1 else values:
        near = [n for n in near if n.end >= value.start]
        if value.score and not any(n.end >= value.end and n.score >= value.score for n in near):
            kept.append(value)
            near.append(value)
    return kept


def _order(value: Value) -> tuple[int, int, float]:
    return value.start, -value.end, -value.score


def stands(text: str, start: int, end: int) -> bool:
    """Not inside a longer word or a longer row of numbers: what stands before decides, not
    where a search began."""
    before = text[max(0, start - 2) : start]
    joined = len(before) == 2 and before[0].isdigit() and before[1] in " -./"
    return not joined and is_whole(text, start, end)


def is_whole(text: str, start: int, end: int) -> bool:
    """Not inside a longer word."""
    return not _word(text[max(0, start - 1) : start]) and not _word(text[end : end + 1])


def _word(char: str) -> bool:
    return char.isascii() and char.isalnum()


def level_of(score: float) -> Level:
    return Level.HIGH if score >= 0.85 else Level.MEDIUM if score >= 0.5 else Level.LOW
