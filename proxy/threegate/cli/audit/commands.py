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

from threegate import settings
from threegate.audit.errors import trouble
from threegate.audit.log.note import NoteError
from threegate.audit.settings import AuditSettings, from_settings
from threegate.cli.person import current_user
from threegate.errors import AuditError
from threegate.settings.errors import SettingsError

Command = Callable[[argparse.Namespace, AuditSettings], int]


def _settings(args: argparse.Namespace) -> AuditSettings:
    """The proxy's settings, unless the command names others."""
    found = from_settings(settings.load(file=args.config))
    url = args.database if ":" in args.database else f"sqlite:///{args.database}"
    found = replace(found, url=url) if args.database else found
    return replace(found, directory=args.directory) if args.directory else found


def with_log_settings(command: Command, args: argparse.Namespace) -> int:
    """The exit code of the command; errors of the log are 2."""
    try:
        if "actor" in args:
            args.actor = args.actor or current_user()
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
