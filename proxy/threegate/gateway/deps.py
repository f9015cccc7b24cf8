"""Dependencies that the endpoints share: built once by `app`, passed by value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from threegate.audit import AuditLog
from threegate.detectors.detector_set import DetectorSet
from threegate.gateway.access.auth import Key
from threegate.gateway.closing import Closing
from threegate.gateway.notices import Notices
from threegate.gateway.telemetry.metrics import Metrics
from threegate.gateway.telemetry.tracing import Traces
from threegate.limits.admission import Admission
from threegate.limits.store import Limiter
from threegate.policy.lifecycle.store import PolicyStore, today_utc
from threegate.policy.model import CompiledPolicy
from threegate.settings import Settings
from threegate.tasks import LoopTurns
from threegate.types import Caller
from threegate.upstream import ModelApi, Upstreams


class Authenticator(Protocol):
    """Resolves a presented key to a caller. Raises RequestError 401 or 429."""

    @property
    def open_to_all(self) -> bool:
        """Whether a call needs no key."""
        ...

    @property
    def keys(self) -> Sequence[Key]:
        """As far as they are known here."""
        ...

    @property
    def tenants(self) -> frozenset[str]:
        """All tenants that have or had a key."""
        ...

    async def admit(self, presented: str) -> Caller: ...


@dataclass(frozen=True, slots=True)
class Deps:
    """`model_api_override` takes the place of the upstreams. `turns` and `openings` share the event
    loop among answers and among requests that are being read."""

    settings: Settings
    policies: PolicyStore
    detector_set_for: Callable[[CompiledPolicy], DetectorSet]
    upstreams: Upstreams
    audit: AuditLog
    authenticator: Authenticator
    metrics: Metrics
    limiter: Limiter
    secret: bytes = field(repr=False)
    notices: Notices
    traces: Traces | None = None
    today: Callable[[], str] = today_utc
    admission: Admission = field(default_factory=Admission)
    model_api_override: ModelApi | None = None
    turns: LoopTurns = field(default_factory=LoopTurns)
    openings: LoopTurns = field(default_factory=LoopTurns)
    closing: Closing = field(default_factory=Closing)

    @property
    def model_api(self) -> ModelApi:
        return self.model_api_override or self.upstreams
