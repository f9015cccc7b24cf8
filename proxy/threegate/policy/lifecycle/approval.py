"""Who may do what in the life of a policy version: commands are checked against the state and give
the event to record, or `Refused` with the reason.

The author of a version never approves it, nor does anyone who edited it on the way; an author may
withdraw it until it is active. A version whose tests were not green carries its author's reason,
and each approver must give one too. A change that may let more through (`weaker`) needs an approver
of another group than the author's. An approval may be withdrawn until activation, and counts then
only if whoever gave it may still approve. Whoever may activate an approved version may also
schedule it. An emergency activation needs no approval but two
different people (one who submits and one who activates), and ends after 24 hours: then the
previously active version applies again. Rolling back to a version that was once active needs only
one person with the right to activate, because it was approved before; so does ending an emergency
early.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from threegate.i18n.catalog import texts
from threegate.policy.lifecycle.commands import (
    Activate,
    Approve,
    Command,
    Comment,
    Event,
    Recall,
    Reject,
    RollBack,
    Schedule,
    Submit,
    Withdraw,
)
from threegate.policy.lifecycle.machine import (
    OPEN,
    State,
    Version,
    VersionStage,
    enough,
    previous,
    proper,
)
from threegate.policy.lifecycle.people import Person, Role
from threegate.types import Bilingual

ROLES: Mapping[str, Bilingual] = {
    role: texts("vocabulary", "Role")[role.name.lower()] for role in Role
}
_STAGES = texts("vocabulary", "VersionStage")
STAGES: Mapping[str, Bilingual] = {stage: _STAGES[stage.name.lower()] for stage in VersionStage}
_REFUSALS = texts("policy", "refusals")
_ABOUT: Mapping[str, Mapping[str, Bilingual]] = {
    "role": {role: Bilingual(title.zh, role) for role, title in ROLES.items()},
    "wrong-stage": STAGES,
}
REFUSALS: Mapping[str, Bilingual] = {
    case: text for case, text in _REFUSALS.items() if case not in _ABOUT
} | {
    f"{case}:{code}": _REFUSALS[case].filled({"it": title})
    for case, titles in _ABOUT.items()
    for code, title in titles.items()
}
"""Why a command is refused, by its case: up to a slash or a colon it is the code, and after a colon
the role or the stage that it is about."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A command that the rules do not allow. `case` is an entry of `REFUSALS`; records keep it
    instead of the text, which each reader sees in their own language."""

    case: str

    @property
    def code(self) -> str:
        return self.case.partition("/")[0].partition(":")[0]

    @property
    def text(self) -> Bilingual:
        return REFUSALS[self.case]


PersonOf = Callable[[str], Person | None]
"""Who has an account, with the roles of now; None for those whom only the command line knows."""


def nobody(name: str) -> Person | None:
    return None


def decide(
    state: State, command: Command, by: Person, now: str, person_of: PersonOf = nobody
) -> Event | Refused:
    """The event to record for a command, or why it is refused."""
    refused = _refusal(state, command, by, now) or _left(state, command, person_of)
    return refused or Event(command, by.name, by.group, now)


def _refusal(state: State, command: Command, by: Person, now: str) -> Refused | None:
    match command:
        case Submit():
            return _may(by, Role.EDITOR) or _submit(state, command)
        case Approve():
            return _may(by, Role.APPROVER) or _approve(state, command, by)
        case Withdraw():
            return _withdraw(state, command, by)
        case Recall():
            return _may(by, Role.EDITOR) or _recall(state, command, by)
        case Reject():
            return _may(by, Role.APPROVER) or _known(state, command.digest, OPEN)
        case Comment():
            return _may_read(by) or _known(state, command.digest, tuple(VersionStage))
        case Schedule():
            return _may(by, Role.APPROVER) or _schedule(state, command, by, now)
        case Activate():
            return _may(by, Role.APPROVER) or _activate(state, command, by)
        case RollBack():
            return _may(by, Role.APPROVER) or _roll_back(state, command, now)
    assert_never(command)


def _may(by: Person, role: Role) -> Refused | None:
    if role in by.roles:
        return None
    return Refused(f"role:{role}")


def _may_read(by: Person) -> Refused | None:
    """Whoever writes or approves policies may comment on them."""
    return None if Role.EDITOR in by.roles else _may(by, Role.APPROVER)


def _schedule(state: State, command: Schedule, by: Person, now: str) -> Refused | None:
    if refused := _known(state, command.digest, (VersionStage.APPROVED,)):
        return refused
    if command.due and datetime.fromisoformat(command.due) <= datetime.fromisoformat(now):
        return Refused("past")
    return _activate(state, Activate(command.digest), by) if command.due else None


def _known(state: State, digest: str, stages: tuple[VersionStage, ...]) -> Refused | None:
    version = state.versions.get(digest)
    if version is None:
        return Refused("unknown-version")
    if version.stage not in stages:
        return Refused(f"wrong-stage:{version.stage}")
    return None


def _submit(state: State, command: Submit) -> Refused | None:
    known = state.versions.get(command.digest)
    stale = known is not None and known.base != proper(state) and known.stage in OPEN
    if known and known.stage in (*OPEN, VersionStage.ACTIVE) and not stale:
        return Refused("submitted")
    return None


def _approve(state: State, command: Approve, by: Person) -> Refused | None:
    if refused := _known(state, command.digest, OPEN):
        return refused
    version = state.versions[command.digest]
    if by.name in version.authors:
        return Refused("own-work/approve")
    if by.name in {name for name, _ in version.approvals}:
        return Refused("approved")
    if version.untested and not command.untested.strip():
        return Refused("untested")
    return None


def _recall(state: State, command: Recall, by: Person) -> Refused | None:
    if refused := _known(state, command.digest, OPEN):
        return refused
    if by.name in state.versions[command.digest].authors:
        return None
    return Refused("not-yours/version")


def _withdraw(state: State, command: Withdraw, by: Person) -> Refused | None:
    if refused := _known(state, command.digest, OPEN):
        return refused
    if by.name in {name for name, _ in state.versions[command.digest].approvals}:
        return None
    return Refused("not-yours/approval")


def _activate(state: State, command: Activate, by: Person) -> Refused | None:
    if command.emergency:
        return _known(state, command.digest, OPEN) or _emergency(state, command, by)
    if refused := _known(state, command.digest, (VersionStage.APPROVED,)):
        return refused
    # The approval was for the step from `base`; from another version it may weaken the policy.
    if state.versions[command.digest].base != proper(state):
        return Refused("moved")
    return None


def _left(state: State, command: Command, person_of: PersonOf) -> Refused | None:
    """Whether too few of those who approved a version may still approve when it is activated or
    scheduled."""
    match command:
        case Activate(digest=digest, emergency=False):
            version = state.versions[digest]
        case Schedule(digest=digest, due=due) if due:
            version = state.versions[digest]
        case _:
            return None
    return None if enough(_standing(version, person_of)) else Refused("approver-left")


def _standing(version: Version, person_of: PersonOf) -> Version:
    """A version with the approvals of those who may still approve."""

    def may(name: str) -> bool:
        person = person_of(name)
        return person is None or Role.APPROVER in person.roles

    return replace(version, approvals=tuple(a for a in version.approvals if may(a[0])))


def _emergency(state: State, command: Activate, by: Person) -> Refused | None:
    if not command.reason.strip():
        return Refused("reason")
    if by.name in state.versions[command.digest].authors:
        return Refused("own-work/activate")
    return None


def _roll_back(state: State, command: RollBack, now: str) -> Refused | None:
    target = command.digest or previous(state, now)
    active = state.active(now)
    if not target:
        return None if state.emergency(now) else Refused("never-active/none")
    if target not in {a.digest for a in state.activations if not a.emergency}:
        return Refused("never-active/version")
    if active and active.digest == target:
        return Refused("active")
    return None
