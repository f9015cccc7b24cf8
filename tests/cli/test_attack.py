"""`threegate attack` against a real proxy on a socket."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from threegate.cli.main import main

from tests.e2e.conftest import OFF
from tests.e2e.support.running import proxy


def test_a_deployment_that_masks_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "report.html"
    with proxy(tmp_path / "var") as made:
        words = ["--suite", "exfiltration", "--json", "--html", str(page), "--lang", "en"]
        code = main(["attack", "--url", made.url, *words])
    report = json.loads(capsys.readouterr().out)
    assert [t["name"] for t in report["trials"] if not t["passed"]] == []
    assert (code, report["passed"]) == (0, True)
    assert {t["kind"] for t in report["trials"]} == {"attack", "twin"}
    assert len(report["trials"]) > 50
    assert "held" in page.read_text("utf-8")
    assert "13917352846" not in page.read_text("utf-8")


def test_a_deployment_that_masks_nothing_has_nothing_to_attack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packs = tmp_path / "policies" / "packs"
    packs.mkdir(parents=True)
    (packs / "off.yaml").write_text(OFF, "utf-8")
    with proxy(tmp_path / "var", tmp_path / "policies", packs=("off",)) as made:
        assert main(["attack", "--url", made.url, "--lang", "en"]) == 2
    assert "masks" in capsys.readouterr().err


def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attack", "--url", "http://127.0.0.1:9", "--lang", "zh"]) == 2
    assert "没有回答" in capsys.readouterr().err
