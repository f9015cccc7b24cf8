"""A model that judges claims: what it is asked, what its answer is read as, and what fails."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest
from threegate.detectors.judges.base import Judged
from threegate.detectors.judges.claims import Claims
from threegate.detectors.judges.detector import LlmJudge
from threegate.detectors.judges.second_reader import MAX_SOURCES, SecondReader, near
from threegate.guard.second_opinion import Question
from threegate.settings import JudgeSettings
from threegate.types import (
    Channel,
    Layer,
    Level,
    Opinion,
    Passage,
    Reason,
    Source,
    Span,
    TextLocation,
)

from tests.detectors.judges.answers import REFUSES, chat
from tests.scripted_upstream import ScriptedUpstream

ANSWER = TextLocation(Layer.OUTPUT, Channel.CONTENT)
SOURCES = (Source("other", "About parking."), Source("kb", "图书馆周日闭馆。"))
CLAIM = "图书馆周日开放。"


async def opinion(
    model: tuple[ScriptedUpstream, str], client: httpx.AsyncClient, reply: Any, **settings: Any
) -> Opinion:
    demo, url = model
    demo.play([orjson.dumps(reply)], media_type="application/json")
    given = JudgeSettings("r1", url, "deepseek-r1", **{"format": "claims"} | settings)
    reader = SecondReader({"judge.r1": LlmJudge(given, "", client)})
    passage = Passage(ANSWER, CLAIM, before="开放时间如下。", question="几点开？", sources=SOURCES)
    question = Question("judge.r1", 60_000, Span(0, len(CLAIM)), "kb:0-8")
    (found,) = await reader.opinions([passage], [frozenset({question})])
    return found[question]


@pytest.mark.parametrize(
    ("reply", "claim", "score"),
    [
        (chat("contradicted"), "claim.contradicted", 1.0),
        (chat(" Supported.\n"), "claim.supported", 1.0),
        (chat("unsupported"), "claim.unsupported", 1.0),
        (chat("<think>\nIt says closed, so supported is wrong.\n</think>\n\ncontradicted"),
         "claim.contradicted", 1.0),
        (chat("supported", ("supported", {"supported": 0.6, "contradicted": 0.3, "un": 0.1})),
         "claim.supported", 0.6),
    ],
)  # fmt: skip
async def test_one_of_three_words_is_a_verdict(
    model: tuple[ScriptedUpstream, str],
    client: httpx.AsyncClient,
    reply: Any,
    claim: str,
    score: float,
) -> None:
    made = await opinion(model, client, reply)
    assert (made.claim, made.failed) == (claim, None)
    assert made.score == pytest.approx(score, abs=1e-3)


@pytest.mark.parametrize(
    "reply",
    [
        chat(REFUSES),
        chat("The claim is supported by the second source."),
        chat("not supported"),
        chat("<think>\nStill thinking about supported"),
        chat(None),
        {"choices": []},
    ],
)
async def test_anything_else_is_a_failure(
    model: tuple[ScriptedUpstream, str], client: httpx.AsyncClient, reply: Any
) -> None:
    made = await opinion(model, client, reply)
    assert (made.claim, made.failed, made.score) == ("", Reason.ERROR, None)


async def test_claim_sources_and_question_are_data_and_the_nearest_source_comes_first(
    model: tuple[ScriptedUpstream, str], client: httpx.AsyncClient
) -> None:
    await opinion(model, client, chat("supported"))
    body = model[0].received[-1].body
    assert orjson.loads(body["messages"][1]["content"]) == {
        "question": "几点开？",
        "sources": ["图书馆周日闭馆。", "About parking."],
        "before": "开放时间如下。",
        "claim": CLAIM,
    }
    assert (body["logprobs"], body["max_tokens"]) == (True, 8)


async def test_a_model_that_thinks_first_gets_its_tokens_and_no_logprobs(
    model: tuple[ScriptedUpstream, str], client: httpx.AsyncClient
) -> None:
    made = await opinion(model, client, chat("supported"), max_tokens=4000)
    body = model[0].received[-1].body
    assert made.level is Level.HIGH
    assert body["max_tokens"] == 4000
    assert "logprobs" not in body


@pytest.mark.parametrize(
    ("word", "claim"), [("yes", "claim.unsupported"), ("no", "claim.supported")]
)
async def test_granite_guardian_judges_claims_by_groundedness(
    model: tuple[ScriptedUpstream, str], client: httpx.AsyncClient, word: str, claim: str
) -> None:
    given = {"format": "granite_guardian", "criteria": ("groundedness",)}
    made = await opinion(model, client, chat(f"<score> {word} </score>"), **given)
    assert (made.claim, made.score) == (claim, 1.0)


async def test_a_judge_that_says_nothing_of_claims_has_not_answered(
    model: tuple[ScriptedUpstream, str], client: httpx.AsyncClient
) -> None:
    given = {"format": "question", "question": "Is it true?"}
    assert (await opinion(model, client, chat("yes"), **given)).failed is Reason.ERROR


def test_long_sources_are_read_around_the_evidence_and_up_to_a_bound() -> None:
    long = "a" * 50_000 + "THE PLACE" + "b" * 50_000
    sources = (*(Source(f"s{i}", "x" * 9_000) for i in range(9)), Source("kb", long))
    chosen = near(sources, "kb:50000-50009")
    assert "THE PLACE" in chosen[0].text
    assert sum(len(s.text) for s in chosen) == MAX_SOURCES
    assert [s.id for s in chosen] == ["kb", "s0", "s1"]


def test_without_sources_nothing_is_asked() -> None:
    settings = JudgeSettings("r1", "http://unused", "m", format="claims")
    assert Claims().requests(Judged(CLAIM, answered=True), settings) == ()
    assert len(Claims().requests(Judged(CLAIM, answered=True, sources=("s",)), settings)) == 1
