"""Whether an upstream is available, judged by the outcomes of calls and of its health checks.

Calls drive a circuit breaker (pybreaker): closed; open after `failures` in a row, when nothing is
sent for `rest_s`; then half-open, when one call at a time tests whether it is back. A failure
counts at once, a success when the answer is complete. A call whose client left counts as neither.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic

from pybreaker import (
    STATE_CLOSED,
    STATE_HALF_OPEN,
    STATE_OPEN,
    CircuitBreaker,
    CircuitBreakerError,
    CircuitMemoryStorage,
)

from threegate.settings import UpstreamSettings

MISSED = 2
"""Consecutive unanswered checks after which the upstream counts as unavailable."""


class _OpenedStorage(CircuitMemoryStorage):
    """pybreaker stores wall-clock time, and a clock that is set back would turn a pause of seconds
    into hours. This stores how long ago the breaker opened."""

    opened: float = 0.0

    @property
    def opened_at(self) -> datetime:
        return datetime.now(UTC) - timedelta(seconds=monotonic() - self.opened)

    @opened_at.setter
    def opened_at(self, now: datetime) -> None:
        self.opened = monotonic()


class _Failure(Exception):
    """The failures that the breaker counts."""


def _fail() -> None:
    raise _Failure


@dataclass(slots=True, eq=False)
class Health:
    settings: UpstreamSettings
    changed: Callable[[bool], None] = lambda up: None  # called when `up` changes
    _storage: _OpenedStorage = field(init=False, repr=False)
    _breaker: CircuitBreaker = field(init=False, repr=False)
    _missed: int = field(default=0, init=False)
    _trying: bool = field(default=False, init=False)  # a call that tests whether it is back
    _was_up: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        self._storage = _OpenedStorage(STATE_CLOSED)
        self._breaker = CircuitBreaker(
            fail_max=self.settings.failures,
            reset_timeout=self.settings.rest_s,
            state_storage=self._storage,
            throw_new_error_on_trip=False,
        )

    @property
    def up(self) -> bool:
        return self._missed < MISSED and self._storage.state != STATE_OPEN

    @property
    def retry_after_s(self) -> float:
        """Seconds until a call may try again; 0 if there is no need to wait."""
        if self._storage.state != STATE_OPEN:
            return 0.0
        return max(0.0, self._storage.opened + self.settings.rest_s - monotonic())

    def admits(self) -> bool:
        """Whether a call may be sent now."""
        if self._missed >= MISSED or self.retry_after_s > 0:
            return False
        return self._storage.state == STATE_CLOSED or not self._trying

    def begin(self) -> bool:
        """Notes that a call is sent. True if it is the probe of an open breaker, which must call
        `tried` at its end."""
        if self._storage.state == STATE_OPEN:
            self._breaker.half_open()
        self._trying = self._storage.state == STATE_HALF_OPEN
        return self._trying

    def tried(self) -> None:
        """Notes that the probe has ended, whatever its outcome; another may follow."""
        self._trying = False

    def answered(self) -> None:
        """Notes a status that is not a failure. The upstream is back; it is healthy once the answer
        is complete."""
        if self._storage.state == STATE_HALF_OPEN:
            self.succeeded()

    def succeeded(self) -> None:
        """Does nothing if no failure is counted."""
        if self._storage.state != STATE_CLOSED or self._storage.counter:
            self._record(lambda: None)

    def failed(self) -> None:
        self._record(_fail)

    def checked(self, *, alive: bool) -> None:
        """The outcome of a health check."""
        self._missed = 0 if alive else self._missed + 1
        self._report_change()

    def _record(self, outcome: Callable[[], None]) -> None:
        """An open breaker ignores outcomes of calls that began before it opened."""
        try:
            self._breaker.call(outcome)
        except (_Failure, CircuitBreakerError) as error:
            error.with_traceback(None)  # a frame of the breaker holds it: a cycle with the request
        self._report_change()

    def _report_change(self) -> None:
        if self.up is not self._was_up:
            self._was_up = self.up
            self.changed(self.up)
