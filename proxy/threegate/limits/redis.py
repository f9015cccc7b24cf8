"""The same limits shared by all workers and replicas, in Redis or Valkey: one script (`*.lua`), one
round trip.

While the store cannot be reached, each process applies the limits to its own calls, and one call a
second tries the store again, so that the others do not wait for it. Such leases are marked `local`,
a metric counts them and the record of the call is marked degraded. The limit is then exceeded at
most by a factor of the number of processes, and never switched off.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib.resources import files

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from threegate.limits.store import Lease, LimitReached, MemoryLimiter, allowances_of
from threegate.policy.model import Limits
from threegate.settings.shown_address import without_password
from threegate.tasks import Tasks

log = logging.getLogger(__name__)

PREFIX = "threegate:limit:"
UNREACHABLE = "shared state at %s is unreachable (%s): limits are per process for now"
REACHABLE = "shared state at %s is reachable again: limits are shared"
TIMEOUT_S = 2.0
"""Longer than a busy event loop needs to read a reply: taking a slow process for an unreachable
store would make a limit too generous."""
LATE_S = 0.1
"""A timeout that fires so late shows that this process was busy, not that the store is
unreachable: one more attempt."""
AGAIN_S = 1.0
"""Before the next attempt after a failure."""
LEASE_S, RENEW_S = 90, 20
"""A taken slot is renewed while its process lives; a killed process's slots expire after this time.
(A process whose event loop is blocked for a minute is killed.)"""
CONNECTIONS = 32
MAX_CONCURRENT_QUERIES = 8
"""Concurrent scripts, each of which takes microseconds. More of them would only make a burst open
as many connections, and callers that queue here notice a failure that another one has just seen."""

_Answer = tuple[bytes, int] | tuple[bytes, int, int, int, int]
"""(limit reached, seconds to wait) and, for an admitted call, the usage of this minute: requests,
tokens, seconds to its end."""


@dataclass(slots=True)
class RedisLimiter:
    client: Redis
    address: str
    """Without a password, for the log."""

    unavailable: Callable[[], None] = lambda: None
    """Called for every lease that did not come from the store."""

    fallback: MemoryLimiter = field(default_factory=MemoryLimiter)
    clock: Callable[[], float] = time.monotonic
    _back_at: float = 0.0
    _away: bool = False
    _lanes: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(MAX_CONCURRENT_QUERIES)
    )
    _tasks: Tasks = field(default_factory=Tasks, repr=False)
    _taken: dict[str, str] = field(default_factory=dict, repr=False)  # scope by lease
    _renewing: asyncio.Task[None] | None = field(default=None, repr=False)
    _admit: object = field(init=False, repr=False)
    _settle: object = field(init=False, repr=False)
    _renew: object = field(init=False, repr=False)

    @classmethod
    def open(cls, url: str, unavailable: Callable[[], None] = lambda: None) -> RedisLimiter:
        """A limiter over a store at `url` (redis, rediss, unix); connects with the first call."""
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=TIMEOUT_S * 10,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
        )
        return cls(Redis(connection_pool=pool), without_password(url), unavailable)

    def __post_init__(self) -> None:
        self._admit = self._script("admit")
        self._settle = self._script("settle")
        self._renew = self._script("renew")

    def _script(self, name: str) -> object:
        source = files(__package__) / f"{name}.lua"
        return self.client.register_script(source.read_text("utf-8"))

    async def trouble(self) -> str:
        """Why the store cannot be used, to be reported at start-up; empty if it can."""
        try:
            await self.client.ping()
        except (RedisError, OSError) as error:
            return type(error).__name__
        return ""

    async def admit(self, scope: str, limits: Limits) -> Lease:
        lease = Lease(uuid.uuid4().hex, scope, limits)
        try:
            async with self._lanes:
                answer = await self._query(lease)
        except asyncio.CancelledError:  # the store may have counted it
            self._tasks.spawn(self._give_back(lease, 0))
            raise
        if answer is None:
            return await self._local(scope, limits)
        what, wait, *used = answer
        if what:
            raise LimitReached(what.decode(), float(wait), limits)
        self._taken[lease.id] = lease.scope
        if self._renewing is None or self._renewing.done():
            self._renewing = self._tasks.spawn(self._renewed())
        if not used:  # repeated after a cut connection: counted the first time
            return lease
        requests, tokens, reset_s = used
        allowances = allowances_of(
            limits, Limits(requests_per_minute=requests, tokens_per_minute=tokens), float(reset_s)
        )
        return replace(lease, allowances=allowances)

    async def _query(self, lease: Lease) -> _Answer | None:
        """The store's reply; None while it cannot be reached."""
        if self.clock() < self._back_at:
            return None
        if self._away:
            self._back_at = self.clock() + TIMEOUT_S + AGAIN_S
        for again in (True, False):
            queried_at = self.clock()
            try:
                answer = await self._answer(lease)
            except (RedisError, OSError) as error:
                if not (again and self._is_own_fault(error, queried_at)):
                    self._lost(error)
                    break
            else:
                self._found()
                return answer
        return None

    async def _answer(self, lease: Lease) -> _Answer:
        limits = lease.limits
        calls = (limits.requests_per_minute, limits.concurrency)
        numbers = (*calls, limits.tokens_per_minute, limits.tokens_per_day)
        args = [lease.id, *(-1 if n is None else n for n in numbers), LEASE_S]
        answer: _Answer = await self._admit(keys=[PREFIX + lease.scope], args=args)  # type: ignore[operator]
        return answer

    def _is_own_fault(self, error: Exception, queried_at: float) -> bool:
        late = self.clock() - queried_at - TIMEOUT_S
        return isinstance(error, RedisTimeoutError) and late > LATE_S

    async def settle(self, lease: Lease, tokens: int) -> None:
        """Continues even if the caller is cancelled."""
        if lease.local:
            await self.fallback.settle(lease, tokens)
            return
        await asyncio.shield(self._tasks.spawn(self._give_back(lease, tokens)))

    async def _renewed(self) -> None:
        """Renews while any slot is taken. One that the store has forgotten is not restored."""
        while self._taken:
            await asyncio.sleep(RENEW_S)
            by_scope: dict[str, list[str]] = {}
            for lease_id, scope in self._taken.items():
                by_scope.setdefault(scope, []).append(lease_id)
            with suppress(RedisError, OSError):  # the next call will show
                for scope, ids in by_scope.items():
                    await self._renew(keys=[PREFIX + scope], args=[LEASE_S, *ids])  # type: ignore[operator]

    async def _give_back(self, lease: Lease, tokens: int) -> None:
        self._taken.pop(lease.id, None)
        try:
            await self._settle(keys=[PREFIX + lease.scope], args=[lease.id, tokens])  # type: ignore[operator]
        except (RedisError, OSError) as error:
            self._lost(error)

    async def aclose(self) -> None:
        """Waits until pending releases are done, if the store answers."""
        if self._renewing is not None:
            self._renewing.cancel()
        await self._tasks.end_within(TIMEOUT_S)
        await self.client.aclose()
        await self.client.connection_pool.disconnect()

    async def _local(self, scope: str, limits: Limits) -> Lease:
        self.unavailable()
        return replace(await self.fallback.admit(scope, limits), local=True)

    def _found(self) -> None:
        if self._away:
            log.info(REACHABLE, self.address)
        self._away, self._back_at = False, 0.0

    def _lost(self, error: Exception) -> None:
        if not self._away:
            log.warning(UNREACHABLE, self.address, type(error).__name__)
        self._away, self._back_at = True, self.clock() + AGAIN_S
