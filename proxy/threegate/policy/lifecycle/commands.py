"""What people can do with a policy version, and how the database stores it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, get_args


@dataclass(frozen=True, slots=True)
class Submit:
    """`weaker` comes from the diff against `base`, the digest that was active (empty: none);
    `authors` are all who edited it, `reviewers` those asked to approve (others may approve too).
    `untested` is the reason for continuing without a green test run; empty: the tests were
    green."""

    digest: str
    weaker: bool
    base: str = ""
    authors: tuple[str, ...] = ()
    note: str = ""
    untested: str = ""
    reviewers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Approve:
    """`untested` is the approver's own reason for a version without a green run."""

    digest: str
    note: str = ""
    untested: str = ""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Withdraws one's own approval."""

    digest: str


@dataclass(frozen=True, slots=True)
class Recall:
    """An author withdraws a submitted version."""

    digest: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    digest: str
    note: str


@dataclass(frozen=True, slots=True)
class Comment:
    """On a line of a version's text: `place` is `PATH:LINE` (`PATH:-LINE` for a line that goes);
    empty: on the version as a whole. Changes nothing."""

    digest: str
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """Schedules an approved version for activation at `due`; empty: cancels the schedule. `refused`
    is why the proxy dropped it: a case of `approval.REFUSALS`."""

    digest: str
    due: str
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Activate:
    """`emergency` activates without approval, for 24 hours, with a reason that everybody sees."""

    digest: str
    emergency: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RollBack:
    """Rolls back to a version that was active before; empty: the last one, or out of an
    emergency."""

    digest: str = ""
    reason: str = ""


Command = Submit | Approve | Withdraw | Recall | Reject | Comment | Schedule | Activate | RollBack
COMMANDS: Mapping[str, type[Any]] = {kind.__name__.lower(): kind for kind in get_args(Command)}
"""By the names stored in `policy_event`: renaming a class requires a migration of that table."""
_NAMES = {kind: name for name, kind in COMMANDS.items()}


@dataclass(frozen=True, slots=True)
class Event:
    """What was done, by whom, in which group and when. Events are only ever appended."""

    command: Command
    by: str
    group: str
    at: str


def name_of(command: Command) -> str:
    """One of `COMMANDS`."""
    return _NAMES[type(command)]


def stored_form(command: Command) -> tuple[str, str]:
    """The name and the body of a command, as `command_of` reads them."""
    return name_of(command), json.dumps(asdict(command), ensure_ascii=False)


def command_of(name: str, body: str) -> Command:
    values = json.loads(body)
    values |= {n: tuple(values[n]) for n in ("authors", "reviewers") if n in values}
    command: Command = COMMANDS[name](**values)
    return command
