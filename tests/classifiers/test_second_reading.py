"""Two models on one claim: who is asked, and what both say together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from threegate_classifiers.errors import TimedOut
from threegate_classifiers.results import Entailment
from threegate_classifiers.runtime import Engine
from threegate_classifiers.testing import build_model
from threegate_classifiers.tokenize import Text

FIRST = {"supported": ["yes", "是"], "contradicted": ["no"], "nei": ["maybe"]}
SECOND = {"supported": ["yes", "sure"], "contradicted": ["no", "never"], "nei": ["maybe"]}
SUPPORTED = {"supported": {"en": {"low": 0.3, "medium": 0.3, "high": 0.9}}}
BESIDE = {"language": "en", "share": 0.5, "near": 1.0}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    build_model(tmp_path, "grounding", "entail", FIRST, levels=SUPPORTED, second="grounding-en@1")
    build_model(tmp_path, "grounding-en", "entail", SECOND, levels=SUPPORTED, beside=BESIDE)
    made = Engine.open(tmp_path, ["grounding"], gpu=False, report=lambda _: None)
    yield made
    made.close()


@pytest.fixture
def seen(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The claims that the second model is asked of."""
    claims: list[str] = []
    second = engine.models["grounding-en"]
    start = second.start

    def noted(texts: Sequence[Text], deadline_s: float) -> Any:
        claims.extend(str(text.second) for text in texts)
        return start(texts, deadline_s)

    monkeypatch.setattr(second, "start", noted)
    return claims


async def read_twice(engine: Engine, source: str, claim: str) -> tuple[Entailment, Entailment]:
    (alone,) = await engine.entail("grounding", [(source, claim)])
    return alone, await engine.reread("grounding", (source, claim), alone)


async def test_support_that_the_second_doubts_is_taken_back(
    engine: Engine, seen: list[str]
) -> None:
    alone, both = await read_twice(engine, "yes the door opens", "the door never opens no no")
    assert alone.levels[0] == 0
    assert both == alone  # far from support: not asked
    alone, both = await read_twice(engine, "yes the door opens", "the door never never never opens")
    assert (alone.levels[0], both.levels[0]) == (3, 0)
    assert both.contradicted > both.supported
    assert seen == ["the door never never never opens"]


async def test_support_that_the_second_adds(engine: Engine, seen: list[str]) -> None:
    """By the first alone the claim is as likely as the two others."""
    alone, both = await read_twice(engine, "a sure thing", "the door opens")
    assert alone.supported == pytest.approx(1 / 3)
    assert alone.levels[0] == 2
    assert both.supported > 0.9
    assert sum(both.scores) == pytest.approx(1)
    assert both.levels[0] == 3
    assert seen == ["the door opens"]


@pytest.mark.parametrize("claim", ["门是开的", "la porte est ouverte pour tous"])
async def test_a_claim_that_it_cannot_read_is_left_to_the_first(
    engine: Engine, seen: list[str], claim: str
) -> None:
    alone, both = await read_twice(engine, "yes 是", claim)
    assert alone.supported > 0.9
    assert (both, seen) == (alone, [])


async def test_a_model_without_a_second_one_decides_alone(tmp_path: Path) -> None:
    build_model(tmp_path, "grounding", "entail", FIRST, levels=SUPPORTED)
    engine = Engine.open(tmp_path, ["grounding"], gpu=False, report=lambda _: None)
    alone, both = await read_twice(engine, "a sure thing", "the door opens")
    assert both is alone
    engine.close()


async def test_the_second_has_a_deadline(engine: Engine) -> None:
    (alone,) = await engine.entail("grounding", [("yes", "the door opens")])
    with pytest.raises(TimedOut):
        await engine.reread("grounding", ("yes", "the door opens"), alone, deadline_s=-1.0)
