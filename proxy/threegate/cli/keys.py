"""`threegate keys`: API keys of a machine or, where the audit log is in PostgreSQL, of all
replicas. A key is shown once and stored hashed."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from threegate import settings
from threegate.audit.log.database import writer_engine
from threegate.cli.errors import misuse
from threegate.cli.language import line
from threegate.gateway.access.auth import Key, KeyFile, over, utc_time
from threegate.gateway.access.auth_db import KeyDatabase
from threegate.gateway.telemetry.expiry import WARNING


def _keys(args: argparse.Namespace) -> KeyFile | KeyDatabase:
    given = settings.load(file=args.config)
    if given.keys_in_database:
        return KeyDatabase.open(writer_engine(given.audit_url))
    return KeyFile(given.key_file)


def add_command(args: argparse.Namespace) -> int:
    expires = _end_of(args.expires) if args.expires else ""
    key, secret = _keys(args).add(args.tenant, expires)
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
    if _keys(args).revoke(args.id):
        return 0
    print(line("no-key", args.lang, id=args.id), file=sys.stderr)
    return 1
