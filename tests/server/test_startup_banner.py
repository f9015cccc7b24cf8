"""What a start prints: what is in force, how to go on, no password, and no link in a JSON log."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from pathlib import Path

import pytest
from threegate.console.bootstrap import ConsoleLink
from threegate.policy.lifecycle.store import InForce, Origin
from threegate.server import startup_banner
from threegate.server.startup_banner import GREETING, IN_FORCE, LINK_FILE, announce, greeting
from threegate.settings import Settings

FACTS = {"key": "any", "policy": "base", "console": "http://here/console"}
FIRST = ConsoleLink("http://here/console", "http://here/console/setup/canary")


def test_both_languages_have_the_same_lines() -> None:
    assert len(GREETING.zh.splitlines()) == len(GREETING.en.splitlines())
    assert re.findall(r"\{\w+\}", GREETING.zh) == re.findall(r"\{\w+\}", GREETING.en)
    assert greeting(Settings(), FACTS, "zh") != greeting(Settings(), FACTS, "en")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("origin", Origin)
def test_what_is_in_force_is_printed_with_its_origin(origin: Origin, language: str) -> None:
    settings = Settings(packs=("named",), policies=Path("laws"), bundle="a.bundle")
    policy = InForce(("active",), "0123456789abcdef", origin)
    printed = startup_banner.in_force(settings, policy, language)
    assert "active" in printed
    assert "0123456789ab" in printed
    assert ("laws" in printed) == (origin in (Origin.FOLDER, Origin.VERSION))
    assert len({IN_FORCE[o].get(language) for o in Origin}) == len(Origin)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_example_has_a_key_where_one_is_needed(language: str) -> None:
    assert "authorization" not in greeting(Settings(), FACTS, language)
    printed = greeting(Settings(), FACTS | {"key": "YOUR_KEY"}, language)
    assert "-H 'authorization: Bearer YOUR_KEY'" in printed
    assert 'api_key="YOUR_KEY"' in printed


def test_an_ipv6_address_is_printed_as_urls_have_it(caplog: pytest.LogCaptureFixture) -> None:
    six = Settings(host="::1")
    assert 'base_url="http://[::1]:8080/v1"' in greeting(six, FACTS, "en")
    with caplog.at_level(logging.INFO):
        announce(replace(six, log_format="json"), FACTS, "en", print)
    assert "listens at http://[::1]:8080;" in caplog.text


def test_the_english_example_is_english() -> None:
    assert not re.search("[一-鿿]", GREETING.en)


def test_the_log_is_found_wherever_it_lies(tmp_path: Path) -> None:
    printed = greeting(Settings(var=tmp_path), FACTS, "en")
    assert f"--database {tmp_path}/audit.sqlite3 --directory {tmp_path}/audit" in printed


def test_a_password_in_an_address_is_not_printed() -> None:
    url = "postgresql://guard:canary@db/log"
    for language in ("zh", "en"):
        printed = greeting(Settings(audit_url=url), FACTS, language)
        assert "canary" not in printed
        assert "postgresql://guard:***@db/log" in printed


def test_a_text_log_gets_the_one_time_link(tmp_path: Path) -> None:
    assert FIRST.one_time in startup_banner.console(Settings(var=tmp_path), FIRST, "en")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_json_log_gets_the_file_of_the_one_time_link(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, language: str
) -> None:
    settings = Settings(var=tmp_path, log_format="json")
    shown: list[str] = []
    policy = InForce(("base",), "0" * 64, Origin.FOLDER)
    with caplog.at_level(logging.INFO):
        facts = startup_banner.report(settings, policy, FIRST, language, open_to_all=False)
        announce(settings, facts, language, shown.append)
    file = tmp_path / LINK_FILE
    assert shown == []
    assert "canary" not in caplog.text
    assert str(file) in caplog.text
    assert file.read_text() == FIRST.one_time + "\n"
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_file_goes_with_the_first_account(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path, log_format="json")
    startup_banner.console(settings, FIRST, "en")
    assert startup_banner.console(settings, ConsoleLink("http://here/console"), "en") == (
        "http://here/console"
    )
    assert not (tmp_path / LINK_FILE).exists()
