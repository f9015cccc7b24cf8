"""A real `AnalyzerEngine` of Presidio without spaCy, for comparison: our recognizers behind its
interface, and its own national ones."""

from __future__ import annotations

from collections.abc import Sequence

from presidio_analyzer import (
    AnalyzerEngine,
    ContextAwareEnhancer,
    EntityRecognizer,
    PatternRecognizer,
    RecognizerRegistry,
    RecognizerResult,
)
from presidio_analyzer.nlp_engine import NoOpNlpEngine
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.folding import fold
from threegate.detectors.engine.recognizer import SCORES, Recognizer
from threegate.detectors.presidio.catalog import PREDEFINED
from threegate.detectors.presidio.patterns import mentions, raised, repaired, spelled
from threegate.policy.language.recognizers import entity_of

LANGUAGES = ("zh", "en")


class PresidioAdapter(EntityRecognizer):  # type: ignore[misc]
    """One of our recognizers as one of Presidio's."""

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


class WindowContext(ContextAwareEnhancer):  # type: ignore[misc]
    """Context words within the characters before a value. Ours have read their context already."""

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
        view = ScanText(text)
        for result in raw_results:
            key = RecognizerResult.RECOGNIZER_IDENTIFIER_KEY
            source = by_name.get((result.recognition_metadata or {}).get(key, ""))
            if isinstance(source, PatternRecognizer):
                labels = mentions((*(source.context or ()), *(context or ())))
                labelled = labels.search(spelled(view.before(result.start)))
                result.score = raised(result.score) if labelled else 0.0
        return raw_results


def engine(ours: Sequence[Recognizer] = ()) -> AnalyzerEngine:
    """All recognizers behind Presidio's interface, for `zh` and `en`."""
    members: list[EntityRecognizer] = []
    for language in LANGUAGES:
        members += [PresidioAdapter(r, language) for r in ours]
        members += [repaired(c(supported_language=language)) for c in PREDEFINED]
    models = [{"lang_code": language, "model_name": "none"} for language in LANGUAGES]
    return AnalyzerEngine(
        registry=RecognizerRegistry(members, supported_languages=list(LANGUAGES)),
        nlp_engine=NoOpNlpEngine(models),
        supported_languages=list(LANGUAGES),
        context_aware_enhancer=WindowContext(),
    )
