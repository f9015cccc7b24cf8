"""Presidio's national recognizers as our scanner uses them: repaired edges, labels, forms, and how
a label near a value raises its score.

Presidio's `\\b` is Unicode and fails between a digit and a Chinese character; compiled with `ASCII`
it holds.
"""

from __future__ import annotations

import re
from functools import lru_cache

import regex

from threegate.detectors.presidio.catalog import (
    MORE_CONTEXT,
    OTHER_FORMS,
    REWRITTEN,
    Pattern,
    PatternRecognizer,
)

_RAISE, _LABELLED, _MOST = 0.35, 0.4, 1.0
"""What a label adds to a score, and the lowest and highest score near one."""


def raised(score: float) -> float:
    """The score of a value near its own label."""
    return min(max(score + _RAISE, _LABELLED), _MOST)


def spelled(text: str) -> str:
    """The text in the form that `mentions` reads."""
    return text.lower().replace("_", " ")


@lru_cache(maxsize=256)
def mentions(labels: tuple[str, ...]) -> re.Pattern[str]:
    """Finds one of these labels in `spelled` text: English ones as words."""
    small = [re.escape(label.lower()) for label in labels]
    plain = "|".join(label for label in small if label.isascii())
    words = [rf"(?<![a-z])(?:{plain})(?![a-z])"] if plain else []
    found = [*words, *(label for label in small if not label.isascii())]
    return re.compile("|".join(found) if found else "(?!)")


def repaired(recognizer: PatternRecognizer) -> PatternRecognizer:
    """Returns `recognizer` itself, changed."""
    recognizer.global_regex_flags |= regex.ASCII
    more = MORE_CONTEXT.get(recognizer.supported_entities[0], "")
    recognizer.context = [*(recognizer.context or ()), *filter(None, more.split("|"))]
    for pattern in recognizer.patterns:
        for part, other in REWRITTEN.items():
            pattern.regex = pattern.regex.replace(part, other)
        if not pattern.regex.startswith(("\\b", "(?")):
            pattern.regex = rf"\b(?:{pattern.regex})\b"
    return _with_other_form(recognizer)


def _with_other_form(recognizer: PatternRecognizer) -> PatternRecognizer:
    form = OTHER_FORMS.get(recognizer.supported_entities[0])
    if form:
        other = Pattern("other form", rf"\b{form}\b", 0.5)
        recognizer.patterns = [*recognizer.patterns, other]
        validate = recognizer.validate_result
        recognizer.validate_result = lambda text: validate(compact(text))
    return recognizer


def compact(value: str) -> str:
    """Only the letters and digits."""
    return "".join(filter(str.isalnum, value))
