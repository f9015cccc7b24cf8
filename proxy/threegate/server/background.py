"""Periodic work of a process: reload the policy, activate what was scheduled, compare rules with
their bands, update the gauges of the log, its readiness, the policy and the classifiers, and look
for keys and certificates that expire.

A new policy with errors leaves the last good one active. Activations, and rules that stopped
themselves, are recorded in the audit log: nothing takes effect before a record of it is durable. A
stopped rule acts again, with its counts reset, when its policy is activated once more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from threegate.audit.errors import loggable
from threegate.audit.log.record import PROXY, Record, Stage
from threegate.audit.log.store import AuditLog
from threegate.gateway.notices import Notices
from threegate.gateway.telemetry.expiry import WARNING, Ending, near
from threegate.gateway.telemetry.metrics import Metrics
from threegate.policy.language.problems import Severity
from threegate.policy.lifecycle.approval import Refused
from threegate.policy.lifecycle.band_store import BandStore, banded
from threegate.policy.lifecycle.bands import BandExit, BandSide
from threegate.policy.lifecycle.commands import Activate, Schedule
from threegate.policy.lifecycle.people import Person, Role
from threegate.policy.lifecycle.store import PolicyStore, now_utc
from threegate.policy.lifecycle.versions import Versions
from threegate.policy.model import PolicySet

log = logging.getLogger(__name__)

READINESS_S = 5.0
"""Seconds between two readiness checks, each of which writes to the database."""
ENDS_S = 60.0
"""Seconds between two checks for expiry."""
BY_PROXY = Person(PROXY, frozenset({Role.APPROVER}))
"""Who does what nobody does."""


@dataclass(frozen=True, slots=True)
class BackgroundWork:
    policies: PolicyStore
    versions: Versions
    audit: AuditLog
    metrics: Metrics
    notices: Notices
    store: BandStore
    every_s: float
    queued: Callable[[], Mapping[str, int]] = dict  # tokens waiting, by classifier
    endings: Callable[[], Iterable[Ending]] = tuple  # expiring keys and certificates

    async def run(self) -> None:
        """Each task has its own loop: slow bands do not delay a policy."""
        repeated = map(self._repeat, (self.figures, self.policy, self.band))
        await asyncio.gather(self._watch_readiness(), self._watch_ends(), *repeated)

    async def _watch_readiness(self) -> None:
        """Like `/readyz`, except that a stop is not a failure; notices a full disk or an
        unavailable database without any call."""
        ready = True
        while True:
            before, ready = ready, await self._is_ready()
            self.metrics.ready.set(ready)
            if before and not ready:
                log.error("not ready: the audit log cannot be written")
            elif ready and not before:
                log.info("ready again: the audit log can be written")
            await asyncio.sleep(READINESS_S)

    async def _watch_ends(self) -> None:
        """Logs each key and certificate once, a fortnight before it expires."""
        warned = set[Ending]()
        while True:
            self.notices.ends = near(self.endings())
            self.metrics.ending(self.notices.ends)
            for end in self.notices.ends:
                if end.days < WARNING.days and end not in warned:
                    log.warning("%s %s ends at %s", end.what, end.name, end.at.isoformat())
                    warned.add(end)
            await asyncio.sleep(ENDS_S)

    async def _is_ready(self) -> bool:
        """A failing check counts as not ready; the watch itself must not end."""
        try:
            return await self.audit.ready()
        except Exception as error:
            log.error("readiness cannot be looked at: %s", loggable(error))
            return False

    async def _repeat(self, work: Callable[[], Awaitable[None]]) -> None:
        failure = ""  # logged when it changes: the next attempt is a fifth of a second away
        while True:
            await asyncio.sleep(self.every_s)
            before, failure = failure, await _failure(work)
            if failure and failure != before:
                log.error("background task %s failed: %s", work.__name__, failure)
            elif before and not failure:
                log.info("background task %s works again", work.__name__)

    async def figures(self) -> None:
        self.metrics.audit(self.audit.counters, self.audit.waiting)
        self.metrics.queued(self.queued())
        self.metrics.tasks.set(len(asyncio.all_tasks()))

    async def _due(self) -> None:
        """Activates what was scheduled for now, on behalf of whoever scheduled it; if the rules no
        longer allow it, or that person may no longer activate, the schedule is dropped. Of several
        workers one succeeds."""
        now = now_utc()
        for version in self.versions.seen.due(now):
            digest, (name, group) = version.digest, version.scheduled_by
            then = Person(name, frozenset({Role.APPROVER}), group)
            by = await asyncio.to_thread(self.versions.person_of, name) or then
            command = Activate(digest, reason="scheduled")
            await self._attempt(digest, "activate", digest)
            answer = await asyncio.to_thread(self.versions.act, command, by, now)
            if isinstance(answer, Refused):
                await self._drop_schedule(digest, answer, now)
            else:
                await self._record(digest, "activate", "", by=name)

    async def _drop_schedule(self, digest: str, why: Refused, now: str) -> None:
        """By the proxy: whoever scheduled it did not cancel it."""
        command = Schedule(digest, "", refused=why.case)
        dropped = await asyncio.to_thread(self.versions.act, command, BY_PROXY, now)
        if isinstance(dropped, Refused):
            return  # another worker was first
        log.warning("the schedule of policy %s is dropped: %s", digest[:12], why.code)
        await self._record(digest, "unschedule", "", refused=why.case)

    async def policy(self) -> None:
        """Activates what is due, and reloads the policy if its source has changed, even while that
        fails: the accounts have a database of their own."""
        try:
            await self._due()
        finally:
            await self._look()

    async def _look(self) -> None:
        changed = await asyncio.to_thread(self.policies.changed)
        loop, before = asyncio.get_running_loop(), self.policies.pin().digest

        def record(new: PolicySet) -> None:
            made = self._record(new.digest, "activated", new.digest, previous=before)
            asyncio.run_coroutine_threadsafe(made, loop).result()

        if changed and await asyncio.to_thread(self.policies.reload, record):
            log.info("policy %s is active", self.policies.pin().digest[:12])
            await asyncio.to_thread(self._resume)
        for problem in self.policies.problems if changed else ():
            log.warning("policy problem %s in %s", problem.code, problem.at)
        errors = sum(p.severity is Severity.ERROR for p in self.policies.problems)
        self.metrics.policy_errors.set(errors)
        self.notices.emergency = self.versions.seen.emergency(now_utc())
        self.metrics.emergency.set(self.notices.emergency is not None)

    def _resume(self) -> None:
        for policy, rule, _ in banded(self.policies.pin()):
            self.store.resume(policy, rule)

    async def band(self) -> None:
        """Shares this process's counts and stops or reports rules that left their band."""
        policies, bands = self.policies.pin(), self.notices.bands
        if not any(b.policy.banded for b in policies.bindings):
            self._publish(())
            return
        taken = bands.tally.take()
        try:
            await asyncio.to_thread(self.store.add, taken)
        except Exception:
            bands.tally.put_back(taken)
            raise
        for left in await asyncio.to_thread(self.store.look, policies, now_utc(), bands.minute):
            await self._left(left)
        self._publish(await asyncio.to_thread(self.store.left, policies))

    def _publish(self, left: tuple[BandExit, ...]) -> None:
        self.notices.bands.update(left)
        self.metrics.left_bands((e.rule, e.side.value) for e in left)

    async def _left(self, left: BandExit) -> None:
        verb = "stopped" if left.side is BandSide.ABOVE else "below-band"
        await self._attempt(left.policy, verb, left.rule)
        if not await asyncio.to_thread(self.store.put, left):
            return  # another worker was first
        log.error("rule %s left its band: %s", left.rule, left.side)
        seen = {"calls": left.count.calls, "acted": left.count.acted}
        await self._record(left.policy, verb, left.rule, **seen)

    async def _attempt(self, policy: str, what: str, thing: str) -> None:
        """As the console does before a person's command. Raises AuditError."""
        detail = {"verb": "attempt", "what": what, "object": thing, "actor": PROXY}
        await self.audit.append(Record(stage=Stage.ACCESS, policy=policy, detail=detail))

    async def _record(self, policy: str, verb: str, thing: str, **more: object) -> None:
        detail = {"verb": verb, "object": thing, "actor": PROXY, **more}
        await self.audit.append(Record(stage=Stage.POLICY, policy=policy, detail=detail))


async def _failure(work: Callable[[], Awaitable[None]]) -> str:
    """The kind of error that `work` ended with."""
    try:
        await work()
    except Exception as error:
        return type(error).__name__
    return ""
