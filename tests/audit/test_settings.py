from __future__ import annotations

from pathlib import Path

import pytest
from threegate.audit.log.chain import Algorithm
from threegate.audit.log.record import ContentLevel
from threegate.audit.settings import AuditSettings, Format, OnFailure, from_settings
from threegate.errors import AuditError
from threegate.settings import Settings


def test_the_default_fails_closed() -> None:
    assert AuditSettings().on_failure is OnFailure.FAIL_REQUEST
    assert AuditSettings().level is ContentLevel.REDACTED


@pytest.mark.parametrize(
    ("setting", "asked", "holds"),
    [
        ("continue", None, "continue"),
        ("continue", "continue", "continue"),
        ("continue", "spool", "spool"),
        ("continue", "fail_request", "fail_request"),
        ("spool", None, "spool"),
        ("spool", "continue", "spool"),
        ("spool", "fail_request", "fail_request"),
        ("fail_request", None, "fail_request"),
        ("fail_request", "continue", "fail_request"),
        ("fail_request", "spool", "fail_request"),
    ],
)
def test_the_stricter_of_setting_and_policy_holds(
    setting: str, asked: str | None, holds: str
) -> None:
    wanted = OnFailure(asked) if asked else None
    assert OnFailure(setting).or_stricter(wanted) == holds


def test_the_process_settings_decide(tmp_path: Path) -> None:
    process = Settings(
        var=tmp_path,
        audit_on_failure="spool",
        audit_level="metadata",
        audit_hash="sm3",
        environment={"K": "topsecret"},
    )
    made = from_settings(process)
    assert (made.on_failure, made.level) == (OnFailure.SPOOL, ContentLevel.METADATA)
    assert made.algorithm is Algorithm.SM3
    assert made.directory == tmp_path / "audit"
    assert made.url == f"sqlite:///{tmp_path / 'audit.sqlite3'}"
    assert "topsecret" not in repr(made)


def test_retention_and_exports_are_checked_at_the_start(tmp_path: Path) -> None:
    made = from_settings(
        Settings(audit_content_days=30, audit_metadata_days=400, audit_export=str(tmp_path))
    )
    assert (made.retention.content_days, made.retention.metadata_days) == (30, 400)
    assert (made.export_to, made.export_format) == (tmp_path, Format.JSONL)
    with pytest.raises(AuditError, match="184 days"):
        from_settings(Settings(audit_metadata_days=183))
    with pytest.raises(ValueError, match="xml"):
        from_settings(Settings(audit_export_format="xml"))
