"""`audit acknowledge`: lists lost ends of chains, and acknowledges known ones."""

from __future__ import annotations

import argparse
import asyncio
import sys

from threegate.audit.errors import trouble
from threegate.audit.retention.lost_entries import acknowledge
from threegate.audit.settings import AuditSettings
from threegate.audit.verify.gaps import VERB, Gaps, gaps
from threegate.audit.verify.published import verify_all
from threegate.cli.audit.common import opened
from threegate.i18n.audit import line


def acknowledge_command(args: argparse.Namespace, settings: AuditSettings) -> int:
    """Without writers it lists what is lost and not acknowledged."""
    found = gaps(verify_all(settings))
    if args.writers:
        if not args.reason:
            raise trouble("reason", verb=VERB)
        asyncio.run(_acknowledge(args, settings, found))
        found = {writer: found[writer] for writer in args.writers}
    for writer, (first, last) in sorted(found.items()):
        told = "gap-known" if args.writers else "gap"
        print(line(told, args.lang, writer=writer, first=first, last=last))
    if not found:
        print(line("no-gap", args.lang), file=sys.stderr)
    return 0


async def _acknowledge(args: argparse.Namespace, settings: AuditSettings, found: Gaps) -> None:
    """Closing the log signs the entry, without which it would have no effect."""
    async with opened(settings) as log:
        await acknowledge(log, found, args.writers, actor=args.actor, reason=args.reason)
