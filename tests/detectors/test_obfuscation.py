"""Disguised values and wordings are found as plain ones are; look-alikes that are honest are not."""

from __future__ import annotations

import pytest
from threegate.detectors.detector_set import DetectorSet
from threegate.detectors.detector_sets import DetectorSets
from threegate.policy.model import CompiledPolicy, WordList
from threegate.testing.attacks.transforms import TRANSFORMS, WORDINGS
from threegate.testing.attacks.values import LOOK_ALIKES, Seed
from threegate.types import Channel, Finding, Layer, Passage, TextLocation

from tests.detectors.disguises import LISTED, passage, seeds

KINDS = frozenset({"pii.cn", "pii.bank_card", "injection.signature", "list"})
WORDS = WordList("own", "list.own", (*LISTED["zh"], *LISTED["en"]))
DROP, FLOOR = 0.05, 0.95
POOL = 400
"""Seeds from which those are taken to which a transform applies."""
LATIN_ONLY = ["small capitals", "cyrillic", "greek", "accents", "no-break spaces", "rot13", "leet"]
NEVER = {("zh", name) for name in LATIN_ONLY} | {("en", "traditional"), ("en", "radicals")}
"""Transforms that change nothing in a language's seeds."""
PAIRS = [(language, name) for language in ("zh", "en") for name in TRANSFORMS]
APPLYING = [pair for pair in PAIRS if pair not in NEVER]


@pytest.fixture(scope="module")
def suite() -> DetectorSet:
    return DetectorSets(()).of(CompiledPolicy("digest", "own", lists=(WORDS,)))


async def found(suite: DetectorSet, text: Passage) -> tuple[Finding, ...]:
    (judgement,) = await suite.check([text], KINDS, {})
    assert not judgement.failures
    return judgement.findings


async def hit(suite: DetectorSet, seed: Seed, disguise: str) -> bool:
    hidden = passage(seed, disguise)
    start = hidden.text.index(disguise)
    return any(
        f.kind == seed.kind and f.span.start < start + len(disguise) and start < f.span.end
        for f in await found(suite, hidden)
    )


def disguised_seeds(name: str, language: str, count: int) -> list[tuple[Seed, str]]:
    """The first `count` seeds to which the transform applies, each with its disguise."""
    made = [
        (seed, TRANSFORMS[name](seed.hidden))
        for seed in seeds(language, POOL)
        if name not in WORDINGS or seed.kind == "injection.signature"
    ]
    return [(seed, text) for seed, text in made if text not in (None, seed.hidden)][:count]


async def check(suite: DetectorSet, name: str, language: str, count: int) -> None:
    chosen = disguised_seeds(name, language, count)
    plain = [await hit(suite, seed, seed.hidden) for seed, _ in chosen]
    disguised = [await hit(suite, seed, disguise) for seed, disguise in chosen]
    assert sum(plain) >= FLOOR * len(chosen)
    assert sum(disguised) >= sum(plain) - DROP * len(chosen), f"{sum(disguised)} of {sum(plain)}"


def test_each_transform_applies_to_seeds_of_the_languages_it_is_for() -> None:
    assert len(TRANSFORMS) >= 25
    applying = {pair for pair in PAIRS if disguised_seeds(pair[1], pair[0], 1)}
    assert set(PAIRS) - applying == NEVER


@pytest.mark.parametrize(("language", "name"), APPLYING)
async def test_a_sample_of_each_disguise(suite: DetectorSet, language: str, name: str) -> None:
    """One of each of the five kinds: what makes a kind different is its detector, not its digits."""
    await check(suite, name, language, 5)


@pytest.mark.slow
@pytest.mark.parametrize(("language", "name"), APPLYING)
async def test_200_seeds_of_each_disguise(suite: DetectorSet, language: str, name: str) -> None:
    await check(suite, name, language, 200)


@pytest.mark.parametrize("text", LOOK_ALIKES)
async def test_an_honest_look_alike_is_left_alone(suite: DetectorSet, text: str) -> None:
    assert await found(suite, Passage(TextLocation(Layer.INPUT, Channel.USER), text)) == ()


async def test_a_masked_disguise_leaves_nothing_of_the_value(suite: DetectorSet) -> None:
    for seed in seeds("zh", 40):
        if not seed.kind.startswith("pii"):
            continue
        for name in ("spaced", "full width", "percent", "html hex", "zero width space"):
            disguise = TRANSFORMS[name](seed.hidden)
            assert disguise
            hidden = passage(seed, disguise)
            findings = [f for f in await found(suite, hidden) if f.kind == seed.kind]
            start = hidden.text.index(disguise)
            assert findings[0].span.start <= start, name
            assert findings[-1].span.end >= start + len(disguise), name
