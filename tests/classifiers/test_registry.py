from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from threegate_classifiers.errors import ModelError
from threegate_classifiers.registry import find, scan
from threegate_classifiers.testing import build_model


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for version in ("2", "9", "10"):
        build_model(tmp_path, "guard", "classify", {"offensive": ["stupid"]}, version=version)
    return tmp_path


def test_versions_are_numbers(root: Path) -> None:
    assert [entry.manifest.id for entry in scan(root)] == ["guard/2", "guard/9", "guard/10"]
    assert find(root, "guard").manifest.version == "10"
    assert find(root, "guard@9").manifest.version == "9"


@pytest.mark.parametrize("reference", ["guard@3", "gua", "entities"])
def test_unknown(root: Path, reference: str) -> None:
    with pytest.raises(ModelError, match=f"no model {reference}"):
        find(root, reference)


def test_moved_folder(root: Path) -> None:
    shutil.move(root / "guard" / "9", root / "guard" / "11")
    with pytest.raises(ModelError, match=r"11/manifest\.yaml: says it is guard/9"):
        scan(root)


def test_files_are_verified(root: Path) -> None:
    (root / "guard" / "10" / "model.onnx").write_bytes(b"other")
    with pytest.raises(ModelError, match=r"10/model\.onnx: 5 bytes"):
        find(root, "guard")
    find(root, "guard@9")
