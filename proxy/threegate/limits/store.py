"""Rate limits, concurrency and token budgets: the interface of a limiter, and one in memory.

Requests are counted in a sliding window of one minute, exactly; tokens in fixed minutes and days,
added when an answer ends. A lease is one call in progress. It expires by itself, so that the leases
of a dead worker become free.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from threegate.errors import RequestError
from threegate.i18n.messages import localized
from threegate.policy.model import Limits, LimitScope
from threegate.types import Caller

MINUTE_S, DAY_S = 60, 86_400
LEASE_S = 1_800
"""Seconds after which a lease expires; DeepSeek also closes connections after 30 minutes."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left this minute, of `requests` or `tokens`. Full again after `reset_s` seconds."""

    of: str
    limit: int
    remaining: int
    reset_s: float


@dataclass(frozen=True, slots=True)
class Lease:
    """One call in progress. `scope` names tenant, key (`*` for all keys) and rule."""

    id: str
    scope: str
    limits: Limits
    local: bool = False  # of this process alone, because the shared store was unreachable
    allowances: tuple[Allowance, ...] = ()


class Limiter(Protocol):
    async def admit(self, scope: str, limits: Limits) -> Lease:
        """Raises LimitReached."""
        ...

    async def settle(self, lease: Lease, tokens: int) -> None:
        """Ends the lease and counts the tokens that the call used."""
        ...

    async def aclose(self) -> None: ...


def scope_of(caller: Caller, rule_id: str, limits: Limits) -> str:
    """The scope whose calls count together."""
    key = "*" if limits.per is LimitScope.TENANT else caller.key_id
    return f"{caller.tenant}/{key}/{rule_id}"


class LimitReached(RequestError):
    """429. `what` is requests, calls (at the same time) or tokens."""

    def __init__(self, what: str, retry_after_s: float, limits: Limits) -> None:
        wait = max(1.0, retry_after_s)
        super().__init__(
            localized(f"limit-{what}"), status=429, code="rate_limit_exceeded", retry_after=wait
        )
        spent = (a for a in allowances_of(limits, limits, wait) if a.of == what)
        self.allowances = tuple(replace(a, reset_s=wait) for a in spent)


def allowances_of(limits: Limits, used: Limits, tokens_reset_s: float) -> tuple[Allowance, ...]:
    """`used` has the requests and tokens of this minute in the members of the limits."""
    found = (
        ("requests", limits.requests_per_minute, used.requests_per_minute, float(MINUTE_S)),
        ("tokens", limits.tokens_per_minute, used.tokens_per_minute, tokens_reset_s),
    )
    return tuple(
        Allowance(of, limit, limit - (taken or 0), reset)
        for of, limit, taken, reset in found
        if limit is not None
    )


@dataclass(slots=True)
class _Counts:
    requests: deque[float] = field(default_factory=deque)
    leases: dict[str, float] = field(default_factory=dict)
    tokens: dict[tuple[int, int], int] = field(default_factory=dict)  # (length, number): used


@dataclass(slots=True)
class MemoryLimiter:
    """The limits of one process. `clock` gives seconds."""

    clock: Callable[[], float] = time.time
    _scopes: dict[str, _Counts] = field(default_factory=dict, repr=False)

    async def admit(self, scope: str, limits: Limits) -> Lease:
        now = self.clock()
        counts = self._scopes.setdefault(scope, _Counts())
        _forget(counts, now)
        for limit, used, what, wait in _checks(limits, counts, now):
            if limit is not None and used >= limit:
                raise LimitReached(what, wait, limits)
        counts.requests.append(now)
        tokens = counts.tokens.get((MINUTE_S, int(now // MINUTE_S)))
        used_now = Limits(requests_per_minute=len(counts.requests), tokens_per_minute=tokens)
        allowances = allowances_of(limits, used_now, MINUTE_S - now % MINUTE_S)
        lease = Lease(uuid.uuid4().hex, scope, limits, allowances=allowances)
        counts.leases[lease.id] = now + LEASE_S
        return lease

    async def settle(self, lease: Lease, tokens: int) -> None:
        now = self.clock()
        counts = self._scopes.setdefault(lease.scope, _Counts())
        counts.leases.pop(lease.id, None)
        for length in (MINUTE_S, DAY_S):
            window = (length, int(now // length))
            counts.tokens[window] = counts.tokens.get(window, 0) + tokens

    async def aclose(self) -> None:
        self._scopes.clear()


def _forget(counts: _Counts, now: float) -> None:
    """Removes what is over, and requests with later times: the clock was set back, and they would
    count until that time is reached again."""
    while counts.requests and not now - MINUTE_S < counts.requests[0] <= now:
        counts.requests.popleft()
    counts.leases = {k: until for k, until in counts.leases.items() if until > now}
    counts.tokens = {w: n for w, n in counts.tokens.items() if w[1] == int(now // w[0])}


Check = tuple[int | None, int, str, float]
"""(limit, used, kind of limit, seconds to wait)."""


def _checks(limits: Limits, counts: _Counts, now: float) -> Iterator[Check]:
    oldest = counts.requests[0] if counts.requests else now
    yield limits.requests_per_minute, len(counts.requests), "requests", oldest + MINUTE_S - now
    yield limits.concurrency, len(counts.leases), "calls", 1
    for limit, length in ((limits.tokens_per_minute, MINUTE_S), (limits.tokens_per_day, DAY_S)):
        used = counts.tokens.get((length, int(now // length)), 0)
        yield limit, used, "tokens", length - now % length


def estimated_tokens(text: str) -> int:
    """An estimate without the model's own tokenizer: 0.7 per Han character, 0.25 per other, rounded
    up."""
    han = sum("\u3400" <= c <= "\u9fff" for c in text)
    return int(0.7 * han + (len(text) - han) / 4) + 1


def estimated_length(chars: int, language: str) -> int:
    """The same if only the length and language of a text are known."""
    return int(chars * (0.7 if language.startswith("zh") else 0.25)) + 1
