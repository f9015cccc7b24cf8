"""Who runs a command."""

from __future__ import annotations

import os

import pytest
from threegate.cli.person import current_user

NUMBER = 2_000_000_001  # no system has a name for it


def test_commands_run_under_a_user_without_a_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: NUMBER)
    assert current_user() == str(NUMBER)
