"""A caller's limits around one call, and what a call is counted for."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from threegate.errors import RequestError
from threegate.gateway.access.rate_limit import limited, rate_headers
from threegate.gateway.answer.output_layer import output_layer
from threegate.limits.store import Allowance, estimated_tokens
from threegate.policy.model import ConstraintRule, Limits, LimitScope
from threegate.types import Bilingual, Caller, Usage
from threegate.upstream.tokens import tokenizer_of
from threegate_classifiers.registry import SHIPPED as MODELS
from threegate_classifiers.registry import find

from tests.gateway.calls import NOWHERE, Said, call_of, deps_of
from tests.gateway.shell import policy, stream_of

SHIPPED = str(find(MODELS, "guard").folder / "tokenizer.json")
TEXT = "information " * 40


def asking(text: str) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}]}


def limits_of(**more: Any) -> Any:
    rule = ConstraintRule("limits", Bilingual("", ""), limits=Limits(**more))
    return replace(policy(), constraints=(rule,))


async def test_a_place_is_held_while_the_call_lasts(tmp_path: Path) -> None:
    rules = limits_of(concurrency=1)
    deps = deps_of(tmp_path, rules)
    first, second = call_of(deps, rules)[0], call_of(deps, rules)[0]
    async with limited(first):
        with pytest.raises(RequestError) as caught:
            async with limited(second):
                pass
    assert caught.value.status == 429
    async with limited(second):
        pass
    await deps.upstreams.aclose()


async def test_what_is_left_is_in_the_headers(tmp_path: Path) -> None:
    rules = limits_of(requests_per_minute=2, tokens_per_minute=100)
    deps = deps_of(tmp_path, rules)
    seen = []
    for _ in range(2):
        call = call_of(deps, rules)[0]
        async with limited(call):
            call.trail.usage = Usage(input=3, output=4)
        names = ("remaining-requests", "remaining-tokens", "limit-tokens")
        seen.append([call.out.headers[f"x-ratelimit-{name}"] for name in names])
    assert seen == [["1", "100", "100"], ["0", "93", "100"]]
    call = call_of(deps, rules)[0]
    with pytest.raises(RequestError):
        async with limited(call):
            pass
    assert call.out.headers["x-ratelimit-remaining-requests"] == "0"
    assert int(call.out.headers["x-ratelimit-reset-requests"].rstrip("s")) in range(1, 61)
    await deps.upstreams.aclose()


async def test_a_place_comes_back_when_the_count_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = limits_of(concurrency=1, tokens_per_day=10)
    deps = deps_of(tmp_path, rules)

    async def failing(call: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr("threegate.gateway.access.rate_limit._used", failing)
    with pytest.raises(ZeroDivisionError):
        async with limited(call_of(deps, rules, asking(TEXT))[0]):
            pass
    with pytest.raises(RequestError, match="limit of tokens"):  # not of calls
        async with limited(call_of(deps, rules, asking(TEXT))[0]):
            pass
    await deps.upstreams.aclose()


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_tokens_are_counted_or_estimated(tmp_path: Path, language: str) -> None:
    rules = limits_of(tokens_per_day=1000)
    deps = deps_of(tmp_path, rules)
    told, _ = call_of(deps, rules, caller=Caller(key_id="told"))
    async with limited(told):
        told.trail.usage = Usage(400, 700)
    with pytest.raises(RequestError):
        async with limited(call_of(deps, rules, caller=Caller(key_id="told"))[0]):
            pass
    untold = Caller(key_id="untold", language=language)
    silent, _ = call_of(deps, rules, asking("hi"), caller=untold)
    async with limited(silent):
        silent.trail.upstream_status, silent.trail.answer_chars = 200, 6000
    with pytest.raises(RequestError):
        async with limited(call_of(deps, rules, caller=untold)[0]):
            pass
    refused = Caller(key_id="refused")
    failed, _ = call_of(deps, rules, asking(TEXT * 90), caller=refused)
    async with limited(failed):
        failed.trail.upstream_status = 503
    async with limited(call_of(deps, rules, caller=refused)[0]):
        pass
    await deps.upstreams.aclose()


async def test_a_tenant_may_share_what_its_keys_have_each(tmp_path: Path) -> None:
    for per, passes in ((LimitScope.KEY, True), (LimitScope.TENANT, False)):
        rules = limits_of(requests_per_minute=1, per=per)
        deps = deps_of(tmp_path, rules)
        async with limited(call_of(deps, rules, caller=Caller(tenant="a", key_id="one"))[0]):
            pass
        other = call_of(deps, rules, caller=Caller(tenant="a", key_id="two"))[0]
        stranger = call_of(deps, rules, caller=Caller(tenant="b", key_id="three"))[0]
        with nullcontext() if passes else pytest.raises(RequestError):
            async with limited(other):
                pass
        async with limited(stranger):
            pass
        await deps.upstreams.aclose()


@pytest.mark.parametrize("spare", [0, -1])
async def test_an_answer_that_nobody_counted_is_counted_by_the_models_own_tokenizer(
    tmp_path: Path, spare: int
) -> None:
    own = tokenizer_of(SHIPPED)
    assert own is not None
    used = own.count([TEXT, TEXT * 3])
    assert used < estimated_tokens(TEXT * 4)
    rules = limits_of(tokens_per_day=used + 1 + spare)
    deps = deps_of(tmp_path, rules, upstream=replace(NOWHERE, tokenizer=SHIPPED))
    call, sent = call_of(deps, rules, asking(TEXT) | {"stream": True})
    events = {"content-type": "text/event-stream"}
    async with limited(call):
        await output_layer(call, Said([stream_of([TEXT * 3])], headers=events))  # type: ignore[arg-type]
    assert b"[DONE]" in sent.data
    with nullcontext() if spare == 0 else pytest.raises(RequestError):
        async with limited(call_of(deps, rules)[0]):
            pass
    assert deps.audit.contents == [None]  # type: ignore[attr-defined]
    await deps.upstreams.aclose()


@pytest.mark.parametrize("tokenizer", ["", SHIPPED])
async def test_the_context_is_held_against_the_request_as_it_is_sent(
    tmp_path: Path, tokenizer: str
) -> None:
    own = tokenizer_of(tokenizer)
    tokens = own.count([TEXT]) if own else estimated_tokens(TEXT)
    for spare, passes in ((0, True), (-1, False)):
        rules = limits_of(context_tokens=tokens + spare)
        deps = deps_of(tmp_path, rules, upstream=replace(NOWHERE, tokenizer=tokenizer))
        call, _ = call_of(deps, rules, asking("short"))
        call.body = asking(TEXT)  # as the layers left it
        if passes:
            async with limited(call):
                pass
        else:
            with pytest.raises(RequestError, match="larger than") as caught:
                async with limited(call):
                    pass
            assert caught.value.code == "context_too_large"
        await deps.upstreams.aclose()


def test_the_one_with_the_least_left_is_reported() -> None:
    wide, narrow = (
        Allowance("requests", 100, 50, 60.0),
        Allowance("requests", 10, 3, 12.2),
    )
    expected = {
        "x-ratelimit-limit-requests": "10",
        "x-ratelimit-remaining-requests": "3",
        "x-ratelimit-reset-requests": "13s",
    }
    assert rate_headers([wide, narrow]) == rate_headers([narrow, wide]) == expected


def test_nothing_is_less_than_nothing() -> None:
    spent = rate_headers([Allowance("tokens", 10, -5, 1)])
    assert spent["x-ratelimit-remaining-tokens"] == "0"
    assert rate_headers([]) == {}
