from __future__ import annotations

import pytest
from openai.types import Completion
from openai.types.chat import ChatCompletion
from threegate.types import Bilingual, Usage
from threegate.wire.adapter import Body, Outcome, OutcomeKind
from threegate.wire.openai.choice_bodies import blocked_body, finish_of, usage_of

BLOCK = Outcome(OutcomeKind.BLOCK, "d-1", "rule.1", Bilingual("已拦截", "Blocked"), created=7)
ANSWER = Outcome(OutcomeKind.ANSWER, "d-2", "rule.2", Bilingual("", ""), answer="请咨询医生。")
COUNTS = {"prompt_tokens": 9, "completion_tokens": 5}


@pytest.mark.parametrize(
    ("more", "cached", "reasoning"),
    [
        ({}, 0, 0),
        ({"prompt_cache_hit_tokens": 6}, 6, 0),
        ({"prompt_tokens_details": {"cached_tokens": 8}}, 8, 0),
        ({"completion_tokens_details": {"reasoning_tokens": 3}}, 0, 3),
        ({"prompt_tokens_details": None, "completion_tokens_details": "odd"}, 0, 0),
    ],
    ids=["plain", "deepseek", "cached", "reasoning", "odd"],
)
def test_usage_as_providers_write_it(more: Body, cached: int, reasoning: int) -> None:
    found = usage_of({"usage": COUNTS | more})
    assert found == Usage(input=9, output=5, cached=cached, reasoning=reasoning)


@pytest.mark.parametrize("body", [{}, {"usage": None}, {"usage": [1]}])
def test_a_body_without_usage_has_none(body: Body) -> None:
    assert usage_of(body) is None


def test_a_curated_answer_stops_and_a_block_is_filtered() -> None:
    assert (finish_of(ANSWER), finish_of(BLOCK)) == ("stop", "content_filter")


def test_a_blocked_body_is_one_that_the_official_client_reads() -> None:
    message: Body = {"message": {"role": "assistant", "content": BLOCK.text}}
    body = blocked_body("chatcmpl", "chat.completion", "r1", BLOCK, message)
    chat = ChatCompletion.model_validate(body)
    assert (chat.id, chat.created, chat.model) == ("chatcmpl-d-1", 7, "r1")
    assert chat.choices[0].finish_reason == "content_filter"
    assert body["threegate"]["rule_id"] == "rule.1"
    body = blocked_body("cmpl", "text_completion", "r1", BLOCK, {"text": "x"}, finish="stop")
    assert Completion.model_validate(body).choices[0].finish_reason == "stop"
