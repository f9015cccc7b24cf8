"""A language model as a detector, over a real socket: yes, no, nonsense, silence, too many calls."""

from __future__ import annotations

import httpx
import orjson
import pytest
from threegate.detectors.judges.detector import LlmJudge
from threegate.settings import JudgeSettings
from threegate.types import Channel, Failed, Layer, Passage, Reason, TextLocation

from tests.scripted_upstream import ScriptedUpstream

LOCUS = TextLocation(Layer.OUTPUT, Channel.CONTENT)


def judge(url: str, client: httpx.AsyncClient, **more: object) -> LlmJudge:
    settings = JudgeSettings("tone", url, "deepseek-r1", "Is the text rude?", **more)  # type: ignore[arg-type]
    return LlmJudge(settings, "", client)


def say(demo: ScriptedUpstream, word: str) -> None:
    body = {"choices": [{"index": 0, "message": {"role": "assistant", "content": word}}]}
    demo.play([orjson.dumps(body)], media_type="application/json")


@pytest.mark.parametrize(
    ("word", "found"), [("Yes.", True), ("no", False), ("No, it is fine", False), ("是", None)]
)
async def test_answers(
    model: tuple[ScriptedUpstream, str], client: httpx.AsyncClient, word: str, found: bool | None
) -> None:
    demo, url = model
    say(demo, word)
    passage = Passage(LOCUS, 'you "fool"', question="hi")
    (answer,) = await judge(url, client).judge([passage])
    if found is None:
        assert answer == Failed("judge_tone", Reason.ERROR, LOCUS)
    else:
        assert isinstance(answer, tuple)
        assert [f.kind for f in answer] == (["judge.tone"] if found else [])
    sent = demo.received[-1].body["messages"]
    assert "Is the text rude?" in sent[0]["content"]
    assert orjson.loads(sent[1]["content"]) == {"question": "hi", "text": 'you "fool"'}


async def test_people_see_what_a_judge_is_asked(client: httpx.AsyncClient) -> None:
    assert judge("http://127.0.0.1:1", client).info.title.en == "tone: Is the text rude?"


async def test_an_endpoint_that_fails_is_a_failure(client: httpx.AsyncClient) -> None:
    (answer,) = await judge("http://127.0.0.1:1", client).judge([Passage(LOCUS, "x")])
    assert answer == Failed("judge_tone", Reason.ERROR, LOCUS)


async def test_beyond_its_calls_a_judge_is_overloaded(
    model: tuple[ScriptedUpstream, str], client: httpx.AsyncClient
) -> None:
    demo, url = model
    say(demo, "no")
    limited = judge(url, client, calls_per_minute=1)
    assert await limited.judge([Passage(LOCUS, "x")]) == [()]
    (second,) = await limited.judge([Passage(LOCUS, "y")])
    assert second == Failed("judge_tone", Reason.OVERLOAD, LOCUS)
