"""What the `audit` commands share: opening the log, recording who acts, printing."""

from __future__ import annotations

import argparse
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from threegate.audit.errors import reason_of, trouble
from threegate.audit.log.database import reader_engine
from threegate.audit.log.record import Record, Stage
from threegate.audit.log.store import AuditLog
from threegate.audit.settings import AuditSettings


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


def access(args: argparse.Namespace, verb: str, **facts: Any) -> Record:
    if not args.reason:
        raise trouble("reason", verb=verb)
    detail = {"verb": verb, "actor": args.actor, "reason": args.reason, "by": "cli", **facts}
    return Record(stage=Stage.ACCESS, detail=detail)


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
