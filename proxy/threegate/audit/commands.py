"""What the `audit` commands share: opening the log, recording who asks, printing."""

from __future__ import annotations

import argparse
import getpass
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from threegate.audit.record import Record, Stage
from threegate.audit.settings import AuditSettings
from threegate.audit.store import AuditLog
from threegate.errors import AuditError


@asynccontextmanager
async def opened(settings: AuditSettings) -> AsyncIterator[AuditLog]:
    log = await AuditLog.open(settings)
    try:
        yield log
    finally:
        await log.close()


def access(args: argparse.Namespace, verb: str, **facts: Any) -> Record:
    if not args.reason:
        raise AuditError(f"{verb} is recorded and needs --reason")
    detail = {"verb": verb, "actor": args.actor, "reason": args.reason, "by": "cli", **facts}
    return Record(stage=Stage.ACCESS, detail=detail)


def reason_arguments(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument("--reason", default="", required=required, help="recorded with the access")
    parser.add_argument("--actor", default=getpass.getuser(), help="who asks (default: the user)")


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
