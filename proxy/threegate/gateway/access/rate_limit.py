"""Applies a caller's limits to one call: leases before the model is called, tokens counted
afterwards."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from typing import Final

from threegate.errors import RequestError
from threegate.gateway.context import CallContext
from threegate.i18n.messages import localized
from threegate.limits.store import (
    Allowance,
    Lease,
    LimitReached,
    estimated_length,
    estimated_tokens,
    scope_of,
)
from threegate.policy.model import Limits
from threegate.upstream.tokens import ModelTokenizer


def limited(call: CallContext) -> AbstractAsyncContextManager[None]:
    """Raises RequestError 429 when a limit is reached, 400 when the context is too large."""
    return _limited(call) if call.constraints.limits else nullcontext()


@asynccontextmanager
async def _limited(call: CallContext) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        allowances: list[Allowance] = []
        for rule_id, limits in call.constraints.limits:
            await _check_context(call, limits)
            lease = await stack.enter_async_context(_leased(call, rule_id, limits))
            allowances += lease.allowances
        call.out.headers |= rate_headers(allowances)
        yield


@asynccontextmanager
async def _leased(call: CallContext, rule_id: str, limits: Limits) -> AsyncIterator[Lease]:
    try:
        lease = await call.deps.limiter.admit(scope_of(call.caller, rule_id, limits), limits)
    except LimitReached as reached:
        call.deps.metrics.limited.labels(rule_id).inc()
        call.out.headers |= rate_headers(reached.allowances)
        raise
    if lease.local:
        call.trail.degraded.append("state:limits")
    try:
        yield lease
    finally:
        await _settle(call, lease)


async def _settle(call: CallContext, lease: Lease) -> None:
    """Ends the lease. If counting by the tokenizer fails, an estimate is used."""
    used = _estimated(call) if lease.limits.by_tokens else 0
    try:
        used = await _used(call) if lease.limits.by_tokens else 0
    finally:
        await call.deps.limiter.settle(lease, used)


async def _used(call: CallContext) -> int:
    """Tokens of one call as reported by the model API; if it reports none, as in many streams, they
    are counted by the model's tokenizer or estimated."""
    trail = call.trail
    if trail.usage is not None:
        return trail.usage.input + trail.usage.output
    if not 200 <= trail.upstream_status < 400:
        return 0
    if (tokenizer := _tokenizer(call)) is not None:
        return await asyncio.to_thread(tokenizer.count, [*call.body_texts(), *call.answer_texts])
    return _estimated(call)


def _estimated(call: CallContext) -> int:
    request_text = sum(estimated_tokens(s.text) for s in call.slots)
    return request_text + estimated_length(call.trail.answer_chars, call.caller.language)


def counts_text(call: CallContext) -> bool:
    """Whether the answer's texts must be kept until its end, to be counted."""
    limited = any(limits.by_tokens for _, limits in call.constraints.limits)
    return limited and _tokenizer(call) is not None


def _tokenizer(call: CallContext) -> ModelTokenizer | None:
    return call.deps.model_api.tokenizer(call.adapter.model(call.body), call.caller.tenant)


async def _check_context(call: CallContext, limits: Limits) -> None:
    """Checks the context length of the request as the model gets it. Raises RequestError 400."""
    if limits.context_tokens is None:
        return
    texts = call.body_texts()
    if await _exceeds(call, texts, limits.context_tokens):
        text = localized("context", limit=limits.context_tokens)
        raise RequestError(text, code="context_too_large", param="/messages")


async def _exceeds(call: CallContext, texts: Sequence[str], limit: int) -> bool:
    tokenizer = _tokenizer(call)
    if tokenizer is None:
        return sum(map(estimated_tokens, texts)) > limit
    return await tokenizer.exceeds(texts, limit)


_PREFIX: Final = "x-ratelimit"


def rate_headers(allowances: Iterable[Allowance]) -> dict[str, str]:
    """`x-ratelimit-*` as the OpenAI API names them, for `requests` and `tokens` each: limit,
    remaining, and the time to a full allowance. If several limits apply to a call, the one with the
    least left is reported. A limit of this proxy takes the place of the model API's own header of
    the same name."""
    strictest: dict[str, Allowance] = {}
    for one in allowances:
        known = strictest.get(one.of)
        if known is None or one.remaining < known.remaining:
            strictest[one.of] = one
    return {name: value for one in strictest.values() for name, value in _headers(one)}


def _headers(one: Allowance) -> tuple[tuple[str, str], ...]:
    return (
        (f"{_PREFIX}-limit-{one.of}", str(one.limit)),
        (f"{_PREFIX}-remaining-{one.of}", str(max(0, one.remaining))),
        (f"{_PREFIX}-reset-{one.of}", f"{math.ceil(one.reset_s)}s"),
    )
