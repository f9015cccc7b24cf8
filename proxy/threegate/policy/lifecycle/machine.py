"""The life of a policy version, as a pure machine: draft, submit, approve, activate, roll back.

A version is its content: `digest` names it, so an approval of one digest says nothing about
another, and any edit starts over. The state is a fold over the recorded events; `approval` checks
commands against it. Times are ISO 8601 in UTC, given from outside.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from threegate.normalize.fold import plain_text
from threegate.policy.lifecycle.commands import (
    Activate,
    Approve,
    Comment,
    Event,
    Recall,
    Reject,
    RollBack,
    Schedule,
    Submit,
    Withdraw,
)

EMERGENCY = timedelta(hours=24)
SKEW = timedelta(hours=1)
"""How far ahead the clock of an emergency activation may have been. One that was further ahead
would keep what nobody approved in force for as much longer: it is over when the clock is right."""


class VersionStage(StrEnum):
    SUBMITTED = "submitted"
    APPROVED = "approved"
    ACTIVE = "active"
    RETIRED = "retired"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


OPEN = (VersionStage.SUBMITTED, VersionStage.APPROVED)
"""Stages of a version that waits for approval or activation."""


@dataclass(frozen=True, slots=True)
class Version:
    digest: str
    stage: VersionStage
    authors: frozenset[str]
    groups: frozenset[str]
    """The groups of all authors at the time each submitted it."""
    weaker: bool
    base: str = ""
    approvals: tuple[tuple[str, str], ...] = ()
    """(person, group) of each approval in force."""
    untested: str = ""
    reviewers: tuple[str, ...] = ()
    due: str = ""
    scheduled_by: tuple[str, str] = ("", "")
    """(person, group) of whoever set `due`."""


@dataclass(frozen=True, slots=True)
class Activation:
    digest: str
    at: str
    by: str
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """All versions, and the activations in order. `active(now)` says which one is in force."""

    versions: dict[str, Version] = field(default_factory=dict)
    activations: tuple[Activation, ...] = ()

    def active(self, now: str) -> Activation | None:
        """The last activation that is still in force; an emergency one ends after 24 hours."""
        lasting = (a for a in reversed(self.activations) if not _over(a, now))
        return next(lasting, None)

    def due(self, now: str) -> tuple[Version, ...]:
        """Approved versions whose scheduled time has come, earliest first."""
        at = datetime.fromisoformat(now)
        waiting = (v for v in self.versions.values() if v.due)
        come = [v for v in waiting if datetime.fromisoformat(v.due) <= at]
        return tuple(sorted(come, key=lambda v: datetime.fromisoformat(v.due)))

    def emergency(self, now: str) -> Activation | None:
        """The emergency activation in force, to be shown everywhere."""
        active = self.active(now)
        return active if active and active.emergency else None


def _over(activation: Activation, now: str) -> bool:
    if not activation.emergency:
        return False
    lasted = datetime.fromisoformat(now) - datetime.fromisoformat(activation.at)
    return not -SKEW <= lasted < EMERGENCY


def fold(events: Iterable[Event]) -> State:
    """The state after the recorded events."""
    state = State()
    for event in events:
        state = apply(state, event)
    return state


def proper(state: State) -> str:
    """The version last activated with approval, regardless of any emergency; empty if none."""
    return next((a.digest for a in reversed(state.activations) if not a.emergency), "")


def previous(state: State, now: str) -> str:
    """The version that was active with approval before the current one; empty if there is none."""
    active = state.active(now)
    current = active.digest if active else ""
    proper = [a.digest for a in state.activations if not a.emergency and a.digest != current]
    return proper[-1] if proper else ""


def apply(state: State, event: Event) -> State:
    """The state after a recorded event. Never refuses one: what was recorded was allowed at the
    time."""
    match event.command:
        case Submit() as submit:
            return _with(state, _submitted(state, submit, event))
        case Approve(digest=digest):
            version = state.versions[digest]
            approvals = (*version.approvals, (event.by, event.group))
            return _with(state, _staged(replace(version, approvals=approvals)))
        case Withdraw(digest=digest):
            version = state.versions[digest]
            kept = tuple(a for a in version.approvals if a[0] != event.by)
            return _with(state, _staged(replace(version, approvals=kept)))
        case Reject(digest=digest):
            return _with(state, _closed(state.versions[digest], VersionStage.REJECTED))
        case Recall(digest=digest):
            return _with(state, _closed(state.versions[digest], VersionStage.WITHDRAWN))
        case Comment():
            return state
        case Schedule(digest=digest, due=due):
            by = (event.by, event.group) if due else ("", "")
            return _with(state, replace(state.versions[digest], due=due, scheduled_by=by))
        case Activate() as activate:
            return _activated(state, activate.digest, event, emergency=activate.emergency)
        case RollBack() as back:
            if digest := back.digest or previous(state, event.at):
                return _activated(state, digest, event, emergency=False)
            return replace(state, activations=())  # only emergencies were ever active
    assert_never(event.command)


def _submitted(state: State, command: Submit, event: Event) -> Version:
    """Whoever submitted the same content before remains one of its authors, with their group."""
    known = state.versions.get(command.digest)
    authors = frozenset((*command.authors, event.by, *(known.authors if known else ())))
    return Version(
        command.digest,
        VersionStage.SUBMITTED,
        authors,
        frozenset((event.group, *(known.groups if known else ()))),
        command.weaker,
        command.base,
        untested=command.untested,
        reviewers=command.reviewers,
    )


def _closed(version: Version, stage: VersionStage) -> Version:
    return replace(version, stage=stage, approvals=(), due="")


def _staged(version: Version) -> Version:
    stage = VersionStage.APPROVED if enough(version) else VersionStage.SUBMITTED
    due = version.due if stage is VersionStage.APPROVED else ""
    return replace(version, stage=stage, due=due)


def enough(version: Version) -> bool:
    """Needs one approval; for a change that weakens the policy, one from outside the groups of all
    authors."""
    return any(counts_for(version, group) for _, group in version.approvals)


def counts_for(version: Version, group: str) -> bool:
    """Whether an approval by somebody of this group is enough."""
    return not version.weaker or _read(group) not in {_read(own) for own in version.groups}


def _read(group: str) -> str:
    """A group's normalised name: `Risk ` and `risk` are the same group, however two accounts spell
    it."""
    return " ".join(plain_text(group).casefold().split())


def _with(state: State, version: Version) -> State:
    return replace(state, versions={**state.versions, version.digest: version})


def _activated(state: State, digest: str, event: Event, *, emergency: bool) -> State:
    """An emergency does not change its version's stage: it still waits for approval."""
    activations = (*state.activations, Activation(digest, event.at, event.by, emergency))
    if emergency:
        return replace(state, activations=activations)
    retired = {
        d: replace(v, stage=VersionStage.RETIRED) if v.stage is VersionStage.ACTIVE else v
        for d, v in state.versions.items()
    }
    active = replace(retired[digest], stage=VersionStage.ACTIVE, due="")
    return State({**retired, digest: active}, activations)
