"""Disguised values and wordings are found as plain ones are; look-alikes that are honest are not."""

from __future__ import annotations

import pytest
from threegate.detectors.detector_set import DetectorSet
from threegate.detectors.detector_sets import DetectorSets
from threegate.policy.model import CompiledPolicy, WordList
from threegate.types import Channel, Finding, Layer, Passage, TextLocation

from tests.detectors.disguises import (
    BENIGN,
    LISTED,
    TRANSFORMS,
    WORDINGS,
    Seed,
    seeds,
)

KINDS = frozenset({"pii.cn", "pii.bank_card", "injection.signature", "list"})
WORDS = WordList("own", "list.own", (*LISTED["zh"], *LISTED["en"]))
DROP = 0.05


@pytest.fixture(scope="module")
def suite() -> DetectorSet:
    return DetectorSets(()).of(CompiledPolicy("digest", "own", lists=(WORDS,)))


async def found(suite: DetectorSet, passage: Passage) -> tuple[Finding, ...]:
    (judgement,) = await suite.check([passage], KINDS, frozenset(), 1000)
    assert not judgement.failures
    return judgement.findings


async def hit(suite: DetectorSet, seed: Seed, disguise: str) -> bool:
    passage = seed.passage(disguise)
    start = passage.text.index(disguise)
    return any(
        f.kind == seed.kind and f.span.start < start + len(disguise) and start < f.span.end
        for f in await found(suite, passage)
    )


async def recall(suite: DetectorSet, name: str, chosen: list[Seed]) -> tuple[float, float, int]:
    """(plain, disguised, seeds to which the transform applies)"""
    plain = disguised = count = 0
    for seed in chosen:
        disguise = TRANSFORMS[name](seed.hidden)
        if disguise is None or (name in WORDINGS and seed.kind != "injection.signature"):
            continue
        count += 1
        plain += await hit(suite, seed, seed.hidden)
        disguised += await hit(suite, seed, disguise)
    return plain / max(1, count), disguised / max(1, count), count


async def check(suite: DetectorSet, name: str, language: str, count: int) -> None:
    plain, disguised, applied = await recall(suite, name, seeds(language, count))
    assert disguised >= plain - DROP, f"{plain:.3f} -> {disguised:.3f} of {applied}"


def test_there_are_enough_transforms_and_each_applies_somewhere() -> None:
    assert len(TRANSFORMS) >= 25
    everything = seeds("zh", 20) + seeds("en", 20)
    for name, transform in TRANSFORMS.items():
        assert any(transform(s.hidden) not in (None, s.hidden) for s in everything), name


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", TRANSFORMS)
async def test_a_sample_of_each_disguise(suite: DetectorSet, name: str, language: str) -> None:
    await check(suite, name, language, 10)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", TRANSFORMS)
async def test_200_seeds_of_each_disguise(suite: DetectorSet, name: str, language: str) -> None:
    await check(suite, name, language, 200)


@pytest.mark.parametrize("text", BENIGN)
async def test_an_honest_look_alike_is_left_alone(suite: DetectorSet, text: str) -> None:
    assert await found(suite, Passage(TextLocation(Layer.INPUT, Channel.USER), text)) == ()


async def test_a_masked_disguise_leaves_nothing_of_the_value(suite: DetectorSet) -> None:
    for seed in seeds("zh", 40):
        if not seed.kind.startswith("pii"):
            continue
        for name in ("spaced", "full width", "percent", "html hex", "zero width space"):
            disguise = TRANSFORMS[name](seed.hidden)
            assert disguise
            passage = seed.passage(disguise)
            findings = [f for f in await found(suite, passage) if f.kind == seed.kind]
            start = passage.text.index(disguise)
            assert findings[0].span.start <= start, name
            assert findings[-1].span.end >= start + len(disguise), name
