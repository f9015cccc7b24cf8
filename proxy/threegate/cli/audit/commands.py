"""The commands `threegate audit …`. Exit codes: 0 fine, 1 the log does not verify (or nothing was
found), 2 it could not be read, or wrong use.

Commands that read metadata open the database only. Commands that show or remove text are
themselves recorded, so they open the log.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from threegate import settings
from threegate.audit.errors import trouble
from threegate.audit.log.note import NoteError
from threegate.audit.settings import AuditSettings, from_settings
from threegate.cli.audit import acknowledging, backup, reading, rewrapping, writing
from threegate.errors import AuditError
from threegate.settings.errors import SettingsError

Command = Callable[[argparse.Namespace, AuditSettings], int]


def arguments(audit: argparse.ArgumentParser) -> None:
    """`args.run(args)` runs the chosen command and returns the exit code."""
    commands = audit.add_subparsers(dest="audit_command", required=True, metavar="VERB")
    for name, (command, describe, more_arguments) in COMMANDS.items():
        parser = commands.add_parser(name, help=describe, description=describe)
        parser.add_argument("--config", type=Path)
        parser.add_argument("--database", default="", help="another database: URL or SQLite file")
        parser.add_argument("--directory", type=Path, help="another directory of keys, checkpoints")
        more_arguments(parser)
        parser.set_defaults(run=_runner(command))


def _settings(args: argparse.Namespace) -> AuditSettings:
    """The proxy's settings, unless the command names others."""
    found = from_settings(settings.load(file=args.config))
    url = args.database if ":" in args.database else f"sqlite:///{args.database}"
    found = replace(found, url=url) if args.database else found
    return replace(found, directory=args.directory) if args.directory else found


def _runner(command: Command) -> Callable[[argparse.Namespace], int]:
    def run(args: argparse.Namespace) -> int:
        try:
            return command(args, _settings(args))
        except (AuditError, NoteError, SettingsError) as error:
            print(f"threegate audit: {error.text.get(args.lang)}", file=sys.stderr)
        except BrokenPipeError:  # the reader closed the pipe
            raise
        except FileNotFoundError as error:
            text = trouble("no-file", path=error.filename).text.get(args.lang)
            print(f"threegate audit: {text}", file=sys.stderr)
        except (OSError, ValueError) as error:
            print(f"threegate audit: {error}", file=sys.stderr)
        return 2

    return run


COMMANDS: dict[str, tuple[Command, str, Callable[[argparse.ArgumentParser], None]]] = {
    "verify": (reading.verify, "verify that the log was not changed", reading.verify_arguments),
    "show": (reading.show, "show all records of a request", reading.show_arguments),
    "search": (reading.search, "find records", reading.search_arguments),
    "tail": (reading.tail, "follow new records", reading.tail_arguments),
    "export": (
        writing.export_command,
        "export records with proofs to a signed folder",
        writing.export_arguments,
    ),
    "erase": (
        writing.erase_command,
        "erase a subject, a request, a conversation or a day",
        writing.erase_arguments,
    ),
    "hold": (writing.hold_command, "legal hold: list, add, release", writing.hold_arguments),
    "rewrap": (
        rewrapping.rewrap_command,
        "master keys of the log: list, wrap the data keys anew",
        rewrapping.rewrap_arguments,
    ),
    "retain": (
        writing.retain_command,
        "erase and prune what is older than its retention",
        writing.retain_arguments,
    ),
    "acknowledge": (
        acknowledging.acknowledge_command,
        "lost ends of the log that are known: list, acknowledge",
        acknowledging.acknowledge_arguments,
    ),
    "backup": (
        backup.backup_command,
        "back up the log to one file",
        backup.backup_arguments,
    ),
    "restore": (
        backup.restore_command,
        "restore a backup into an empty database",
        backup.restore_arguments,
    ),
    "upkeep": (
        backup.upkeep_command,
        "run today's retention and export unless already done",
        backup.upkeep_arguments,
    ),
    "report": (
        writing.report_command,
        "statistics of a period, as JSON or a page",
        writing.report_arguments,
    ),
}
