"""What is in force and where the console is: no password, and no link in a JSON log."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from threegate.console.bootstrap import ConsoleLink
from threegate.policy.lifecycle.store import InForce, Origin
from threegate.server import startup_report
from threegate.server.startup_banner import announce, greeting
from threegate.server.startup_report import IN_FORCE, LINK_FILE
from threegate.settings import Settings

FIRST = ConsoleLink("http://here/console", "http://here/console/setup/canary")
LATER = ConsoleLink("http://here/console")
BASE = InForce(("base",), "0" * 64, Origin.FOLDER)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("origin", Origin)
def test_what_is_in_force_is_printed_with_its_origin(origin: Origin, language: str) -> None:
    settings = Settings(packs=("named",), policies=Path("laws"), bundle="a.bundle")
    policy = InForce(("active",), "0123456789abcdef", origin)
    printed = startup_report.in_force(settings, policy, language)
    assert "active" in printed
    assert "0123456789ab" in printed
    assert ("laws" in printed) == (origin in (Origin.FOLDER, Origin.VERSION))
    assert len({IN_FORCE[o].get(language) for o in Origin}) == len(Origin)


def test_a_password_in_an_address_is_not_printed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = "postgresql://guard:canary@db/log"
    for language in ("zh", "en"):
        settings = Settings(var=tmp_path, audit_url=url)
        facts = startup_report.report(settings, BASE, LATER, language, open_to_all=True)
        printed = greeting(settings, facts, language)
        with caplog.at_level(logging.INFO):
            announce(replace(settings, log_format="json"), facts, language, print)
        for told in (printed, caplog.text):
            assert "canary" not in told
            assert "postgresql://guard:***@db/log" in told


def test_a_text_log_gets_the_one_time_link(tmp_path: Path) -> None:
    assert FIRST.one_time in startup_report.console(Settings(var=tmp_path), FIRST, "en")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_json_log_gets_the_file_of_the_one_time_link(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, language: str
) -> None:
    settings = Settings(var=tmp_path, log_format="json")
    shown: list[str] = []
    with caplog.at_level(logging.INFO):
        facts = startup_report.report(settings, BASE, FIRST, language, open_to_all=False)
        announce(settings, facts, language, shown.append)
    file = tmp_path / LINK_FILE
    assert shown == []
    assert "canary" not in caplog.text
    assert str(file) in caplog.text
    assert file.read_text() == FIRST.one_time + "\n"
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_file_goes_with_the_first_account(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path, log_format="json")
    startup_report.console(settings, FIRST, "en")
    assert startup_report.console(settings, LATER, "en") == ("http://here/console")
    assert not (tmp_path / LINK_FILE).exists()
