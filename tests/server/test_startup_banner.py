"""What a start says leads on, in both languages, and gives no password away."""

from __future__ import annotations

import re
from pathlib import Path

from threegate.server.startup_banner import GREETING, greeting
from threegate.settings import Settings


def test_both_languages_have_the_same_lines() -> None:
    assert len(GREETING.zh.splitlines()) == len(GREETING.en.splitlines())
    assert re.findall(r"\{\w+\}", GREETING.zh) == re.findall(r"\{\w+\}", GREETING.en)
    assert greeting(Settings(), "zh") != greeting(Settings(), "en")


def test_the_log_is_found_wherever_it_lies(tmp_path: Path) -> None:
    said = greeting(Settings(var=tmp_path), "en")
    assert f"--database {tmp_path}/audit.sqlite3 --directory {tmp_path}/audit" in said


def test_a_password_in_an_address_is_not_said() -> None:
    url = "postgresql://guard:canary@db/log"
    for language in ("zh", "en"):
        said = greeting(Settings(audit_url=url), language)
        assert "canary" not in said
        assert "postgresql://guard:***@db/log" in said
