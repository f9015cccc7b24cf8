"""A caller's limits around one call: a place before the model is asked, tokens counted after."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from threegate.errors import RequestError
from threegate.gateway.call import Call
from threegate.policy.model import Limits
from threegate.state.limits import estimated_length, estimated_tokens, scope_of


@asynccontextmanager
async def limited(call: Call) -> AsyncIterator[None]:
    """Raises RequestError 429 when a limit is reached, 400 when the context is too large."""
    async with AsyncExitStack() as stack:
        for rule_id, limits in call.constraints.limits:
            await _check_context(call, limits)
            await stack.enter_async_context(_place(call, rule_id, limits))
        yield


@asynccontextmanager
async def _place(call: Call, rule_id: str, limits: Limits) -> AsyncIterator[None]:
    try:
        lease = await call.deps.limiter.admit(scope_of(call.caller, rule_id), limits)
    except RequestError:
        call.deps.metrics.limited.labels(rule_id).inc()
        raise
    if lease.local:
        call.ledger.degraded.append("state:limits")
    try:
        yield
    finally:
        await call.deps.limiter.settle(lease, _used(call))


def _used(call: Call) -> int:
    """Tokens of one call; estimated where the model API does not tell, as in many streams."""
    ledger = call.ledger
    if ledger.usage is not None:
        return ledger.usage.input + ledger.usage.output
    if not 200 <= ledger.upstream_status < 400:
        return 0
    asked = sum(estimated_tokens(s.text) for s in call.slots)
    return asked + estimated_length(ledger.answer_chars, call.caller.language)


async def _check_context(call: Call, limits: Limits) -> None:
    """Held against the request as the model gets it."""
    if limits.context_tokens is None:
        return
    texts = [s.text for s in call.adapter.request_slots(call.body)]
    if await _exceeds(call, texts, limits.context_tokens):
        text = f"the context is larger than {limits.context_tokens} tokens"
        raise RequestError(text, code="context_too_large", param="/messages")


async def _exceeds(call: Call, texts: Sequence[str], limit: int) -> bool:
    model, tenant = call.adapter.model(call.body), call.caller.tenant
    tokenizer = call.deps.upstreams.tokenizer(model, tenant)
    if tokenizer is None:
        return sum(map(estimated_tokens, texts)) > limit
    return await tokenizer.exceeds(texts, limit)
