"""A caller's limits around one call: a place before the model is asked, tokens counted after."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from threegate.errors import RequestError
from threegate.gateway.call import Call
from threegate.policy.model import Limits
from threegate.state.limits import estimated_tokens, scope_of


@asynccontextmanager
async def limited(call: Call) -> AsyncIterator[None]:
    """Raises RequestError 429 when a limit is reached, 400 when the context is too large."""
    async with AsyncExitStack() as stack:
        for rule_id, limits in call.constraints.limits:
            _check_context(call, limits)
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
        usage = call.ledger.usage
        used = usage.input + usage.output if usage is not None else 0
        await call.deps.limiter.settle(lease, used)


def _check_context(call: Call, limits: Limits) -> None:
    if limits.context_tokens is None:
        return
    if sum(estimated_tokens(s.text) for s in call.slots) > limits.context_tokens:
        text = f"the context is larger than {limits.context_tokens} tokens"
        raise RequestError(text, code="context_too_large", param="/messages")
