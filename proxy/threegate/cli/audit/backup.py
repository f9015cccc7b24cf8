"""`audit backup | restore | upkeep`: copies of the log, and its daily work by hand; recorded."""

from __future__ import annotations

import argparse
import asyncio

from threegate.audit.export.backup import Counts, backup, restore
from threegate.audit.log.log_keys import load_master
from threegate.audit.retention.retention_job import Done, keep
from threegate.audit.settings import AuditSettings
from threegate.audit.verify.published import verify_all
from threegate.cli.audit.common import access, opened
from threegate.i18n.audit import line


def backup_command(args: argparse.Namespace, settings: AuditSettings) -> int:
    asyncio.run(_record(args, "backup", settings))
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
    asyncio.run(_record(args, "restore", settings))
    print(line("verifies" if sound else "restored-fails", args.lang))
    return 0 if sound else 1


async def _record(args: argparse.Namespace, verb: str, settings: AuditSettings) -> None:
    async with opened(settings) as log:
        await log.append(access(args, verb, file=args.file.name))


def upkeep_command(args: argparse.Namespace, settings: AuditSettings) -> int:
    """Runs the daily work that the proxy does by itself."""
    done = asyncio.run(_keep(settings, clock_is_right=args.clock_is_right))
    if done is None:
        print(line("kept-already", args.lang))
        return 0
    if done.leapt:
        print(line("clock", args.lang, days=done.leapt))
        return 1
    numbers = {"texts": done.texts, "pruned": done.pruned, "days": len(done.exported)}
    print(line("kept", args.lang, **numbers))
    return 0


async def _keep(settings: AuditSettings, *, clock_is_right: bool) -> Done | None:
    async with opened(settings) as log:
        return await keep(log, clock_is_right=clock_is_right)
