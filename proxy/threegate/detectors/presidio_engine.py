"""One real `AnalyzerEngine` without spaCy: ours, Presidio's national identifiers and a policy's
recognizers behind the interface that Presidio users know.

Edges are repaired: Presidio's `\\b` is Unicode and fails between a digit and a Chinese
character; compiled with `ASCII` it holds. Context words are looked for in a window of
characters, not of spaCy tokens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import re2
import regex

from threegate.detectors.folding import fold
from threegate.detectors.presidio_digits import SHAPES, WIDEST, Shape, places
from threegate.detectors.presidio_table import (
    LOOKS_AHEAD,
    MORE_CONTEXT,
    OTHER_FORMS,
    PREDEFINED,
)
from threegate.detectors.recognizer import SCORES, Recognizer
from threegate.detectors.sieve import LONG
from threegate.detectors.surroundings import View
from threegate.detectors.without_spacy import without_spacy
from threegate.policy.failures import failure
from threegate.policy.recognizers import entity, entity_of, fault

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


class Wrapped(EntityRecognizer):  # type: ignore[misc]
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
            for hit in self.ours.find(View(fold(text)))
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


QUIET = re2.Options()
QUIET.log_errors = False


@cache
def _linear(pattern: str) -> Any:
    return re2.compile("(?i)" + pattern, QUIET)


class WindowContext(ContextAwareEnhancer):  # type: ignore[misc]
    """Context words within the characters before a value. Ours have judged their context
    already."""

    def __init__(self) -> None:
        super().__init__(0.35, 0.4, 0, 0)

    def enhance_using_context(
        self,
        text: str,
        raw_results: list[RecognizerResult],
        nlp_artifacts: object,
        recognizers: list[EntityRecognizer],
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        by_name = {r.id: r for r in recognizers}
        view = View(text)
        for result in raw_results:
            key = RecognizerResult.RECOGNIZER_IDENTIFIER_KEY
            source = by_name.get((result.recognition_metadata or {}).get(key, ""))
            if isinstance(source, PatternRecognizer):
                self._weigh(result, view, [*(source.context or []), *(context or [])], source)
        return raw_results

    def _weigh(
        self, result: RecognizerResult, view: View, context: list[str], source: PatternRecognizer
    ) -> None:
        before = view.before(result.start).lower().replace("_", " ")
        if any(_mentions(before, word.lower()) for word in context):
            raised = max(
                result.score + self.context_similarity_factor,
                self.min_score_with_context_similarity,
            )
            result.score = min(raised, self.MAX_SCORE)
        elif not isinstance(source, LinearPatterns):
            result.score = 0.0


def _mentions(text: str, word: str) -> bool:
    if not word.isascii():
        return word in text
    return re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", text) is not None


def engine(
    ours: Sequence[Recognizer] = (), own: Sequence[Mapping[str, Any]] = ()
) -> AnalyzerEngine:
    """All recognizers behind Presidio's interface, for `zh` and `en`."""
    members: list[EntityRecognizer] = []
    for language in LANGUAGES:
        members += [Wrapped(r, language) for r in ours]
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
        for far, near in LOOKS_AHEAD.items():
            pattern.regex = pattern.regex.replace(far, near)
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


def sifted(recognizer: PatternRecognizer) -> PatternRecognizer:
    """Asked only where arrays leave a check digit, of a long text whose view comes with it."""
    shape = SHAPES.get(recognizer.supported_entities[0])
    if shape is not None:
        recognizer.analyze = partial(_analyzed, recognizer.analyze, shape)
    return recognizer


def _analyzed(
    analyze: Callable[..., list[RecognizerResult]],
    shape: Shape,
    text: str,
    entities: list[str],
    nlp_artifacts: object = None,
) -> list[RecognizerResult]:
    if not isinstance(nlp_artifacts, View) or len(text) < LONG:
        return analyze(text=text, entities=entities)
    found = []
    for place in places(nlp_artifacts.sieve, shape):
        start = max(0, place - 1)
        for result in analyze(text=text[start : place + WIDEST], entities=entities):
            result.start, result.end = result.start + start, result.end + start
            found += [result] * (result.start == place)
    return found


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
