from __future__ import annotations

import pytest
from threegate import __version__
from threegate.cli import main, parser

COMMANDS = {
    "serve", "demo", "scan", "eval", "policy", "audit", "explain", "models", "keys",
}  # fmt: skip


def test_every_command_is_listed_with_help() -> None:
    choices = next(a.choices for a in parser()._actions if isinstance(a.choices, dict))
    assert set(choices) >= COMMANDS


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert name in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert __version__ in capsys.readouterr().out


def test_wrong_settings_are_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "list", "--config", "nowhere.yaml"]) == 2
    assert "nowhere.yaml" in capsys.readouterr().err
