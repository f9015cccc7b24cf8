"""Opens only the detectors that the wanted kinds need. If none of them needs a model, no model is
loaded and a missing model is not an error; a needed model that is missing is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from threegate_classifiers.runtime import Engine

from threegate.detectors.base import SentenceDetector
from threegate.detectors.detector_sets import DetectorSets
from threegate.detectors.models.claims import ClaimsDetector
from threegate.detectors.models.entities import EntitiesDetector
from threegate.detectors.models.guard import GuardDetector
from threegate.policy.model import CompiledPolicy, matches
from threegate.scan.flow import IN_FLIGHT, IN_FLIGHT_CPU
from threegate.scan.scanner import Scanner

CLAIM = "claim"
KINDS = frozenset({"pii", "secret", "injection", "hazard", "offensive", "compliance", CLAIM})
"""Every family that a detector reports."""

_NAMES = ("person", "address", "org", "dob", "medical", "id_other", "account")
NEEDS = (
    ("guard", ("injection.direct", "injection.indirect", "hazard", "offensive", "compliance")),
    ("entities", tuple(f"pii.{name}" for name in _NAMES)),
    ("grounding", (CLAIM,)),
    ("evidence", (CLAIM,)),
)
"""A model and the kinds or families that it may report."""


def models_for(kinds: frozenset[str]) -> tuple[str, ...]:
    """Names of the models that can report one of `kinds` (kinds, prefixes or `prefix.*`)."""
    return tuple(
        name
        for name, own in NEEDS
        if any(matches(k, o) or matches(o, k) for k in map(_stem, kinds) for o in own)
    )


def _stem(kind: str) -> str:
    return kind.removesuffix(".*")


@contextmanager
def scanner(
    models: Path | None,
    kinds: frozenset[str] = KINDS,
    *,
    threads: int | None = None,
    report: Callable[[str], None] = print,
    language: str = "en",
) -> Iterator[Scanner]:
    """`models` None: patterns only. Raises ModelError."""
    names = models_for(kinds) if models else ()
    engine = (
        Engine.open(models, names, threads=threads, report=report, language=language)
        if models and names
        else None
    )
    try:
        yield _build(engine, frozenset(map(_stem, kinds)), names)
    finally:
        if engine is not None:
            engine.close()


def _build(engine: Engine | None, kinds: frozenset[str], names: tuple[str, ...]) -> Scanner:
    guard = GuardDetector(engine) if engine and "guard" in names else None
    claims = ClaimsDetector(engine) if engine and "grounding" in names else None
    sentence: list[SentenceDetector] = [guard] if guard else []
    if engine and "entities" in names:
        sentence.append(EntitiesDetector(engine))
    detector_set = DetectorSets(tuple(sentence)).of(CompiledPolicy(digest="", name="scan"))
    return Scanner(detector_set, kinds, guard, claims, _in_flight(engine))


def _in_flight(engine: Engine | None) -> int:
    devices = {model.device for model in engine.models.values()} if engine else set()
    return IN_FLIGHT_CPU if devices <= {"CPUExecutionProvider"} else IN_FLIGHT
