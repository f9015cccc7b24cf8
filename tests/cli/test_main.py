from __future__ import annotations

import pytest
from threegate import __version__
from threegate.cli.language import locale_language
from threegate.cli.main import main


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
