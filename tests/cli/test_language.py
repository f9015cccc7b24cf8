"""The command line speaks both languages: every command, every option, argparse's own words."""

from __future__ import annotations

import argparse
import re

import pytest
from threegate.cli.commands import parser
from threegate.cli.language import ARGPARSE, chosen
from threegate.cli.main import main

from tests.cli.parsers import parsers

HAN = re.compile(r"[一-鿿]")


@pytest.fixture(autouse=True)
def _english_afterwards():  # type: ignore[no-untyped-def]
    yield
    parser("en")


def helps(language: str) -> list[tuple[str, str]]:
    """(what, help) of every command, option and argument."""
    found = []
    for each in parsers(parser(language)):
        if each.description:
            found.append((each.prog, each.description))
        for action in each._actions:
            if isinstance(action, argparse._SubParsersAction):
                found += [(f"{each.prog} {c.dest}", c.help or "") for c in action._choices_actions]
            elif action.help != argparse.SUPPRESS:
                found.append((f"{each.prog} {action.dest}", action.help or ""))
    return found


def test_every_help_is_there_in_both_languages() -> None:
    english, chinese = helps("en"), helps("zh")
    assert [what for what, _ in english] == [what for what, _ in chinese]
    assert [what for what, text in english if not text or HAN.search(text)] == []
    assert [what for what, text in chinese if not HAN.search(text)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["nothing"],
        ["serve", "--port"],
        ["serve", "--port", "x"],
        ["serve", "--classifiers", "maybe"],
        ["serve", "--prot", "1"],
        ["explain"],
        ["eval", "pii"],
        ["eval", "pii", "--made", "3", "--data", "x"],
        ["audit", "hold", "--add", "tenant"],
        ["scan", "--json=1"],
    ],
)
def test_wrong_use_is_told_in_the_language(
    wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for language in ("zh", "en"):
        with pytest.raises(SystemExit) as ended:
            main([*wrong, f"--lang={language}"])
        assert ended.value.code == 2
        [told] = capsys.readouterr().err.splitlines()
        assert bool(HAN.search(told)) is (language == "zh")
        assert bool(re.search(r"argument|required:|invalid", told)) is (language == "en")


def test_help_in_chinese_fits_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for each in parsers(parser("zh")):
        with pytest.raises(SystemExit):
            main([*each.prog.split()[1:], "--help", "--lang", "zh"])
        lines = capsys.readouterr().out.splitlines()
        body = [x for x in lines[1:] if HAN.search(x)]
        assert [x for x in body if len(x) + len(HAN.findall(x)) > 80] == []


def test_the_language_is_asked_for_anywhere() -> None:
    assert chosen(["--lang", "zh", "keys", "list"]) == "zh"
    assert chosen(["keys", "list", "--lang=zh"]) == "zh"
    assert chosen(["keys", "--lang", "fr"]) == chosen([])


def test_each_placeholder_is_kept() -> None:
    for english, chinese in ARGPARSE.items():
        holes = r"%(?:\(\w+\))?[sr]"
        assert sorted(re.findall(holes, english)) == sorted(re.findall(holes, chinese))
