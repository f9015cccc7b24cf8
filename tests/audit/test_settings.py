from __future__ import annotations

from pathlib import Path

from threegate.audit.record import ContentLevel
from threegate.audit.settings import AuditSettings, OnFailure, from_settings
from threegate.settings import Settings


def test_the_default_fails_closed() -> None:
    assert AuditSettings().on_failure is OnFailure.FAIL_REQUEST
    assert AuditSettings().level is ContentLevel.REDACTED


def test_the_process_settings_decide(tmp_path: Path) -> None:
    process = Settings(
        var=tmp_path,
        audit_on_failure="spool",
        audit_level="metadata",
        environment={"K": "topsecret"},
    )
    made = from_settings(process)
    assert (made.on_failure, made.level) == (OnFailure.SPOOL, ContentLevel.METADATA)
    assert made.directory == tmp_path / "audit"
    assert made.url == f"sqlite:///{tmp_path / 'audit.sqlite3'}"
    assert "topsecret" not in repr(made)
