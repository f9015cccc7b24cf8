"""Verifies the log of this machine: its database against its own key and published checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from threegate.audit.log.note import Verifier
from threegate.audit.settings import AuditSettings
from threegate.audit.verify.findings import VerifyReport
from threegate.audit.verify.sources import connect
from threegate.audit.verify.verifier import verify_database


def verify_all(
    settings: AuditSettings, keys: Sequence[Verifier] = (), checkpoints: Sequence[Path] = ()
) -> VerifyReport:
    """Verifies the database with `keys` (else the key next to it) and every published
    checkpoint."""
    published = [p.read_text() for p in [*checkpoints, *published_files(settings)]]
    database = connect(settings.url)
    try:
        return verify_database(database, list(keys) or own_keys(settings), published)
    finally:
        database.close()


def own_keys(settings: AuditSettings) -> list[Verifier]:
    """The keys next to the log: convenient, but weaker evidence than those kept elsewhere."""
    path = settings.directory / "log.vkey"
    return keys_of(path) if path.is_file() else []


def keys_of(file: Path) -> list[Verifier]:
    return [Verifier.parse(line) for line in file.read_text().splitlines()]


def published_files(settings: AuditSettings) -> list[Path]:
    return sorted((settings.directory / "checkpoints").glob("*/[0-9]*"))
