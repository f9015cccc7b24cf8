"""The dependencies of the console: what `app` passes in, and what the console keeps itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from anyio import CapacityLimiter

from threegate.audit.log.store import AuditLog
from threegate.audit.settings import AuditSettings
from threegate.console.auth.accounts import Accounts
from threegate.console.auth.oidc import Provider
from threegate.console.auth.passwords import HashQueue
from threegate.console.auth.sessions import Signer, Throttle
from threegate.console.drafts import Drafts, Ground
from threegate.console.review.review_store import ReviewStore
from threegate.detectors.detector_set import DetectorSet
from threegate.gateway.access.auth import Key
from threegate.gateway.notices import Notices
from threegate.policy.lifecycle.band_store import BandStore
from threegate.policy.lifecycle.store import PolicyStore
from threegate.policy.lifecycle.versions import Versions
from threegate.policy.model import CompiledPolicy
from threegate.settings import JudgeSettings
from threegate.upstream.target import Target

CHECKS: Final = 2
"""The most simultaneous draft checks and proven exports: malicious patterns may take two minutes of
CPU time and hundreds of MiB."""

RUNS: Final = 2
"""The most simultaneous runs of all tests of a draft."""

VERIFICATIONS: Final = 1
"""The most simultaneous verifications of the whole log."""


@dataclass(frozen=True, slots=True)
class ConsoleDeps:
    """`partial`: classifiers are off, so tests that need one are left out and counted."""

    audit: AuditLog
    audit_settings: AuditSettings
    policies: PolicyStore
    ground: Callable[[], Ground]
    versions: Versions
    detector_set_for: Callable[[CompiledPolicy], DetectorSet]
    accounts: Accounts
    drafts: Drafts
    review_store: ReviewStore
    signer: Signer
    notices: Notices
    band_store: BandStore
    api_keys: Callable[[], Sequence[Key]]
    sso: Provider | None = None
    partial: bool = False
    upstreams: tuple[Target, ...] = ()
    judges: tuple[JudgeSettings, ...] = ()
    throttle: Throttle = field(default_factory=Throttle)
    hashes: HashQueue = field(default_factory=HashQueue)
    checks: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(CHECKS))
    runs: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(RUNS))
    verifications: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(VERIFICATIONS))
