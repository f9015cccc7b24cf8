"""The entities model as a detector (names, addresses, organisations …) and as Presidio recognizer.

`EntitiesDetector` is what policies use. `EntitiesRecognizer` puts the same model inside a Presidio
`AnalyzerEngine`; the engine then needs no spaCy model for names. Spans never cross a line break:
one that does is a mistake of the model and is cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from threegate_classifiers.manifest import Task
from threegate_classifiers.results import Entity
from threegate_classifiers.runtime import Engine

from threegate.detectors.base import DetectorInfo
from threegate.detectors.models.common import Answer, judge_each
from threegate.detectors.presidio.without_spacy import without_spacy
from threegate.types import Bilingual, Finding, Level, Passage, Span

with without_spacy():
    from presidio_analyzer import EntityRecognizer, RecognizerResult

PRESIDIO_NAMES = {
    "PERSON": "PERSON",
    "ADDRESS": "LOCATION",
    "ORG": "ORGANIZATION",
    "DOB": "DATE_TIME",
    "MEDICAL": "MEDICAL_CONDITION",
}
"""Our label to Presidio's entity where it has one; others keep their name."""

BATCH_DEADLINE_S = 30.0


class EntitiesDetector:
    """`model` names a `tag` model of the engine; its manifest maps labels to kinds."""

    def __init__(self, engine: Engine, model: str = "entities") -> None:
        self._engine, self._model = engine, model
        manifest = engine.manifest(model, Task.TAG)
        self._kinds = {label: manifest.kind(label) for label in manifest.entity_labels}
        title = Bilingual("人名地址等", "names, addresses and the like")
        self.info = DetectorInfo(model, tuple(self._kinds.values()), title)

    async def judge(self, passages: Sequence[Passage]) -> list[Answer]:
        return await judge_each(self.info.id, passages, self._judge)

    async def _judge(self, passage: Passage) -> tuple[Finding, ...]:
        (entities,) = await self._engine.tag(self._model, [passage.text])
        return tuple(self._findings(passage, entities))

    def _findings(self, passage: Passage, entities: Sequence[Entity]) -> Iterator[Finding]:
        for entity in entities:
            if entity.level:
                kind, score = self._kinds[entity.label], round(entity.score, 4)
                level = Level(entity.level)
                for span in lines(passage.text, Span(entity.start, entity.end)):
                    yield Finding(self.info.id, kind, span, score, level, passage.locus)


def lines(text: str, span: Span) -> Iterator[Span]:
    """The span cut at line breaks, each part without blanks around it."""
    start = span.start
    for line in text[span.start : span.end].split("\n"):
        body = line.strip()
        if body:
            at = start + len(line) - len(line.lstrip())
            yield Span(at, at + len(body))
        start += len(line) + 1


class EntitiesRecognizer(EntityRecognizer):  # type: ignore[misc]
    """For `AnalyzerEngine(registry=...)`; one instance per language that the registry serves."""

    def __init__(self, engine: Engine, *, model: str = "entities", language: str = "en") -> None:
        self._engine, self._model = engine, model
        labels = engine.manifest(model, Task.TAG).entity_labels
        names = [PRESIDIO_NAMES.get(label, label) for label in labels]
        super().__init__(names, name=f"Threegate {model}", supported_language=language)

    def load(self) -> None:
        """The engine is open already."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: Any = None
    ) -> list[RecognizerResult]:
        (found,) = self._engine.tag(self._model, [text], deadline_s=BATCH_DEADLINE_S).now()
        return [
            RecognizerResult(name, span.start, span.end, entity.score)
            for entity in found
            if entity.level and (name := PRESIDIO_NAMES.get(entity.label, entity.label)) in entities
            for span in lines(text, Span(entity.start, entity.end))
        ]
