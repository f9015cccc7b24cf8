"""The exported repository: layout, and a configuration that says what the graph says."""

from __future__ import annotations

from pathlib import Path

import pytest
from threegate_classifiers.errors import ModelError
from threegate_classifiers.testing import build_model
from threegate_classifiers.triton import CONFIG, export

WORDS = {"offensive": ["bad"], "hazard.fraud": ["scam"]}
TAGS = {"O": [], "B-person": ["ann"], "I-person": ["lee"]}


def test_a_repository_of_two_models(tmp_path: Path) -> None:
    build_model(tmp_path / "models", "guard", "classify", WORDS)
    build_model(tmp_path / "models", "names", "tag", TAGS)
    made = export(tmp_path / "models", tmp_path / "triton")
    assert [p.name for p in made] == ["guard", "names"]
    for name in ("guard", "names"):
        ours = tmp_path / "models" / name / "1" / "model.onnx"
        theirs = tmp_path / "triton" / name / "1" / "model.onnx"
        assert theirs.read_bytes() == ours.read_bytes()
    classify = (tmp_path / "triton" / "guard" / CONFIG).read_text("utf-8")
    assert 'name: "guard"\nbackend: "onnxruntime"\nmax_batch_size: 32\n' in classify
    assert '{ name: "input_ids" data_type: TYPE_INT64 dims: [-1] }' in classify
    assert 'output [{ name: "logits" data_type: TYPE_FP32 dims: [2] }]' in classify
    tag = (tmp_path / "triton" / "names" / CONFIG).read_text("utf-8")
    assert 'output [{ name: "logits" data_type: TYPE_FP32 dims: [-1, 3] }]' in tag


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    build_model(tmp_path / "models", "guard", "classify", WORDS)
    export(tmp_path / "models", tmp_path / "triton")
    with pytest.raises(ModelError, match="is there already"):
        export(tmp_path / "models", tmp_path / "triton")


def test_a_version_must_be_a_number(tmp_path: Path) -> None:
    build_model(tmp_path / "models", "guard", "classify", WORDS, version="1.2")
    with pytest.raises(ModelError, match="whole number"):
        export(tmp_path / "models", tmp_path / "triton")


def test_changed_weights_are_not_exported(tmp_path: Path) -> None:
    folder = build_model(tmp_path / "models", "guard", "classify", WORDS)
    (folder / "model.onnx").write_bytes(b"other")
    with pytest.raises(ModelError):
        export(tmp_path / "models", tmp_path / "triton")
