"""`threegate policy submit | approve | withdraw | recall | reject | activate | rollback | history`.

The four-eyes rules are those of `policy.lifecycle`. Whoever can reach the database is trusted to
say who they are (`--by`); where that is not enough, people act in the console, where they log in.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from threegate.audit.log.database import writer_engine
from threegate.cli.person import current_user
from threegate.cli.policy.arguments import add_classifiers
from threegate.cli.policy.testing import run_tests
from threegate.console.presenters import labels
from threegate.policy.errors import broken, failure
from threegate.policy.facade import check
from threegate.policy.lifecycle.approval import Refused
from threegate.policy.lifecycle.machine import (
    Activate,
    Approve,
    Command,
    Event,
    Person,
    Recall,
    Reject,
    Role,
    RollBack,
    State,
    Submit,
    Withdraw,
    proper,
)
from threegate.policy.lifecycle.store import DirTree, now_utc, today_utc
from threegate.policy.lifecycle.versions import COMMANDS, Versions
from threegate.policy.model import PolicySet
from threegate.policy.strictness.diff import describe, diff_sets
from threegate.types import Bilingual

UNTESTED = "continue although not all tests passed, for this reason"
VERSIONS = "database of the versions; default: that of the settings"
DIGEST = "the first digits of the version's digest"
MIN_PREFIX = 6
"""Digits of a digest that name a version, where they name only one."""


def register(verbs: Any) -> None:
    def add(name: str, run: Callable[[argparse.Namespace], int], about: str) -> Any:
        parser = verbs.add_parser(name, help=about)
        parser.add_argument("--database", help=VERSIONS)
        parser.set_defaults(run=run)
        return parser

    def act(name: str, run: Callable[[argparse.Namespace], int], about: str) -> Any:
        parser = add(name, run, about)
        parser.add_argument("--by", default=current_user(), help="person who acts")
        parser.add_argument("--group", default="", help="that person's group")
        parser.add_argument("--note", default="", help="note to store with this step")
        return parser

    submit = act("submit", _submit, "store packs as a version and ask for approval")
    submit.add_argument("packs", nargs="+", metavar="PACK")
    submit.add_argument("--policies", type=Path)
    submit.add_argument("--author", action="append", default=[], help="others who edited it")
    submit.add_argument("--untested", default="", metavar="REASON", help=UNTESTED)
    add_classifiers(submit)
    for name, run, about in (
        ("approve", _approve, "approve exactly this version"),
        ("withdraw", _withdraw, "withdraw your approval"),
        ("recall", _recall, "recall your own version"),
        ("reject", _reject, "reject a version"),
    ):
        verb = act(name, run, about)
        verb.add_argument("digest", help=DIGEST)
        if name == "approve":
            verb.add_argument("--untested", default="", metavar="REASON", help=UNTESTED)
    activate = act("activate", _activate, "activate an approved version")
    activate.add_argument("digest", help=DIGEST)
    activate.add_argument(
        "--emergency", action="store_true", help="activate without approval, for 24 hours"
    )
    rollback = act("rollback", _rollback, "roll back to a version that was active before")
    rollback.add_argument("digest", nargs="?", default="", help=DIGEST)
    add("history", _history, "history of policy versions")


def _versions(args: argparse.Namespace) -> Versions:
    return Versions.open(writer_engine(args.database))


def _do(versions: Versions, command: Command, args: argparse.Namespace) -> int:
    person = Person(args.by, frozenset(Role), args.group)
    answer = versions.act(command, person, now_utc())
    match answer:
        case Event():
            print(_line(answer, args.lang))
            return 0
        case Refused(code, text):
            print(f"{code}: {text.get(args.lang)}")
            return 1


def _submit(args: argparse.Namespace) -> int:
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


def _approve(args: argparse.Namespace) -> int:
    versions = _versions(args)
    digest = _full(versions.state(), args.digest)
    return _do(versions, Approve(digest, args.note, args.untested), args)


def _withdraw(args: argparse.Namespace) -> int:
    versions = _versions(args)
    return _do(versions, Withdraw(_full(versions.state(), args.digest)), args)


def _recall(args: argparse.Namespace) -> int:
    versions = _versions(args)
    return _do(versions, Recall(_full(versions.state(), args.digest), args.note), args)


def _reject(args: argparse.Namespace) -> int:
    versions = _versions(args)
    return _do(versions, Reject(_full(versions.state(), args.digest), args.note), args)


def _activate(args: argparse.Namespace) -> int:
    versions = _versions(args)
    digest = _full(versions.state(), args.digest)
    return _do(versions, Activate(digest, args.emergency, args.note), args)


def _rollback(args: argparse.Namespace) -> int:
    versions = _versions(args)
    digest = _full(versions.state(), args.digest) if args.digest else ""
    return _do(versions, RollBack(digest, args.note), args)


def _full(state: State, prefix: str) -> str:
    """The digest that begins so. Raises PolicyError where none or several do."""
    found = [digest for digest in state.versions if digest.startswith(prefix)]
    if len(prefix) < MIN_PREFIX or len(found) != 1:
        raise failure("version-prefix", count=len(found), prefix=prefix, least=MIN_PREFIX)
    return found[0]


def _history(args: argparse.Namespace) -> int:
    versions, now = _versions(args), now_utc()
    state, events = versions.state(), versions.events()
    if not events:
        print(_NONE.get(args.lang), file=sys.stderr)
    for event in events:
        print(_line(event, args.lang))
    active = state.active(now)
    if active:
        text = _ACTIVE.get(args.lang).format(active.digest[:12], active.at, active.by)
        print(text + (_URGENT.get(args.lang) if active.emergency else ""))
    return 0


_NONE = Bilingual(
    "还没有版本：正在使用设置里的策略", "no version yet: the policy of the settings is in use"
)
_ACTIVE = Bilingual("正在使用：{0}，自 {1} 起，由 {2} 启用", "active: {0} since {1} by {2}")
_URGENT = Bilingual("（紧急启用，24 小时后失效）", " EMERGENCY, ends after 24 hours")
_LINE = Bilingual("{at} {by} {verb} {digest}", "{at} {verb} {digest} by {by}")
_WEAKER = Bilingual("（可能变松）", " (may be weaker)")
_VERBS = {kind: name for name, kind in COMMANDS.items()}


def _line(event: Event, language: str) -> str:
    command = event.command
    verb = labels.name("verb", _VERBS[type(command)], language)
    line = _LINE.get(language).format(
        at=event.at, by=event.by, verb=verb, digest=command.digest[:12]
    )
    if isinstance(command, Submit) and command.weaker:
        line += _WEAKER.get(language)
    note = getattr(command, "note", "") or getattr(command, "reason", "")
    return f"{line} - {note}" if note else line
