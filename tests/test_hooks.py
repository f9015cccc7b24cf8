"""The hooks for repositories that keep policies in git are real commands, and they stop a bad commit."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from threegate.cli.commands import parser
from threegate.cli.main import main

ROOT = Path(__file__).parents[1]
HOOKS: list[dict[str, Any]] = YAML(typ="safe").load(
    (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
)


@pytest.mark.parametrize("hook", HOOKS, ids=lambda h: h["id"])
def test_every_hook_is_a_command_and_watches_policies(hook: dict[str, Any]) -> None:
    program, *arguments = shlex.split(hook["entry"])
    assert program == "threegate"
    assert callable(parser().parse_args(arguments).run)
    assert re.match(hook["files"], "policies/packs/base.yaml")


def test_the_check_stops_a_commit_with_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (check,) = [h for h in HOOKS if h["id"] == "threegate-policy-check"]
    command = shlex.split(check["entry"])[1:]
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    monkeypatch.chdir(tmp_path)
    assert main(command) == 0
    pack = tmp_path / "policies" / "packs" / "secrets.yaml"
    pack.write_text(pack.read_text("utf-8") + "colour: blue\n", "utf-8")
    assert main(command) == 1
    assert "packs/secrets.yaml" in capsys.readouterr().out
