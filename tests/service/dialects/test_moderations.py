"""OpenAI's moderations through the official client."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest
from threegate.service.check import Check, CheckResult, CheckStage
from threegate.service.dialects.labels import LABELS
from threegate.service.dialects.moderations import CATEGORIES, _result
from threegate.types import Action, Channel, Finding, Layer, Level, Ruling, Span, TextLocation

from tests.e2e.support.running import Running
from tests.service.records import events


@pytest.fixture
def client(served: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{served.url}/v1", api_key="none", max_retries=0) as made:
        yield made


def test_a_text_that_the_policy_stops_is_flagged_with_its_category(
    served: Running, client: openai.OpenAI
) -> None:
    made = client.moderations.create(input="我不想活了")
    (result,) = made.results
    assert made.id.startswith("modr-")
    assert result.flagged
    assert result.categories.self_harm
    assert result.category_scores.self_harm > 0
    assert not result.categories.violence
    note = (result.model_extra or {})["threegate"]
    assert note["action"] == "answer"
    (event,) = events(served, note["id"])
    assert (event["endpoint"], event["stage"]) == ("moderations", "blocked")


def test_every_string_is_a_check_of_its_own_and_parts_are_one(
    served: Running, client: openai.OpenAI
) -> None:
    made = client.moderations.create(input=["hello", "我不想活了", "13812345678"])
    assert [r.flagged for r in made.results] == [False, True, False]
    notes = [(r.model_extra or {})["threegate"] for r in made.results]
    assert [n["action"] for n in notes] == ["allow", "answer", "mask"]
    assert all(len(events(served, n["id"])) == 1 for n in notes)
    parts = [{"type": "text", "text": "hello"}, {"type": "text", "text": "我不想活了"}]
    together = client.moderations.create(input=parts)  # type: ignore[arg-type]
    assert [r.flagged for r in together.results] == [True]


@pytest.mark.parametrize(
    "wrong",
    [
        [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}],
        [{"type": "text", "text": "hi", "image_url": {"url": "https://example.com/a.png"}}],
        [],
        [[1, 2]],
        ["x"] * 65,
    ],
)
def test_what_cannot_be_judged_is_refused_in_openai_s_form(
    client: openai.OpenAI, wrong: list[object]
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.moderations.create(input=wrong)  # type: ignore[arg-type]
    assert caught.value.code


def test_all_categories_are_known_and_kinds_without_one_are_told_apart() -> None:
    assert set(LABELS["moderations"].values()) <= set(CATEGORIES)
    place = TextLocation(Layer.INPUT, Channel.USER)
    found = [
        Finding("guard", kind, Span(0, 1), score, Level.HIGH, place)
        for kind, score in (("hazard.hate", 0.4), ("hazard.hate", 0.9), ("hazard.privacy", 0.8))
    ]
    result = CheckResult(
        record_id="tg_1",
        decision_id="d",
        policy="p",
        conversation="c",
        language="en",
        rulings=tuple(Ruling("r", Action.FLAG, f) for f in found),
    )
    made = _result(Check(stage=CheckStage.INPUT), result)
    assert made["flagged"]
    assert made["category_scores"]["hate"] == 0.9
    assert [n for n, flag in made["categories"].items() if flag] == ["hate"]
    assert {f["kind"] for f in made["threegate"]["findings"]} == {"hazard.hate", "hazard.privacy"}
