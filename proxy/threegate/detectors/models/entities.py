"""The entities model as a detector: names, addresses, organisations …

Spans never cross a line break: one that does is an error of the model and is cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from threegate_classifiers.manifest import Task
from threegate_classifiers.results import Entity
from threegate_classifiers.runtime import Engine

from threegate.detectors.base import DetectorInfo
from threegate.detectors.models.common import Answer, judge_each
from threegate.types import Bilingual, Finding, Level, Passage, Span


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
    """The span, cut at line breaks, each part without surrounding white space."""
    start = span.start
    for line in text[span.start : span.end].split("\n"):
        body = line.strip()
        if body:
            at = start + len(line) - len(line.lstrip())
            yield Span(at, at + len(body))
        start += len(line) + 1
