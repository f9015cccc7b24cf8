"""`audit rewrap`: lists the master keys that the log needs, and rewraps data keys to the newest."""

from __future__ import annotations

import argparse

from threegate.audit.log.log_keys import load_master
from threegate.audit.retention.rewrap import UNREADABLE, by_master, rewrap
from threegate.audit.settings import AuditSettings
from threegate.cli.audit.common import reading, with_log
from threegate.i18n.audit import line


def rewrap_command(args: argparse.Namespace, settings: AuditSettings) -> int:
    """Without a reason: lists how many data keys each master key has wrapped. Exit code 1 if some
    cannot be opened."""
    if args.reason:
        who = {"actor": args.actor, "reason": args.reason}
        keys = with_log(settings, lambda log: rewrap(log, **who))
        print(line("rewrapped", args.lang, keys=keys))
    master = load_master(settings)
    with reading(settings.url) as connection:
        found = by_master(connection, master)
    unreadable = found.pop(UNREADABLE, 0)
    for id in dict.fromkeys((master.id, *found)):
        told = "master-key" if id == master.id else "old-master-key"
        print(line(told, args.lang, id=id, keys=found[id]))
    print(line("subject-key", args.lang, id=master.subject_key_id))
    if unreadable:
        print(line("unreadable-keys", args.lang, keys=unreadable))
    return 1 if unreadable else 0
