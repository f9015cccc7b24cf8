"""What a start prints: where it listens, how to go on."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from threegate.server.startup_banner import GREETING, announce, greeting
from threegate.settings import Settings

FACTS = {"key": "any", "audit": "sqlite", "policy": "base", "console": "http://here/console"}


def test_both_languages_have_the_same_lines() -> None:
    assert len(GREETING.zh.splitlines()) == len(GREETING.en.splitlines())
    assert re.findall(r"\{\w+\}", GREETING.zh) == re.findall(r"\{\w+\}", GREETING.en)
    assert greeting(Settings(), FACTS, "zh") != greeting(Settings(), FACTS, "en")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_example_has_a_key_where_one_is_needed(language: str) -> None:
    assert "authorization" not in greeting(Settings(), FACTS, language)
    printed = greeting(Settings(), FACTS | {"key": "YOUR_KEY"}, language)
    assert "-H 'authorization: Bearer YOUR_KEY'" in printed
    assert 'api_key="YOUR_KEY"' in printed


def test_an_ipv6_address_is_printed_as_urls_have_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    six = Settings(host="::1", var=tmp_path)
    assert 'base_url="http://[::1]:8080/v1"' in greeting(six, FACTS, "en")
    with caplog.at_level(logging.INFO):
        announce(replace(six, log_format="json"), FACTS, "en", print)
    assert "listens at http://[::1]:8080;" in caplog.text


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, "http://127.0.0.1:8080/metrics"),
        ({"host": "10.0.0.5", "metrics_key_env": "SCRAPE_KEY"}, "http://10.0.0.5:8080/metrics"),
        ({"host": "10.0.0.5", "metrics_port": 9100}, "http://10.0.0.5:9100/metrics"),
        ({"host": "10.0.0.5"}, "metrics_key_env"),
    ],
)
def test_metrics_are_named_only_where_they_answer(given: dict[str, Any], shown: str) -> None:
    for language in ("zh", "en"):
        (line,) = (
            x for x in greeting(Settings(**given), FACTS, language).splitlines() if "/readyz" in x
        )
        assert shown in line
        assert line.count("http://") == 1 + shown.count("http://")


def test_the_english_example_is_english() -> None:
    assert not re.search("[一-鿿]", GREETING.en)


def test_the_log_is_found_wherever_it_lies(tmp_path: Path) -> None:
    printed = greeting(Settings(var=tmp_path), FACTS, "en")
    assert f"--database {tmp_path}/audit.sqlite3 --directory {tmp_path}/audit" in printed


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("0.0.0.0", "http://127.0.0.1:9000"),
        ("::", "http://[::1]:9000"),
        ("::1", "http://[::1]:9000"),
        ("10.0.0.5", "http://10.0.0.5:9000"),
    ],
)
def test_health_checks_find_the_address(tmp_path: Path, host: str, reached: str) -> None:
    settings = Settings(host=host, port=9000, var=tmp_path / "var", log_format="json")
    announce(settings, FACTS, "en", print)
    assert (tmp_path / "var" / "url").read_text() == f"{reached}\n"
