"""Sampling parameters stay within the bounds of the rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.policy.model import (
    Clamp,
)
from threegate.wire.adapter import Api

from tests.guard.test_constraint import HI, rule, run

SAMPLING = rule(
    clamp=(
        ("temperature", Clamp(min=0.3, max=0.7, default=0.6)),
        ("top_p", Clamp(min=0.85, max=0.95)),
        ("max_tokens", Clamp(max=100)),
        ("n", Clamp(force=1)),
        ("logit_bias", Clamp(drop=True)),
    )
)


@pytest.mark.parametrize(
    ("sent", "becomes"),
    [
        ({}, {"temperature": 0.6, "n": 1}),
        ({"temperature": 2}, {"temperature": 0.7}),
        ({"temperature": 0}, {"temperature": 0.3}),
        ({"temperature": 0.5, "top_p": 1}, {"temperature": 0.5, "top_p": 0.95}),
        ({"max_tokens": 5000}, {"max_tokens": 100}),
        ({"max_completion_tokens": 5000}, {"max_completion_tokens": 100}),
        (
            {"max_completion_tokens": 5, "max_tokens": 5000, "max_output_tokens": 5000},
            {"max_completion_tokens": 5, "max_tokens": 100, "max_output_tokens": 100},
        ),
        ({"max_output_tokens": 5000}, {"max_output_tokens": 100}),
        ({"max_tokens": 5, "n_predict": -1}, {"max_tokens": 5, "n_predict": 100}),
        ({"n": 8}, {"n": 1}),
    ],
)
def test_clamps(sent: dict[str, Any], becomes: dict[str, Any]) -> None:
    body = run({**HI, **sent, "logit_bias": {"1": 2}}, SAMPLING).body
    assert {k: body[k] for k in becomes} == becomes
    assert "logit_bias" not in body


@pytest.mark.parametrize(
    ("name", "sent", "becomes"),
    [
        ("max_tokens", -1, 100),
        ("max_completion_tokens", -2, 100),
        ("max_tokens", 0, 0),
        ("top_k", -1, 20),
        ("top_k", 0, 20),
        ("top_logprobs", -1, 20),
        ("logprobs", -1, 20),
        ("seed", -1, -1),
        ("temperature", -1, -1),
    ],
)
def test_a_number_that_means_no_limit_is_the_limit(name: str, sent: int, becomes: int) -> None:
    """llama.cpp and Ollama answer without end at -1; vLLM takes every token for `top_k` and every
    log probability."""
    bounds = tuple((field, Clamp(max=20)) for field in ("top_k", "top_logprobs", "logprobs"))
    others = (("max_tokens", Clamp(max=100)), ("seed", Clamp(max=5)), ("temperature", Clamp(max=1)))
    done = run({**HI, name: sent}, rule(clamp=(*bounds, *others)))
    assert done.body[name] == becomes
    assert len(done.changes) == (sent != becomes)


@pytest.mark.parametrize(
    ("sent", "becomes"),
    [
        ({"min_tokens": 5000}, {"min_tokens": 100}),
        ({"min_tokens": 5}, {"min_tokens": 5}),
        ({"min_tokens": -1}, {"min_tokens": -1}),
        ({"thinking_budget": 5000}, {"thinking_budget": 99}),
        ({"thinking_budget": -1}, {"thinking_budget": 99}),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 5000}},
            {"thinking": {"type": "enabled", "budget_tokens": 99}},
        ),
        (
            {"reasoning": {"effort": "low", "max_tokens": 5000}},
            {"reasoning": {"effort": "low", "max_tokens": 99}},
        ),
        (
            {"reasoning": "x", "thinking": {"type": "x"}},
            {"reasoning": "x", "thinking": {"type": "x"}},
        ),
    ],
)
def test_what_is_within_an_answer_is_within_its_limit(
    sent: dict[str, Any], becomes: dict[str, Any]
) -> None:
    for clamp in (Clamp(max=100), Clamp(force=100)):
        body = run({**HI, **sent}, rule(clamp=(("max_tokens", clamp),))).body
        assert {name: body[name] for name in becomes} == becomes
    least = rule(clamp=(("max_tokens", Clamp(min=10)),))
    assert run({**HI, **sent}, least).body == {**HI, **sent}


def test_a_budget_that_is_no_number_is_refused() -> None:
    """An engine may read `"5000"` as 5000."""
    bound = rule(clamp=(("max_tokens", Clamp(max=100)),))
    for more in ({"min_tokens": "5000"}, {"thinking": {"budget_tokens": "5000"}}):
        refused = run({**HI, **more}, bound).refusal
        assert refused is not None
        assert refused.code == "invalid_request"


@pytest.mark.parametrize("api", Api)
def test_a_maximum_is_never_sent_where_the_client_named_none(api: Api) -> None:
    body = {"model": "m", "input": "x", "prompt": "x", "messages": HI["messages"]}
    done = run(body, rule(clamp=(("max_tokens", Clamp(max=100)),)), api=api)
    assert done.body == body
    assert not done.changes


def test_a_policy_may_send_a_default_maximum() -> None:
    default = rule(clamp=(("max_tokens", Clamp(max=100, default=50)),))
    assert run(HI, default).body["max_tokens"] == 50


def test_a_number_that_is_none_is_refused_by_name() -> None:
    refusal = run({**HI, "temperature": "hot"}, SAMPLING).refusal
    assert refusal is not None
    assert refusal.param == "/temperature"
    assert "hot" not in refusal.message.en + refusal.message.zh


numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**6), 10**6)


@given(numbers)
def test_no_value_escapes_its_bounds(value: float) -> None:
    body = run({**HI, "temperature": value}, SAMPLING).body
    assert 0.3 <= body["temperature"] <= 0.7


def test_of_two_rules_the_stricter_wins_whatever_their_order() -> None:
    wide = rule("wide", clamp=(("temperature", Clamp(max=0.9)),))
    narrow = rule("narrow", clamp=(("temperature", Clamp(max=0.5)),))
    for order in ((wide, narrow), (narrow, wide)):
        assert run({**HI, "temperature": 2}, *order).body["temperature"] == 0.5
