"""Limits in a real Redis: exact for many clients at once, and a clear story when it is away."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from contextlib import suppress

import pytest
from redis.exceptions import TimeoutError as RedisTimeoutError
from threegate.errors import RequestError
from threegate.limits.redis import (
    MAX_CONCURRENT_QUERIES,
    PREFIX,
    TIMEOUT_S,
    RedisLimiter,
)
from threegate.limits.store import Lease
from threegate.policy.model import Limits

from tests.waiting import PATIENCE_S

URL = os.environ.get("THREEGATE_TEST_REDIS", "")

needs_redis = pytest.mark.skipif(not URL, reason="THREEGATE_TEST_REDIS names no server")


@pytest.mark.redis
@needs_redis
async def test_a_burst_from_two_replicas_lets_through_exactly_the_limit() -> None:
    replicas = [RedisLimiter.open(URL), RedisLimiter.open(URL)]
    scope, limits = uuid.uuid4().hex, Limits(requests_per_minute=50)

    waits: list[float] = []

    async def one(i: int) -> bool:
        try:
            await replicas[i % 2].admit(scope, limits)
        except RequestError as error:
            waits.append(error.retry_after or 0)
            return False
        return True

    passed = await asyncio.gather(*(one(i) for i in range(400)))
    assert sum(passed) == 50
    assert all(1 <= wait <= 60 for wait in waits)
    for replica in replicas:
        await replica.aclose()


@pytest.mark.redis
@needs_redis
async def test_places_and_tokens_are_shared() -> None:
    first, second = RedisLimiter.open(URL), RedisLimiter.open(URL)
    scope, limits = uuid.uuid4().hex, Limits(concurrency=1, tokens_per_day=100)
    lease = await first.admit(scope, limits)
    with pytest.raises(RequestError, match="at the same time"):
        await second.admit(scope, limits)
    await first.settle(lease, 100)
    with pytest.raises(RequestError, match="tokens"):
        await second.admit(scope, limits)
    await first.aclose()
    await second.aclose()


@pytest.mark.redis
@needs_redis
async def test_a_server_whose_clock_is_set_back_locks_nobody_out() -> None:
    limiter, scope = RedisLimiter.open(URL), uuid.uuid4().hex
    base, later_us = PREFIX + scope, (time.time() + 3600) * 1e6
    await limiter.client.zadd(f"{base}:r", {"of an hour later": later_us})
    await limiter.client.zadd(f"{base}:l", {"of a dead process": later_us})
    lease = await limiter.admit(scope, Limits(requests_per_minute=1))
    until_us = await limiter.client.zscore(f"{base}:l", "of a dead process")
    assert until_us == await limiter.client.zscore(f"{base}:l", lease.id)
    with pytest.raises(RequestError, match="requests"):
        await limiter.admit(scope, Limits(requests_per_minute=1))
    await limiter.aclose()


@pytest.mark.redis
@needs_redis
async def test_a_call_that_is_cancelled_while_it_settles_gives_its_place_back() -> None:
    limiter, scope, limits = RedisLimiter.open(URL), uuid.uuid4().hex, Limits(concurrency=1)
    lease = await limiter.admit(scope, limits)
    await limiter.client.connection_pool.disconnect()  # to connect takes several turns of the loop
    settling = asyncio.ensure_future(limiter.settle(lease, 0))
    await asyncio.sleep(0)
    await _is_cancelled(settling)
    await _is_free(limiter, scope, limits)


async def test_a_place_that_is_being_given_back_is_awaited_at_the_end() -> None:
    limiter, given_back = RedisLimiter.open("redis://127.0.0.1:1/0"), asyncio.Event()

    async def settle(**_: object) -> None:
        await asyncio.sleep(0.01)
        given_back.set()

    limiter._settle = settle
    settling = asyncio.ensure_future(limiter.settle(Lease("a", "s", Limits()), 0))
    await asyncio.sleep(0)
    await _is_cancelled(settling)
    await limiter.aclose()
    assert given_back.is_set()


@pytest.mark.redis
@needs_redis
async def test_a_call_that_is_cancelled_while_it_is_admitted_gives_its_place_back() -> None:
    limiter, scope, limits = RedisLimiter.open(URL), uuid.uuid4().hex, Limits(concurrency=1)
    counted, admit = asyncio.Event(), limiter._admit

    async def late(**asked: object) -> None:
        await admit(**asked)  # type: ignore[operator]
        counted.set()
        await asyncio.sleep(PATIENCE_S)

    limiter._admit = late
    admitting = asyncio.ensure_future(limiter.admit(scope, limits))
    await counted.wait()
    await _is_cancelled(admitting)
    limiter._admit = admit
    await _is_free(limiter, scope, limits)


@pytest.mark.redis
@needs_redis
async def test_a_place_is_kept_while_its_process_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threegate.limits.redis.LEASE_S", 1)
    monkeypatch.setattr("threegate.limits.redis.RENEW_S", 0.05)
    killed, other = RedisLimiter.open(URL), RedisLimiter.open(URL)
    scope, limits = uuid.uuid4().hex, Limits(concurrency=1)
    lease = await killed.admit(scope, limits)
    ends = [await other.client.zscore(f"{PREFIX}{scope}:l", lease.id)]
    async with asyncio.timeout(10):
        while ends[-1] < ends[0] + 1_500_000:  # longer than without a renewal
            ends.append(await other.client.zscore(f"{PREFIX}{scope}:l", lease.id))
            await asyncio.sleep(0.01)
    with pytest.raises(RequestError, match="at the same time"):
        await other.admit(scope, limits)
    await killed.aclose()
    await _is_free(other, scope, limits)


async def _is_cancelled(task: asyncio.Future[object]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _is_free(limiter: RedisLimiter, scope: str, limits: Limits) -> None:
    """A place, within a moment."""
    async with asyncio.timeout(10):
        while True:
            with suppress(RequestError):
                await limiter.admit(scope, limits)
                break
            await asyncio.sleep(0.01)
    await limiter.aclose()


async def test_without_the_store_each_process_limits_by_itself() -> None:
    told: list[None] = []
    limiter = RedisLimiter.open("redis://127.0.0.1:1/0", lambda: told.append(None))
    limits = Limits(requests_per_minute=2)
    leases = [await limiter.admit("s", limits) for _ in range(2)]
    assert all(lease.local for lease in leases)
    with pytest.raises(RequestError):
        await limiter.admit("s", limits)
    await limiter.settle(leases[0], 5)
    assert len(told) == 3
    await limiter.aclose()


async def test_what_waits_for_a_silent_store_does_not_ask_it_again() -> None:
    asked: list[bytes] = []

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(1))
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        limiter = RedisLimiter.open(f"redis://127.0.0.1:{port}/0")
        limits = Limits(requests_per_minute=100)
        leases = await asyncio.gather(*(limiter.admit("s", limits) for _ in range(80)))
        assert all(lease.local for lease in leases)
        assert len(asked) <= 2 * MAX_CONCURRENT_QUERIES  # a busy machine asks once more
        await limiter.aclose()


async def test_one_call_looks_whether_a_store_is_back_and_the_log_has_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Five calls before each attempt, and five that come while the attempt is waiting."""
    caplog.set_level("INFO", logger="threegate.limits.redis")
    limiter, now, asked = RedisLimiter.open("redis://127.0.0.1:1/0"), [0.0], list[float]()
    silent, back = asyncio.Event(), False

    async def answer(keys: list[str], args: list[object]) -> tuple[bytes, int]:
        asked.append(now[0])
        await silent.wait()
        if back:
            return b"", 0
        raise RedisTimeoutError

    limiter.clock, limiter._admit = lambda: now[0], answer
    limits = Limits(requests_per_minute=1000)
    for _ in range(3):
        silent.clear()
        calls = [asyncio.ensure_future(limiter.admit("s", limits)) for _ in range(5)]
        await asyncio.sleep(0)
        silent.set()
        assert all(lease.local for lease in await asyncio.gather(*calls))
        now[0] += 1.5
    assert asked == [0.0] * 5 + [1.5, 3.0]
    back = True
    assert not (await limiter.admit("s", limits)).local
    assert not (await limiter.admit("s", limits)).local
    said = [r.getMessage().partition(" is ")[2].partition(":")[0] for r in caplog.records]
    assert said == ["unreachable (TimeoutError)", "reachable again"]
    await limiter.aclose()


class Busy:
    """A store that answers the second question; the first one times out so much too late."""

    def __init__(self, limiter: RedisLimiter, late_s: float) -> None:
        self.now, self.asked, self._late_s = 0.0, 0, late_s
        limiter.clock, limiter._admit = lambda: self.now, self

    async def __call__(self, keys: list[str], args: list[object]) -> tuple[bytes, int]:
        self.asked += 1
        if self.asked == 1:
            self.now += TIMEOUT_S + self._late_s
            raise RedisTimeoutError
        return b"", 0


@pytest.mark.parametrize(("late_s", "local"), [(0.5, False), (0.01, True)])
async def test_who_was_busy_itself_asks_once_more(late_s: float, local: bool) -> None:
    limiter = RedisLimiter.open("redis://127.0.0.1:1/0")
    busy = Busy(limiter, late_s)
    lease = await limiter.admit("s", Limits(requests_per_minute=2))
    assert (lease.local, busy.asked) == (local, 1 if local else 2)
    await limiter.aclose()
