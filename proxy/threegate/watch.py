"""What a process does once a second beside its calls: take up another policy, hold rules against
their bands, say in metrics how the log and the policy are.

Whatever is wrong with a new policy, the last good one keeps serving. An activation, and a rule that
has stopped itself, are records of the log.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from threegate.audit.record import Record, Stage
from threegate.audit.store import AuditLog
from threegate.gateway.bands import Bands
from threegate.gateway.metrics import Metrics
from threegate.policy.band_store import BandStore
from threegate.policy.bands import Left, Side
from threegate.policy.problems import Severity
from threegate.policy.store import PolicyStore, now_utc
from threegate.policy.versions import Versions

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Watch:
    policies: PolicyStore
    versions: Versions
    audit: AuditLog
    metrics: Metrics
    bands: Bands
    store: BandStore
    every_s: float

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self.every_s)
            self.metrics.audit(self.audit.counters, self.audit.waiting)
            for work in (self.policy, self.band):
                try:
                    await work()
                except Exception as error:
                    log.error("policy %s failed: %s", work.__name__, type(error).__name__)

    async def policy(self) -> None:
        """Another policy, if there is one."""
        changed = await asyncio.to_thread(self.policies.changed)
        before = self.policies.pin().digest
        if changed and await asyncio.to_thread(self.policies.reload):
            after = self.policies.pin().digest
            log.info("policy %s is active", after[:12])
            await self._record(after, "activated", after, previous=before)
        for problem in self.policies.problems if changed else ():
            log.warning("policy problem %s", problem.code)
        errors = sum(p.severity is Severity.ERROR for p in self.policies.problems)
        self.metrics.policy_errors.set(errors)
        state = await asyncio.to_thread(self.versions.state)
        self.metrics.emergency.set(state.emergency(now_utc()) is not None)

    async def band(self) -> None:
        """This process's counts to the others; what has left its band from them."""
        policies = self.policies.pin()
        if not any(b.policy.banded for b in policies.bindings):
            return
        taken = self.bands.tally.take()
        try:
            await asyncio.to_thread(self.store.add, taken)
        except Exception:
            self.bands.tally.put_back(taken)
            raise
        minute = self.bands.minute
        for left in await asyncio.to_thread(self.store.look, policies, now_utc(), minute):
            await self._left(left)
        self.bands.told(await asyncio.to_thread(self.store.left, policies))
        self.metrics.tell_stopped(e.rule for e in self.bands.left if e.side is Side.ABOVE)

    async def _left(self, left: Left) -> None:
        log.error("rule %s left its band: %s", left.rule, left.side)
        self.metrics.left_band.labels(left.rule, left.side).inc()
        verb = "stopped" if left.side is Side.ABOVE else "below-band"
        seen = {"calls": left.count.calls, "acted": left.count.acted}
        await self._record(left.policy, verb, left.rule, **seen)

    async def _record(self, policy: str, verb: str, thing: str, **more: object) -> None:
        detail = {"verb": verb, "object": thing, "actor": "proxy", **more}
        await self.audit.append(Record(stage=Stage.POLICY, policy=policy, detail=detail))
