"""Settings of the audit log. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from threegate.audit.errors import trouble
from threegate.audit.log.chain import Algorithm
from threegate.audit.log.record import ContentLevel
from threegate.settings import Settings
from threegate.settings.model import MIN_METADATA_DAYS

METADATA_DAYS = 190


class OnFailure(StrEnum):
    """What happens to a request whose record cannot be made durable, strictest first.

    `fail_request` refuses it; `spool` writes the record to a local file, fsynced, and replays it
    later; `continue` lets the request proceed without a record, which is counted."""

    FAIL_REQUEST = "fail_request"
    SPOOL = "spool"
    CONTINUE = "continue"

    def or_stricter(self, wanted: OnFailure | None) -> OnFailure:
        """A policy can require more than the proxy's setting, never less."""
        return self if wanted is None or STRICTNESS[self] <= STRICTNESS[wanted] else wanted


STRICTNESS = {each: rank for rank, each in enumerate(OnFailure)}  # the strictest is 0


class Format(StrEnum):
    """The format of exports (`export`)."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    OCSF = "ocsf"
    OTEL_LOGS = "otel-logs"
    OTEL_SPANS = "otel-spans"


@dataclass(frozen=True, slots=True)
class Retention:
    """Days until text and metadata are deleted; a legal hold keeps what is needed longer. Raises
    `AuditError` below six months."""

    content_days: int = 90
    metadata_days: int = METADATA_DAYS

    def __post_init__(self) -> None:
        if self.metadata_days < MIN_METADATA_DAYS:
            raise trouble("retention", least=MIN_METADATA_DAYS)


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """`directory` holds keys, published checkpoints and the spool. `publish` is a command that
    copies each checkpoint elsewhere (`checkpoint`), `export_to` a folder for daily exports
    (`retention_job`).

    Key specs are `file:PATH`, `env:NAME` (looked up in `environment`) or `cmd:COMMAND` (its
    standard output, for a KMS); 32 bytes, raw, hex or base64. Empty: a file in `directory/keys`,
    made at the first start, mode 0600."""

    url: str = "sqlite:///var/audit.sqlite3"
    directory: Path = Path("var/audit")
    origin: str = "threegate.local/audit"
    on_failure: OnFailure = OnFailure.FAIL_REQUEST
    level: ContentLevel = ContentLevel.REDACTED
    algorithm: Algorithm = Algorithm.SHA256
    signing_key: str = ""
    master_key: str = ""
    old_master_keys: tuple[str, ...] = ()  # newest first; used only for opening
    subject_key: str = ""  # key of pseudonyms; empty: the master key
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    checkpoint_seconds: float = 60.0
    checkpoint_records: int = 1000
    commit_timeout_seconds: float = 10.0
    max_batch: int = 256
    max_pending: int = (
        10_000  # records waiting for the writer; beyond it the log is overloaded (AuditError)
    )
    max_spool_bytes: int = 1 << 30
    index_text: bool = True
    publish: str = ""
    retention: Retention = field(default_factory=Retention)
    export_to: Path | None = None
    export_format: Format = Format.JSONL


def from_settings(settings: Settings) -> AuditSettings:
    """The audit part of the process's settings. Raises `AuditError` for a retention below six
    months."""
    return AuditSettings(
        url=settings.audit_database,
        directory=settings.var / "audit",
        on_failure=OnFailure(settings.audit_on_failure),
        level=ContentLevel(settings.audit_level),
        algorithm=Algorithm(settings.audit_hash),
        master_key=settings.audit_master_key,
        old_master_keys=settings.audit_old_master_keys,
        subject_key=settings.audit_subject_key,
        signing_key=settings.audit_signing_key,
        environment=settings.environment,
        publish=settings.audit_publish,
        retention=Retention(settings.audit_content_days, settings.audit_metadata_days),
        export_to=Path(settings.audit_export) if settings.audit_export else None,
        export_format=Format(settings.audit_export_format),
    )
