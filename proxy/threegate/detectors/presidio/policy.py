"""Recognizers that a policy writes in Presidio's format, compiled to patterns of our own.

Only data: patterns in RE2 syntax with a score, deny lists, context words. A word of the context in
the clause before a value raises its score as Presidio does; linear time whatever the pattern.
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
from threegate.detectors.presidio.national import Value, distinct, is_whole, level_of
from threegate.detectors.presidio.patterns import mentions, raised, spelled
from threegate.normalize.re2_spans import char_spans
from threegate.policy.errors import failure
from threegate.policy.language.recognizers import entity, fault, kind_of
from threegate.types import Bilingual

MAX_SPAN = 128
"""Characters a policy's recognizer may span; a stream holds that much while its rule is active."""
_QUIET = re2.Options()
_QUIET.log_errors = False
_BOUNDARY = re.compile(r"\\b|\(\?<?[=!](?:[^()\\]|\\.|\[[^\]]*\])*\)")
_NUMBER = re.compile(r"[0-9][\-./]\Z")


@dataclass(frozen=True, slots=True)
class _Own:
    """One recognizer. `patterns`: RE2 and their scores. `context`: finds its context words."""

    kind: str
    patterns: tuple[tuple[Any, float], ...]
    context: re.Pattern[str]

    def find(self, view: ScanText) -> Iterator[Hit]:
        for value in distinct([*self._values(view)]):
            if _is_alone(view.text, value.start, value.end):
                yield Hit(value.start, value.end, self.kind, level_of(value.score), "presidio")

    def _values(self, view: ScanText) -> Iterator[Value]:
        for pattern, score in self.patterns:
            for start, end in char_spans(pattern, view.text, view.data):
                view.spend()
                if 0 < end - start <= MAX_SPAN:
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
        trigger="|".join(f"(?:{_trigger(regex)})" for data in own for regex, _ in _patterns(data)),
        find=find,
        tails=(_bounded,),
        rank=35,
    )


def _compiled(data: Mapping[str, Any]) -> _Own:
    name = str(data.get("name", "recognizer"))
    if (wrong := fault(data)) is not None:
        raise failure("unusable-recognizer", name=name, zh_fault=wrong.zh, en_fault=wrong.en)
    patterns = ((re2.compile("(?i)" + regex, _QUIET), score) for regex, score in _patterns(data))
    return _Own(kind_of(entity(data)), tuple(patterns), mentions(tuple(data.get("context") or ())))


def _patterns(data: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Patterns and the words of the deny list, with their scores."""
    for pattern in data.get("patterns") or ():
        yield pattern["regex"], float(pattern["score"])
    for word in data.get("deny_list") or ():
        yield re2.escape(word), float(data.get("deny_list_score", 1.0))


def _trigger(pattern: str) -> str:
    """The pattern without edges, as RE2: it matches wherever the pattern does. A digit, if RE2
    cannot express it."""
    plain = "(?is)" + _BOUNDARY.sub("", pattern)
    try:
        re2.compile(plain, _QUIET)
    except re2.error:
        return "[0-9]"
    return plain


def _is_alone(text: str, start: int, end: int) -> bool:
    """Not inside a longer word or number. After a blank begins another number, and no number goes
    on with a letter: there the author's pattern is meant."""
    inside = text[start].isdigit() and _NUMBER.search(text, max(0, start - 2), start)
    return not inside and is_whole(text, start, end)


def _bounded(text: str) -> int:
    return max(0, len(text) - MAX_SPAN)
