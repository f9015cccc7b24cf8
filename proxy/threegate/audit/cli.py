"""`threegate audit …` for those who live in a terminal. Exit codes: 0 fine, 1 the log does not
verify, 2 usage.

Reading metadata needs the database only. What shows or removes text is itself recorded, so it opens
the log.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from threegate.audit import commands_read as reading
from threegate.audit import commands_write as keeping
from threegate.audit.note import NoteError
from threegate.audit.settings import AuditSettings
from threegate.errors import AuditError

Command = Callable[[argparse.Namespace, AuditSettings], int]


def register(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    settings: Callable[[argparse.Namespace], AuditSettings] | None = None,
) -> None:
    """Adds `audit`. `args.run(args)` runs the chosen command and returns the exit code.

    `settings` makes the log's settings of the parsed arguments; by default of `--database` and
    `--directory`.
    """
    audit = subparsers.add_parser("audit", help="verify, search and export the audit log")
    commands = audit.add_subparsers(dest="audit_command", required=True)
    for name, (command, describe, arguments) in COMMANDS.items():
        parser = commands.add_parser(name, help=describe, description=describe)
        defaults = AuditSettings()
        parser.add_argument("--database", default=defaults.url, help="URL or SQLite file")
        parser.add_argument("--directory", type=Path, default=defaults.directory)
        arguments(parser)
        parser.set_defaults(run=_runner(command, settings or _settings))


def _settings(args: argparse.Namespace) -> AuditSettings:
    return AuditSettings(url=_url(args.database), directory=args.directory)


def _url(database: str) -> str:
    return database if ":" in database else f"sqlite:///{database}"


def _runner(
    command: Command, settings: Callable[[argparse.Namespace], AuditSettings]
) -> Callable[[argparse.Namespace], int]:
    def run(args: argparse.Namespace) -> int:
        try:
            return command(args, settings(args))
        except (AuditError, NoteError, OSError, ValueError) as error:
            print(f"threegate audit: {error}", file=sys.stderr)
            return 2

    return run


COMMANDS: dict[str, tuple[Command, str, Callable[[argparse.ArgumentParser], None]]] = {
    "verify": (reading.verify, "prove that nobody changed the log", reading.verify_arguments),
    "show": (reading.show, "all records of a request", reading.show_arguments),
    "search": (reading.search, "find records", reading.search_arguments),
    "tail": (reading.tail, "follow new records", reading.search_arguments),
    "export": (
        keeping.export_command,
        "a signed directory of records with proofs",
        keeping.export_arguments,
    ),
    "erase": (
        keeping.erase_command,
        "erase a subject, a request, a conversation or a day",
        keeping.erase_arguments,
    ),
    "hold": (keeping.hold_command, "legal hold: list, add, release", keeping.hold_arguments),
    "retain": (
        keeping.retain_command,
        "erase and prune what is older than its retention",
        keeping.retain_arguments,
    ),
    "report": (
        keeping.report_command,
        "counts of a period, as JSON or a page",
        keeping.report_arguments,
    ),
}
