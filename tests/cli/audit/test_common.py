"""What all commands share."""

from __future__ import annotations

from pathlib import Path

from threegate.audit import AuditSettings

from tests.audit.conftest import Captured, audit


async def test_a_missing_database_is_said(settings: AuditSettings, capsys: Captured) -> None:
    for command in (("verify",), ("show", "r1"), ("search",), ("report",)):
        assert await audit(settings, *command) == 2
        assert "no audit database" in capsys.readouterr().err
    assert not Path(settings.url.removeprefix("sqlite:///")).exists()
