"""What the audit log needs to know. No
I/O here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from threegate.audit.chain import Algorithm
from threegate.audit.record import ContentLevel
from threegate.settings import Settings


class OnFailure(StrEnum):
    """What a record that cannot be made durable means for its request.

    `fail_request` refuses it; `spool` writes the record to a local file, fsynced, and replays it
    later; `continue` lets the request go on without a record, counted.
    """

    FAIL_REQUEST = "fail_request"
    SPOOL = "spool"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """`directory` holds keys, published checkpoints and the spool.

    Key specs are `file:PATH`, `env:NAME` (looked up in `environment`) or `cmd:COMMAND` (its
    standard output, for a KMS); 32 bytes, raw, hex or base64. Empty: a file in `directory/keys`,
    made at the first start, mode 0600.
    """

    url: str = "sqlite:///var/audit.sqlite3"
    directory: Path = Path("var/audit")
    origin: str = "threegate.local/audit"
    on_failure: OnFailure = OnFailure.FAIL_REQUEST
    level: ContentLevel = ContentLevel.REDACTED
    algorithm: Algorithm = Algorithm.SHA256
    signing_key: str = ""
    witness_keys: tuple[str, ...] = ()
    master_key: str = ""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    checkpoint_seconds: float = 60.0
    checkpoint_records: int = 1000
    commit_timeout_seconds: float = 10.0
    max_batch: int = 256
    max_pending: int = (
        10_000  # records waiting for the writer; beyond it the log is overloaded: AuditError
    )
    max_spool_bytes: int = 1 << 30
    index_text: bool = True


def from_settings(settings: Settings) -> AuditSettings:
    """The audit part of the process's settings."""
    return AuditSettings(
        url=settings.audit_database,
        directory=settings.var / "audit",
        on_failure=OnFailure(settings.audit_on_failure),
        level=ContentLevel(settings.audit_level),
        master_key=settings.audit_master_key,
        signing_key=settings.audit_signing_key,
        environment=settings.environment,
    )
