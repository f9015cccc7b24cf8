"""`threegate keys`: API keys of a machine or, where the audit log is in PostgreSQL, of all
replicas. A key is shown once and stored hashed. Who adds or revokes one is in the audit log."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from threegate import settings
from threegate.audit.log.database import writer_engine
from threegate.audit.settings import from_settings
from threegate.cli.acts import access
from threegate.cli.audit.common import opened
from threegate.cli.errors import misuse
from threegate.cli.language import line
from threegate.cli.person import current_user
from threegate.gateway.access.auth import TENANT, Key, KeyFile, made, over, utc_time
from threegate.gateway.access.auth_db import KeyDatabase
from threegate.gateway.telemetry.expiry import WARNING


def _keys(args: argparse.Namespace) -> KeyFile | KeyDatabase:
    given = settings.load(file=args.config)
    if given.keys_in_database:
        return KeyDatabase.open(writer_engine(given.audit_url))
    return KeyFile(given.key_file)


async def _recorded(
    args: argparse.Namespace, act: Callable[[], bool], verb: str, key_id: str, **facts: str
) -> bool:
    """What the act returns. Raises AuditError, and does nothing, if the log takes no record."""
    what = {"actor": args.by or current_user(), "object": key_id, **facts}
    async with opened(from_settings(settings.load(file=args.config))) as log:
        await log.append(access("attempt", what=verb, **what))
        if done := act():
            await log.append(access(verb, **what))
        else:
            await log.append(access("refused", what=verb, **what))
        return done


def add_command(args: argparse.Namespace) -> int:
    if TENANT.fullmatch(args.tenant) is None:
        raise misuse("tenant", text=args.tenant)
    expires = _end_of(args.expires) if args.expires else ""
    keys = _keys(args)
    key, secret = made(args.tenant, expires)
    facts = {"tenant": key.tenant, "expires": expires}
    asyncio.run(_recorded(args, partial(keys.store, key), "add-key", key.id, **facts))
    print(line("key-made", args.lang, id=key.id, tenant=key.tenant))
    print(secret)
    return 0


def _end_of(text: str) -> str:
    """Raises UseError for an invalid time or one that has passed."""
    try:
        end = utc_time(text).isoformat()
    except ValueError:
        raise misuse("expires", text=text) from None
    if over(end):
        raise misuse("expired", text=text)
    return end


def _state(key: Key) -> str:
    if key.revoked:
        return "revoked"
    return "expired" if over(key.expires) else "active"


def _soon(key: Key, language: str) -> str:
    """How many days are left, if that is worth a warning."""
    if _state(key) != "active" or not key.expires:
        return ""
    left = utc_time(key.expires) - datetime.now(UTC)
    return line("ends-soon", language, days=left.days) if left < WARNING else ""


def list_command(args: argparse.Namespace) -> int:
    keys = _keys(args).keys
    if not keys:
        print(line("no-keys", args.lang), file=sys.stderr)
    for key in keys:
        state = line(_state(key), args.lang) + _soon(key, args.lang)
        print(f"{key.id}\t{key.tenant}\t{state}\t{key.created}\t{key.expires}")
    return 0


def revoke_command(args: argparse.Namespace) -> int:
    act = partial(_keys(args).revoke, args.id)
    if asyncio.run(_recorded(args, act, "revoke-key", args.id)):
        return 0
    print(line("no-key", args.lang, id=args.id), file=sys.stderr)
    return 1
