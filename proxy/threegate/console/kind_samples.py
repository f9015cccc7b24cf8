"""Examples of each kind: those that detectors declare themselves, and a sentence in each language
for kinds of models and of other countries (`kind_examples.yaml`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from ruamel.yaml import YAML

from threegate.detectors import output_format
from threegate.detectors.base import DetectorInfo, Example, PatternDetector
from threegate.detectors.injection.detector import InjectionSignatures
from threegate.detectors.registry import catalogue, scanner
from threegate.policy.strictness.compare import includes
from threegate.types import Bilingual, Channel, Layer, Passage, TextLocation

EXAMPLES = Path(__file__).with_name("kind_examples.yaml")
MOST = 6
_PLACE = TextLocation(Layer.INPUT, Channel.USER)


@dataclass(frozen=True, slots=True)
class Sample:
    """A text and the values found in it (none for a false example)."""

    text: str
    values: tuple[str, ...] = ()


@cache
def found_in_examples() -> Mapping[str, tuple[Sample, ...]]:
    """The examples of the pattern detectors by the kinds that are found in them."""
    found: dict[str, list[Sample]] = {}
    for detector, info in _pattern_detectors():
        for example in (e for e in info.examples if e.values):
            for kind, values in _kinds_in(detector, info, example).items():
                found.setdefault(kind, []).append(Sample(example.text, values))
    return {kind: tuple(dict.fromkeys(samples)) for kind, samples in found.items()}


def _pattern_detectors() -> Iterator[tuple[PatternDetector, DetectorInfo]]:
    patterns = scanner()
    yield from ((patterns, info) for info in catalogue())
    yield from ((each, each.info) for each in (InjectionSignatures(), output_format.CodeDetector()))


def _kinds_in(
    detector: PatternDetector, info: DetectorInfo, example: Example
) -> dict[str, tuple[str, ...]]:
    """If a detector has one kind, its examples belong to it; otherwise they are scanned."""
    if len(info.kinds) == 1:
        return {info.kinds[0]: example.values}
    found: dict[str, tuple[str, ...]] = {}
    for each in detector.scan(Passage(_PLACE, example.text), final=True).findings:
        value = example.text[each.span.start : each.span.end]
        found[each.kind] = (*found.get(each.kind, ()), value)
    return found


@cache
def spoken_examples() -> Mapping[str, Bilingual]:
    rows = YAML(typ="safe", pure=True).load(EXAMPLES.read_text("utf-8"))
    return {kind: Bilingual(**texts) for kind, texts in rows.items()}


@lru_cache(maxsize=1024)
def samples_of(kind: str, language: str) -> tuple[Sample, ...]:
    """A few examples; for a family, those of the kinds below it."""
    example = next((text for k, text in spoken_examples().items() if includes(kind, k)), None)
    mine = [s for k, found in found_in_examples().items() if includes(kind, k) for s in found]
    first = (Sample(example.get(language)),) if example else ()
    return (*first, *mine[:MOST])


def example_of(kind: str, language: str) -> str:
    """One value or sentence; empty for a kind of the policy's own."""
    samples = samples_of(kind, language)
    values = (value for sample in samples for value in sample.values if "\n" not in value)
    return next(values, samples[0].text if samples else "")
