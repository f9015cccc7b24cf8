"""How the commands find their settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.conftest import Captured, run


def test_settings_of_the_proxy_are_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Captured
) -> None:
    monkeypatch.setenv("THREEGATE_VAR", str(tmp_path / "elsewhere"))
    monkeypatch.chdir(tmp_path)
    assert run("audit", "verify") == 2
    assert "elsewhere/audit.sqlite3" in capsys.readouterr().err
