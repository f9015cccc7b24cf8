"""`threegate init` writes policies that check, and nothing over what is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from threegate.cli.main import main
from threegate.settings import shipped


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_shipped_policies_become_a_folder(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    language: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--lang", language]) == 0
    assert "threegate serve --policies policies" in capsys.readouterr().out
    assert main(["policy", "check", "base"]) == 0
    written = (tmp_path / "policies/packs/base.yaml").read_bytes()
    assert written == (shipped.original_policies() / "packs/base.yaml").read_bytes()


def test_what_is_there_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").mkdir()
    assert main(["init", str(tmp_path / "mine"), "--lang", "en"]) == 2
    assert "already exists" in capsys.readouterr().err
    assert list((tmp_path / "mine").iterdir()) == []


def test_installed_policies_are_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policies/packs").mkdir(parents=True)
    monkeypatch.setattr(shipped, "BUNDLED", tmp_path)
    monkeypatch.setattr("sys.stdin", None)
    (tmp_path / "words.txt").write_text("word\n")
    folder = str(tmp_path / "policies")
    for command in (
        ["schema", "--write"],
        ["words", str(tmp_path / "words.txt"), "--name", "w"],
    ):
        assert main(["policy", *command, "--policies", folder, "--lang", "en"]) == 2
        assert "threegate init" in capsys.readouterr().err
    assert [p.name for p in (tmp_path / "policies").iterdir()] == ["packs"]
