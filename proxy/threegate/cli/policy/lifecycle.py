"""`threegate policy submit | approve | withdraw | recall | reject | activate | rollback | history`.

The four-eyes rules are those of `policy.lifecycle`. Whoever can reach the database is trusted to
state who they are (`--by`); if that is not enough, people use the console, where they log in.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from functools import partial

from threegate import settings
from threegate.audit.log.database import writer_engine
from threegate.audit.settings import from_settings
from threegate.cli.acts import CLI, access
from threegate.cli.audit.common import opened
from threegate.cli.language import line
from threegate.cli.person import current_user
from threegate.cli.policy.testing import run_tests
from threegate.console.bootstrap import person_of
from threegate.console.presenters import labels
from threegate.console.presenters.policies import record_of
from threegate.policy.errors import broken, failure
from threegate.policy.facade import check
from threegate.policy.lifecycle.approval import Refused
from threegate.policy.lifecycle.commands import (
    Activate,
    Approve,
    Command,
    Event,
    Recall,
    Reject,
    RollBack,
    Submit,
    Withdraw,
    name_of,
)
from threegate.policy.lifecycle.machine import State, proper
from threegate.policy.lifecycle.people import Person, Role
from threegate.policy.lifecycle.store import DirTree, now_utc, today_utc
from threegate.policy.lifecycle.versions import Versions
from threegate.policy.model import PolicySet
from threegate.policy.strictness.diff import describe, diff_sets

MIN_PREFIX = 6
"""The fewest digits of a digest that may name a version, if unambiguous."""


def _versions(args: argparse.Namespace) -> Versions:
    return Versions.open(writer_engine(args.database))


def _do(versions: Versions, command: Command, args: argparse.Namespace) -> int:
    person = Person(args.by or current_user(), frozenset(Role), args.group)
    match asyncio.run(_recorded(versions, command, person, args)):
        case Event() as done:
            print(_line(done, args.lang))
            return 0
        case Refused(code=code, text=text):
            print(f"{code}: {text.get(args.lang)}")
            return 1


async def _recorded(
    versions: Versions, command: Command, person: Person, args: argparse.Namespace
) -> Event | Refused:
    """A step on the proxy's own versions is recorded in its audit log, as in the console: asked for
    before it happens, so that it leaves a trace whatever breaks off afterwards."""
    known = settings.load(file=args.config)
    if args.database != known.versions_database:
        return versions.act(command, person, now_utc())
    versions.person_of = partial(person_of, known)
    what = {"actor": person.name, "what": name_of(command), "object": command.digest}
    async with opened(from_settings(known)) as log:
        await log.append(access("attempt", **what))
        answer = versions.act(command, person, now_utc())
        if isinstance(answer, Event):
            await log.append(record_of(answer, CLI.key_id))
        else:
            await log.append(access("refused", **what, code=answer.code))
        return answer


def submit_command(args: argparse.Namespace) -> int:
    versions, packs = _versions(args), tuple(args.packs)
    checked = check(DirTree(args.policies), packs, today=today_utc())
    if checked.policies is None:
        raise broken(checked.problems)
    if not args.untested and not run_tests(checked.bundles, args).passed:
        raise failure("tests-failed")
    base = proper(versions.state())
    weaker = _weaker(versions.build(base) if base else None, checked.policies, args.lang)
    digest = versions.save(checked, packs, now_utc())
    command = Submit(digest, weaker, base, tuple(args.author), args.note, args.untested)
    return _do(versions, command, args)


def _weaker(old: PolicySet | None, new: PolicySet, language: str) -> bool:
    """Whether the step may let more through; prints what changes."""
    if old is None:
        return False
    changes = diff_sets(old, new)
    for change in changes:
        print(describe(change, language))
    return any(c.needs_other_group for c in changes)


def step_command(args: argparse.Namespace) -> int:
    versions = _versions(args)
    digest = "" if args.digest is None else _full(versions.state(), args.digest)
    return _do(versions, _command(digest, args), args)


def _command(digest: str, args: argparse.Namespace) -> Command:
    match args.verb:
        case "approve":
            return Approve(digest, args.note, args.untested)
        case "withdraw":
            return Withdraw(digest)
        case "activate":
            return Activate(digest, args.emergency, args.note)
        case "recall":
            return Recall(digest, args.note)
        case "reject":
            return Reject(digest, args.note)
    return RollBack(digest, args.note)


def _full(state: State, prefix: str) -> str:
    """The digest with this prefix. Raises PolicyError if there is none or more than one."""
    found = [digest for digest in state.versions if digest.startswith(prefix)]
    if len(prefix) < MIN_PREFIX or len(found) != 1:
        raise failure("version-prefix", count=len(found), prefix=prefix, least=MIN_PREFIX)
    return found[0]


def history_command(args: argparse.Namespace) -> int:
    versions, now = _versions(args), now_utc()
    state, events = versions.state(), versions.events()
    if not events:
        print(line("no-version", args.lang), file=sys.stderr)
    for event in events:
        print(_line(event, args.lang))
    active = state.active(now)
    if active:
        digest = active.digest[:12]
        text = line("active-version", args.lang, digest=digest, at=active.at, by=active.by)
        print(text + (line("emergency", args.lang) if active.emergency else ""))
    return 0


def _line(event: Event, language: str) -> str:
    command = event.command
    verb = labels.name("verb", name_of(command), language)
    digest = command.digest[:12]
    text = line("event", language, at=event.at, by=event.by, verb=verb, digest=digest)
    if isinstance(command, Submit) and command.weaker:
        text += line("weaker", language)
    note = getattr(command, "note", "") or getattr(command, "reason", "")
    return f"{text} - {note}" if note else text
