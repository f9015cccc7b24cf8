"""One of Presidio's national identifiers without Presidio's engine: its patterns, check digit and
labels. A value counts only near a label, so the patterns are tried only near labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import re2
import regex

from threegate import checksums
from threegate.detectors.engine.context import REACH, ScanText
from threegate.detectors.engine.recognizer import Hit
from threegate.detectors.presidio.catalog import PatternRecognizer
from threegate.detectors.presidio.patterns import compact, mentions, raised, spelled
from threegate.normalize.re2_spans import char_spans
from threegate.policy.language.recognizers import is_whole, kind_of
from threegate.types import Level

WIDEST = 24
"""More characters than any identifier with its gaps and edges."""
_CHECKS: Mapping[str, Callable[[str], bool]] = {"SG_NRIC_FIN": checksums.nric}
"""Check digits that Presidio does not verify."""


class Value(NamedTuple):
    start: int
    end: int
    score: float


class Entity:
    """`member` has the edges and labels from `patterns.repaired`."""

    def __init__(self, member: PatternRecognizer) -> None:
        self.name = str(member.supported_entities[0])
        self._kind, self._member = kind_of(self.name), member
        self._mentioned = mentions(tuple(member.context))
        self._check = _CHECKS.get(self.name)

    def find(self, view: ScanText) -> Iterator[Hit]:
        values = self._values(self._matches(view))
        labelled = [v for v in values if self._is_labelled(view.before(v.start))]
        return self._hits(view.text, labelled)

    def _matches(self, view: ScanText) -> Iterator[tuple[Any, float]]:
        for start, end in self._windows(view):
            for pattern, score in self._patterns:
                for match in pattern.finditer(view.text, start, end):
                    view.spend()
                    yield match, score

    def _windows(self, view: ScanText) -> Iterator[tuple[int, int]]:
        """The text within reach of labels, in order."""
        start = end = 0
        for first, last in char_spans(self._labels, view.text, view.data):
            if first > end:
                if end:
                    yield start, end
                start = first
            end = min(last + REACH + WIDEST, len(view.text))
        if end:
            yield start, end

    def _values(self, matches: Iterable[tuple[Any, float]]) -> list[Value]:
        """Each span once, with the score of the surest pattern that matches it."""
        bases: dict[tuple[int, int], tuple[float, str]] = {}
        for match, base in matches:
            span = match.span()
            bases[span] = max(bases.get(span, (0.0, "")), (base, match.group()))
        return distinct([Value(*span, self._score(*of)) for span, of in bases.items()])

    def _score(self, base: float, value: str) -> float:
        if self._check and not self._check(compact(value).upper()):
            return 0
        right = self._member.validate_result(value)
        score = base if right is None else float(bool(right))
        return 0 if self._member.invalidate_result(value) else score

    def _is_labelled(self, before: str) -> bool:
        return self._mentioned.search(spelled(before)) is not None

    def _hits(self, text: str, values: Iterable[Value]) -> Iterator[Hit]:
        for start, end, score in distinct([Value(v.start, v.end, raised(v.score)) for v in values]):
            if is_alone(text, start, end):
                yield Hit(start, end, self._kind, level_of(score), "presidio")

    @cached_property
    def _patterns(self) -> list[tuple[Any, float]]:
        flags = self._member.global_regex_flags
        return [(regex.compile(p.regex, flags), p.score) for p in self._member.patterns]

    @cached_property
    def _labels(self) -> Any:
        words = (re2.escape(word).replace("\\ ", "[ _]") for word in self._member.context)
        return re2.compile("(?i)" + "|".join(words))


def distinct(values: Sequence[Value]) -> list[Value]:
    """Removes duplicates as Presidio does: none inside another whose score is at least as high."""
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


def is_alone(text: str, start: int, end: int) -> bool:
    """Not inside a longer word or a longer row of numbers: the text before it decides, not the
    start of the search."""
    before = text[max(0, start - 2) : start]
    joined = len(before) == 2 and before[0].isdigit() and before[1] in " -./"
    return not joined and is_whole(text, start, end)


def level_of(score: float) -> Level:
    """Presidio's score as a level."""
    return Level.HIGH if score >= 0.85 else Level.MEDIUM if score >= 0.5 else Level.LOW
