"""Limits in memory: exact in the window, places given back, tokens counted."""

from __future__ import annotations

import pytest
from threegate.errors import RequestError
from threegate.limits.store import LEASE_S, MemoryLimiter, estimated_tokens
from threegate.policy.model import Limits


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_requests_in_a_sliding_minute(clock: Clock) -> None:
    limiter, limits = MemoryLimiter(clock), Limits(requests_per_minute=3)
    for _ in range(3):
        await limiter.admit("s", limits)
        clock.now += 10
    with pytest.raises(RequestError) as refused:
        await limiter.admit("s", limits)
    assert refused.value.status == 429
    assert refused.value.retry_after == 30
    await limiter.admit("other", limits)
    clock.now += 31
    await limiter.admit("s", limits)


async def test_a_clock_that_is_set_back_locks_nobody_out(clock: Clock) -> None:
    """Machines whose hardware clock runs in local time begin hours ahead."""
    limiter, limits = MemoryLimiter(clock), Limits(requests_per_minute=2)
    for _ in range(2):
        await limiter.admit("s", limits)
    clock.now -= 3600
    for _ in range(2):
        await limiter.admit("s", limits)
    with pytest.raises(RequestError) as refused:
        await limiter.admit("s", limits)
    assert refused.value.retry_after == 60


async def test_places_come_back_also_from_a_worker_that_died(clock: Clock) -> None:
    limiter, limits = MemoryLimiter(clock), Limits(concurrency=1)
    first = await limiter.admit("s", limits)
    with pytest.raises(RequestError):
        await limiter.admit("s", limits)
    await limiter.settle(first, 0)
    await limiter.admit("s", limits)
    clock.now += LEASE_S + 1
    await limiter.admit("s", limits)


async def test_tokens_by_minute_and_day(clock: Clock) -> None:
    limiter, limits = MemoryLimiter(clock), Limits(tokens_per_minute=100, tokens_per_day=250)
    for _ in range(2):
        await limiter.settle(await limiter.admit("s", limits), 120)
        with pytest.raises(RequestError):
            await limiter.admit("s", limits)
        clock.now += 60
    await limiter.settle(await limiter.admit("s", limits), 120)
    clock.now += 60
    with pytest.raises(RequestError):
        await limiter.admit("s", limits)
    clock.now += 86_400
    await limiter.admit("s", limits)


def test_an_estimate_of_tokens() -> None:
    assert estimated_tokens("") == 1
    assert 20 <= estimated_tokens("word " * 20) <= 40
    assert 60 <= estimated_tokens("中" * 100) <= 110
