"""`audit acknowledge`: lists lost ends of chains, and acknowledges known ones."""

from __future__ import annotations

import argparse
import sys

from threegate.audit.errors import trouble
from threegate.audit.retention.lost_entries import acknowledge
from threegate.audit.settings import AuditSettings
from threegate.audit.verify.gaps import VERB, gaps
from threegate.audit.verify.verifier import verify_all
from threegate.cli.audit.common import with_log
from threegate.i18n.audit import line


def acknowledge_command(args: argparse.Namespace, settings: AuditSettings) -> int:
    """Without writers it lists what is lost and not acknowledged."""
    found = gaps(verify_all(settings))
    if args.writers:
        if not args.reason:
            raise trouble("reason", verb=VERB)
        who = {"actor": args.actor, "reason": args.reason}
        with_log(settings, lambda log: acknowledge(log, found, args.writers, **who))
        found = {writer: found[writer] for writer in args.writers}
    for writer, (first, last) in sorted(found.items()):
        told = "gap-known" if args.writers else "gap"
        print(line(told, args.lang, writer=writer, first=first, last=last))
    if not found:
        print(line("no-gap", args.lang), file=sys.stderr)
    return 0
