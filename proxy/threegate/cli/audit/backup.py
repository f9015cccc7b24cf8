"""`audit backup | restore | upkeep`: copies of the log, and its daily work by hand; recorded."""

from __future__ import annotations

import argparse

from threegate.audit.export.backup import Counts, backup, restore
from threegate.audit.log.log_keys import load_master
from threegate.audit.retention.retention_job import keep
from threegate.audit.settings import AuditSettings
from threegate.audit.verify.verifier import verify_all
from threegate.cli.audit.common import access, with_log
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
    done = with_log(settings, lambda log: keep(log, clock_is_right=args.clock_is_right))
    if done is None:
        print(line("kept-already", args.lang))
        return 0
    if done.leapt:
        print(line("clock", args.lang, days=done.leapt))
        return 1
    numbers = {"texts": done.texts, "pruned": done.pruned, "days": len(done.exported)}
    print(line("kept", args.lang, **numbers))
    return 0
