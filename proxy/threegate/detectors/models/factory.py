"""The sentence detectors on top of one classifier engine."""

from __future__ import annotations

from threegate_classifiers.runtime import Engine

from threegate.detectors.base import SentenceDetector
from threegate.detectors.models.claims import ClaimsDetector
from threegate.detectors.models.entities import EntitiesDetector
from threegate.detectors.models.guard import GuardDetector

MODELS = ("guard", "entities", "grounding", "evidence")
SECOND = ("guard-en", "guard-zh", "grounding-en", "grounding-zh")
"""Opened behind the model whose manifest names them, here or on another server."""


def sentence_detectors(engine: Engine) -> tuple[SentenceDetector, ...]:
    return (GuardDetector(engine), EntitiesDetector(engine), ClaimsDetector(engine))
