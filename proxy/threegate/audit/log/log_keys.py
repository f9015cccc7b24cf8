"""The keys of one log, by its settings: the master key of texts, and the key that signs
checkpoints."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from threegate.audit.errors import trouble
from threegate.audit.log.checkpoint import CheckpointShipper, Publisher, writer_origin
from threegate.audit.log.keys import MasterKey, load_key
from threegate.audit.log.note import Signer
from threegate.audit.settings import AuditSettings
from threegate.durable_files import replace_file
from threegate.errors import AuditError


def load_master(settings: AuditSettings) -> MasterKey:
    """Raises AuditError. While there are several keys, the settings must say which one is used for
    persons: a wrong guess would show only when an erasure or a hold misses their records."""
    path = _master_file(settings)

    def loaded(spec: str, setting: str) -> bytes:
        return load_key(spec, path, settings.environment, setting=setting)

    subject_key = settings.subject_key
    if settings.old_master_keys and not subject_key:
        raise trouble("subject-key-missing")
    return MasterKey(
        loaded(settings.master_key, "audit_master_key"),
        tuple(loaded(spec, "audit_old_master_keys") for spec in settings.old_master_keys),
        loaded(subject_key, "audit_subject_key") if subject_key else b"",
    )


def master_at_hand(settings: AuditSettings) -> MasterKey | None:
    """The master key, if this machine has it already; an auditor's has not."""
    if settings.master_key or _master_file(settings).exists():
        with suppress(AuditError):
            return load_master(settings)
    return None


def _master_file(settings: AuditSettings) -> Path:
    return settings.directory / "keys" / "master.key"


def load_signer(settings: AuditSettings) -> Signer:
    """The log's signing key; its public half is written next to the keys for auditors
    (`log.vkey`)."""
    path = settings.directory / "keys" / "signing.key"
    seed = load_key(settings.signing_key, path, settings.environment, setting="audit_signing_key")
    return Signer.from_seed(settings.origin, seed)


def load_publisher(settings: AuditSettings, writer_id: str) -> Publisher:
    """The publisher that signs and publishes the checkpoints of one writer, with the keys in the
    settings. Raises ValueError or OSError if a key cannot be read."""
    signer = load_signer(settings)
    _publish_vkey(settings, signer)
    return Publisher(
        writer_origin(settings.origin, settings.algorithm, writer_id),
        signer,
        settings.directory / "checkpoints" / writer_id,
        CheckpointShipper(settings.publish) if settings.publish else None,
    )


def _publish_vkey(settings: AuditSettings, signer: Signer) -> None:
    """One line per key that has ever signed; older keys verify what they signed."""
    path, line = settings.directory / "log.vkey", signer.verifier.vkey()
    known = path.read_text().splitlines() if path.exists() else []
    if line not in known:
        replace_file(path, "".join(f"{key}\n" for key in [*known, line]).encode())
