"""One real `AnalyzerEngine` without spaCy: ours, Presidio's national identifiers and a policy's
recognizers behind the interface that Presidio users know.

Edges are repaired: Presidio's `\\b` is Unicode and fails between a digit and a Chinese
character; compiled with `ASCII` it holds. Context words are looked for in a window of
characters, not of spaCy tokens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import re2
import regex

from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.folding import fold
from threegate.detectors.engine.recognizer import SCORES, Recognizer
from threegate.detectors.presidio.catalog import MORE_CONTEXT, OTHER_FORMS, PREDEFINED, REWRITTEN
from threegate.detectors.presidio.without_spacy import without_spacy
from threegate.policy.errors import failure
from threegate.policy.language.recognizers import entity, entity_of, fault

with without_spacy():
    from presidio_analyzer import (
        AnalyzerEngine,
        ContextAwareEnhancer,
        EntityRecognizer,
        Pattern,
        PatternRecognizer,
        RecognizerRegistry,
        RecognizerResult,
    )
    from presidio_analyzer.nlp_engine import NoOpNlpEngine

LANGUAGES = ("zh", "en")
MAX_SPAN = 128
"""Characters a policy's recognizer may span; a stream holds that much while its rule is active."""


class PresidioAdapter(EntityRecognizer):  # type: ignore[misc]
    """One of ours in Presidio's clothes."""

    def __init__(self, ours: Recognizer, language: str) -> None:
        self.ours = ours
        super().__init__([entity_of(k) for k in ours.info.kinds], ours.info.id, language)

    def load(self) -> None:
        """Nothing to load."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: object
    ) -> list[RecognizerResult]:
        wanted = set(entities)
        return [
            RecognizerResult(
                entity_of(hit.kind),
                hit.start,
                hit.end,
                SCORES[hit.level],
                recognition_metadata={RecognizerResult.RECOGNIZER_NAME_KEY: self.name},
            )
            for hit in self.ours.find(ScanText(fold(text)))
            if entity_of(hit.kind) in wanted
        ]


class LinearPatterns(PatternRecognizer):  # type: ignore[misc]
    """A policy's recognizer: Presidio's data, run by RE2, so no pattern can take more than
    linear time."""

    def analyze(
        self,
        text: str,
        entities: list[str],
        nlp_artifacts: object = None,
        regex_flags: int | None = None,
    ) -> list[RecognizerResult]:
        return [
            RecognizerResult(self.supported_entities[0], *match.span(), pattern.score)
            for pattern in self.patterns
            for match in _linear(pattern.regex).finditer(text)
            if 0 < match.end() - match.start() <= MAX_SPAN
        ]


_RAISE, _LABELLED = 0.35, 0.4
"""What a label adds to a score, and the least one beside it."""

QUIET = re2.Options()
QUIET.log_errors = False


@cache
def _linear(pattern: str) -> Any:
    return re2.compile("(?i)" + pattern, QUIET)


class WindowContext(ContextAwareEnhancer):  # type: ignore[misc]
    """Context words within the characters before a value. Ours have judged their context
    already."""

    def __init__(self) -> None:
        super().__init__(_RAISE, _LABELLED, 0, 0)

    def enhance_using_context(
        self,
        text: str,
        raw_results: list[RecognizerResult],
        nlp_artifacts: object,
        recognizers: list[EntityRecognizer],
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        by_name = {r.id: r for r in recognizers}
        view = ScanText(text)
        for result in raw_results:
            key = RecognizerResult.RECOGNIZER_IDENTIFIER_KEY
            source = by_name.get((result.recognition_metadata or {}).get(key, ""))
            if isinstance(source, PatternRecognizer):
                self._weigh(result, view, [*(source.context or []), *(context or [])], source)
        return raw_results

    def _weigh(
        self,
        result: RecognizerResult,
        view: ScanText,
        context: list[str],
        source: PatternRecognizer,
    ) -> None:
        if mentions(tuple(context)).search(spelled(view.before(result.start))):
            result.score = raised(result.score)
        elif not isinstance(source, LinearPatterns):
            result.score = 0.0


def raised(score: float) -> float:
    """Of a value beside a label of its own."""
    return float(min(max(score + _RAISE, _LABELLED), EntityRecognizer.MAX_SCORE))


def spelled(text: str) -> str:
    """As `mentions` reads it."""
    return text.lower().replace("_", " ")


@cache
def mentions(labels: tuple[str, ...]) -> re.Pattern[str]:
    """Finds one of these: English ones as words."""
    small = [re.escape(label.lower()) for label in labels]
    plain = "|".join(label for label in small if label.isascii())
    words = [rf"(?<![a-z])(?:{plain})(?![a-z])"] if plain else []
    found = [*words, *(label for label in small if not label.isascii())]
    return re.compile("|".join(found) if found else "(?!)")


def engine(
    ours: Sequence[Recognizer] = (), own: Sequence[Mapping[str, Any]] = ()
) -> AnalyzerEngine:
    """All recognizers behind Presidio's interface, for `zh` and `en`."""
    members: list[EntityRecognizer] = []
    for language in LANGUAGES:
        members += [PresidioAdapter(r, language) for r in ours]
        members += [repaired(c(supported_language=language)) for c in PREDEFINED]
        members += [parsed(d, language) for d in own]
    return engine_of(members)


def engine_of(members: list[EntityRecognizer]) -> AnalyzerEngine:
    models = [{"lang_code": language, "model_name": "none"} for language in LANGUAGES]
    return AnalyzerEngine(
        registry=RecognizerRegistry(members, supported_languages=list(LANGUAGES)),
        nlp_engine=NoOpNlpEngine(models),
        supported_languages=list(LANGUAGES),
        context_aware_enhancer=WindowContext(),
    )


def repaired(recognizer: PatternRecognizer) -> PatternRecognizer:
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
    """Without what groups it."""
    return "".join(filter(str.isalnum, value))


def parsed(data: Mapping[str, Any], language: str) -> LinearPatterns:
    """Raises PolicyError naming the recognizer and what is wrong."""
    name = str(data.get("name", "recognizer"))
    if (wrong := fault(data)) is not None:
        raise failure("unusable-recognizer", name=name, zh_fault=wrong.zh, en_fault=wrong.en)
    patterns = [_pattern(name, p) for p in data.get("patterns") or ()]
    patterns += [
        Pattern("deny_list", re2.escape(w), float(data.get("deny_list_score", 1.0)))
        for w in data.get("deny_list") or ()
    ]
    return LinearPatterns(
        entity(data),
        name=name,
        supported_language=language,
        patterns=patterns,
        context=list(data.get("context") or ()),
    )


def _pattern(name: str, data: Mapping[str, Any]) -> Pattern:
    return Pattern(str(data.get("name", name)), data["regex"], float(data["score"]))
