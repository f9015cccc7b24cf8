"""What all commands share."""

from __future__ import annotations

from pathlib import Path

import pytest
from threegate.audit import AuditSettings

from tests.audit.conftest import Captured, audit, run


async def test_a_missing_database_is_said(settings: AuditSettings, capsys: Captured) -> None:
    for command in (("verify",), ("show", "r1"), ("search",), ("report",)):
        assert await audit(settings, *command) == 2
        assert "no audit database" in capsys.readouterr().err
    assert not Path(settings.url.removeprefix("sqlite:///")).exists()


def test_settings_of_the_proxy_are_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Captured
) -> None:
    monkeypatch.setenv("THREEGATE_VAR", str(tmp_path / "elsewhere"))
    monkeypatch.chdir(tmp_path)
    assert run("audit", "verify") == 2
    assert "elsewhere/audit.sqlite3" in capsys.readouterr().err
