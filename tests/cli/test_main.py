from __future__ import annotations

import subprocess
import sys

import pytest
from threegate import __version__
from threegate.cli.language import locale_language
from threegate.cli.main import COMMANDS, main, parser


def test_every_command_is_listed_with_help() -> None:
    choices = next(a.choices for a in parser()._actions if isinstance(a.choices, dict))
    assert list(choices) == list(COMMANDS)
    assert all(choices[name]._actions[1:] for name in COMMANDS)


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


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"LANG": "en_GB", "LANGUAGE": "zh_CN:en"}, "zh"),
        ({"LANG": "de_DE"}, "en"),
    ],
)
def test_the_language_is_that_of_the_variables(environment: dict[str, str], language: str) -> None:
    assert locale_language(environment) == language


def test_wrong_settings_speak_the_language_of_the_locale(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LANGUAGE")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["keys", "list", "--config", "nowhere.yaml"]) == 2
    assert "没有这个文件" in capsys.readouterr().err


def test_the_version_and_the_list_of_commands_load_no_detector() -> None:
    script = (
        "import sys; from threegate.cli.main import parser; parser('en', ()).format_help();"
        "print([m for m in ('numpy', 'sqlalchemy', 'starlette', 'onnxruntime') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ran.stdout.strip() == "[]", ran.stderr


def test_options_before_the_command_are_understood(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "zh", "keys", "list", "--config", "nowhere.yaml"]) == 2
    assert "没有这个文件" in capsys.readouterr().err


def test_wrong_use_names_the_command_and_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["policy", "check", "--key", "sk-made-up"])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("threegate policy check: unrecognized arguments: --key;")
    assert "sk-made-up" not in error
