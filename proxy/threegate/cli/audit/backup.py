"""`audit backup | restore | upkeep | rewrap | acknowledge`: copies of the log, its daily work by
hand, master keys, and lost ends of chains; recorded."""

from __future__ import annotations

import argparse
import sys

from threegate.audit.errors import trouble
from threegate.audit.export.backup import Counts, backup, restore
from threegate.audit.log.log_keys import load_master
from threegate.audit.retention.lost_entries import acknowledge
from threegate.audit.retention.retention_job import keep
from threegate.audit.retention.rewrap import UNREADABLE, by_master, rewrap
from threegate.audit.settings import AuditSettings
from threegate.audit.verify.gaps import VERB, gaps
from threegate.audit.verify.verifier import verify_all
from threegate.cli.audit.common import access, reading, with_log
from threegate.i18n.audit import line


def backup_command(args: argparse.Namespace, settings: AuditSettings) -> int:
    _record(args, "backup", settings)
    counts = backup(settings.url, args.file, args.keys)
    print(line("backed-up", args.lang, file=args.file, **_numbers(counts)))
    return 0


def _numbers(counts: Counts) -> dict[str, int]:
    return {"records": counts["audit_record"], "texts": counts["audit_content"]}


def restore_command(args: argparse.Namespace, settings: AuditSettings) -> int:
    """Restores, then verifies the result: a published checkpoint newer than the copy would show."""
    master = load_master(settings) if settings.index_text else None
    counts = restore(settings.url, args.file, args.keys, master)
    print(line("restored", args.lang, **_numbers(counts)))
    sound = verify_all(settings).ok
    _record(args, "restore", settings)
    print(line("verifies" if sound else "restored-fails", args.lang))
    return 0 if sound else 1


def _record(args: argparse.Namespace, verb: str, settings: AuditSettings) -> None:
    with_log(settings, lambda log: log.append(access(args, verb, file=args.file.name)))


def upkeep_command(args: argparse.Namespace, settings: AuditSettings) -> int:
    """Runs the daily work that the proxy does by itself."""
    if args.clock_is_right and not args.reason:
        raise trouble("reason", verb="upkeep --clock-is-right")
    who = {"actor": args.actor, "reason": args.reason}
    done = with_log(settings, lambda log: keep(log, clock_is_right=args.clock_is_right, **who))
    if done is None:
        print(line("kept-already", args.lang))
        return 0
    if done.leapt:
        print(line("clock", args.lang, days=done.leapt))
        return 1
    numbers = {"texts": done.texts, "pruned": done.pruned, "days": len(done.exported)}
    print(line("kept", args.lang, **numbers))
    return 0


def rewrap_command(args: argparse.Namespace, settings: AuditSettings) -> int:
    """Rewraps data keys to the newest master key. Without a reason: lists how many data keys each
    master key has wrapped. Exit code 1 if some cannot be opened."""
    if args.reason:
        who = {"actor": args.actor, "reason": args.reason}
        keys = with_log(settings, lambda log: rewrap(log, **who))
        print(line("rewrapped", args.lang, keys=keys))
    master = load_master(settings)
    with reading(settings.url) as connection:
        found = by_master(connection, master)
    unreadable = found.pop(UNREADABLE, 0)
    for id in dict.fromkeys((master.id, *found)):
        name = "master-key" if id == master.id else "old-master-key"
        print(line(name, args.lang, id=id, keys=found[id]))
    print(line("subject-key", args.lang, id=master.subject_key_id))
    if unreadable:
        print(line("unreadable-keys", args.lang, keys=unreadable))
    return 1 if unreadable else 0


def acknowledge_command(args: argparse.Namespace, settings: AuditSettings) -> int:
    """Without writers it lists the ends of chains that are lost and not acknowledged."""
    found = gaps(verify_all(settings))
    if args.writers:
        if not args.reason:
            raise trouble("reason", verb=VERB)
        who = {"actor": args.actor, "reason": args.reason}
        with_log(settings, lambda log: acknowledge(log, found, args.writers, **who))
        found = {writer: found[writer] for writer in args.writers}
    for writer, (first, last) in sorted(found.items()):
        name = "gap-known" if args.writers else "gap"
        print(line(name, args.lang, writer=writer, first=first, last=last))
    if not found:
        print(line("no-gap", args.lang), file=sys.stderr)
    return 0
