from __future__ import annotations

from pathlib import Path

import pytest
from threegate.cli.main import main
from threegate_classifiers.testing import build_tiny_models


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return build_tiny_models(tmp_path)


def models(root: Path, *args: str) -> int:
    return main(["models", *args, "--models", str(root)])


def test_list(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models(root, "list", "--lang", "zh") == 0
    said = capsys.readouterr().out
    assert all(name in said for name in ("guard/1", "entities/1", "grounding/1", "evidence/1"))


def test_verify(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models(root, "verify") == 0
    assert capsys.readouterr().out.count("2 files unchanged") == 4
    (root / "guard/1/tokenizer.json").write_text("{}")
    assert models(root, "verify") == 1
    said = capsys.readouterr().out
    assert "guard/1: " in said
    assert said.count("unchanged") == 3


def test_card(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models(root, "card", "guard") == 2
    (root / "guard/1/CARD.md").write_text("# guard\n\nFor tests.\n")
    assert models(root, "card", "guard@1") == 0
    assert "For tests." in capsys.readouterr().out
    assert models(root, "card", "nobody") == 2


def test_no_model_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models(tmp_path, "list") == 2
    assert "no model" in capsys.readouterr().err


def test_export(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    into = tmp_path / "repository"
    assert models(root, "export", "--triton", str(into)) == 0
    assert (into / "guard" / "config.pbtxt").is_file()
    assert (into / "guard" / "1" / "model.onnx").is_file()
    assert not (into / "evidence").exists()
    assert str(into / "guard") in capsys.readouterr().out
    assert models(root, "export", "--triton", str(into)) == 2
