"""Recognizers that a policy writes in Presidio's format, compiled to our own patterns. They are
only data: RE2 patterns with a score, deny lists, context words. A context word in the clause before
a value raises its score as in Presidio. Takes linear time, whatever the pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import re2

from threegate.detectors.base import DetectorInfo
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.recognizer import Hit, Recognizer
from threegate.detectors.presidio.national import Value, distinct, level_of
from threegate.detectors.presidio.patterns import mentions, raised, spelled
from threegate.normalize.re2_spans import char_spans
from threegate.policy.errors import failure
from threegate.policy.language.recognizers import (
    MAX_SPAN,
    entity,
    fault,
    is_alone,
    kind_of,
    patterns,
)
from threegate.types import Bilingual

_QUIET = re2.Options()
_QUIET.log_errors = False
_BOUNDARY = re.compile(r"\\b|\(\?<?[=!](?:[^()\\]|\\.|\[[^\]]*\])*\)")


@dataclass(frozen=True, slots=True)
class _Own:
    """One recognizer. `patterns`: RE2 and their scores. `context`: finds its context words."""

    kind: str
    patterns: tuple[tuple[Any, float], ...]
    context: re.Pattern[str]

    def find(self, view: ScanText) -> Iterator[Hit]:
        for start, end, score in distinct([*self._values(view)]):
            yield Hit(start, end, self.kind, level_of(score), "presidio")

    def _values(self, view: ScanText) -> Iterator[Value]:
        for pattern, score in self.patterns:
            for start, end in char_spans(pattern, view.text, view.data):
                view.spend()
                if 0 < end - start <= MAX_SPAN and is_alone(view.text, start, end):
                    labelled = self.context.search(spelled(view.before(start)))
                    yield Value(start, end, raised(score) if labelled else score)


def from_policy(own: Sequence[Mapping[str, Any]]) -> Recognizer:
    """All recognizers of a policy as one of ours. Raises PolicyError naming the recognizer and
    what is wrong with it."""
    members = [_compiled(data) for data in own]

    def find(view: ScanText) -> Iterator[Hit]:
        for member in members:
            yield from member.find(view)

    return Recognizer(
        DetectorInfo(
            "policy_recognizers",
            tuple(dict.fromkeys(member.kind for member in members)),
            Bilingual("策略自带识别器", "Recognizers of the policy"),
        ),
        trigger="|".join(
            f"(?:{_trigger(regex.pattern)})" for data in own for regex, _ in patterns(data)
        ),
        find=find,
        tails=(_bounded,),
        rank=35,
    )


def _compiled(data: Mapping[str, Any]) -> _Own:
    name = str(data.get("name", "recognizer"))
    if (wrong := fault(data)) is not None:
        raise failure("unusable-recognizer", name=name, zh_fault=wrong.zh, en_fault=wrong.en)
    context = mentions(tuple(data.get("context") or ()))
    return _Own(kind_of(entity(data)), tuple(patterns(data)), context)


def _trigger(pattern: str) -> str:
    """The pattern without edges, as RE2: it matches wherever the pattern does. A pattern for one
    digit if RE2 cannot express it."""
    plain = "(?is)" + _BOUNDARY.sub("", pattern)
    try:
        re2.compile(plain, _QUIET)
    except re2.error:
        return "[0-9]"
    return plain


def _bounded(text: str) -> int:
    return max(0, len(text) - MAX_SPAN)
