"""What the commands `threegate audit …` share: their settings, opening the log, recording who acts.
Exit codes: 0 fine, 1 the log does not verify (or nothing was found), 2 it could not be read, or
wrong use.

Commands that read metadata open the database only. Commands that show or remove text are
themselves recorded, so they open the log.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from threegate import settings as settings_module
from threegate.audit.errors import reason_of, trouble
from threegate.audit.log.database import reader_engine
from threegate.audit.log.note import NoteError
from threegate.audit.log.record import Record, Stage
from threegate.audit.log.store import AuditLog
from threegate.audit.settings import AuditSettings, from_settings
from threegate.cli.person import current_user
from threegate.errors import AuditError
from threegate.settings.errors import SettingsError

T = TypeVar("T")
Command = Callable[[argparse.Namespace, AuditSettings], int]


def _settings(args: argparse.Namespace) -> AuditSettings:
    """The proxy's settings, unless the command names others."""
    found = from_settings(settings_module.load(file=args.config))
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


@contextmanager
def reading(url: str) -> Iterator[Connection]:
    """A read-only transaction. Raises `AuditError` if there is no log."""
    if url.startswith("sqlite:") and not Path(url.removeprefix("sqlite:///")).is_file():
        raise trouble("no-database", path=url.removeprefix("sqlite:///"))
    engine = reader_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise trouble("database", why=reason_of(error)) from None
    finally:
        engine.dispose()


@asynccontextmanager
async def opened(settings: AuditSettings) -> AsyncIterator[AuditLog]:
    log = await AuditLog.open(settings)
    try:
        yield log
    finally:
        await log.close()


def with_log(settings: AuditSettings, work: Callable[[AuditLog], Awaitable[T]]) -> T:
    """Does the work on the log and closes it, which signs what was added."""

    async def done() -> T:
        async with opened(settings) as log:
            return await work(log)

    return asyncio.run(done())


def access(args: argparse.Namespace, verb: str, **facts: Any) -> Record:
    if not args.reason:
        raise trouble("reason", verb=verb)
    detail = {"verb": verb, "actor": args.actor, "reason": args.reason, "by": "cli", **facts}
    return Record(stage=Stage.ACCESS, detail=detail)


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
