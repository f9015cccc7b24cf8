from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from threegate_classifiers.errors import ModelError
from threegate_classifiers.manifest import (
    Activation,
    File,
    Manifest,
    Platt,
    Task,
    read_manifest,
    verify_files,
)
from threegate_classifiers.testing import build_model, write_manifest

GOOD: dict[str, Any] = {
    "name": "guard",
    "version": "1",
    "task": "classify",
    "licence": "MIT",
    "activation": "sigmoid",
    "max_tokens": 64,
    "labels": ["offensive"],
}


def write(folder: Path, **changes: Any) -> Path:
    for name in ("model.onnx", "tokenizer.json"):
        (folder / name).write_bytes(b"x")
    write_manifest(folder, {k: v for k, v in (GOOD | changes).items() if v is not None})
    return folder


def test_reads_everything(tmp_path: Path) -> None:
    levels = {"offensive": {"zh": {"low": 0.1, "medium": 0.2, "high": 0.3}}}
    calibration = {"offensive": {"en": {"scale": 2, "shift": -1}}}
    made = read_manifest(
        write(tmp_path, levels=levels, calibration=calibration, kinds={"offensive": "rude"})
    )
    assert (made.id, made.task, made.activation) == ("guard/1", Task.CLASSIFY, Activation.SIGMOID)
    assert made.levels == {("offensive", "zh"): (0.1, 0.2, 0.3)}
    assert made.calibration == {("offensive", "en"): Platt(2.0, -1.0)}
    assert made.kind("offensive") == "rude"
    assert made.kind("other") == "other"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": None}, "key missing: labels"),
        ({"colour": "red"}, "unknown key: colour"),
        ({"task": "sing"}, "task: one of classify, tag, entail"),
        ({"activation": "relu"}, "activation: one of sigmoid, softmax"),
        ({"max_tokens": 2}, "max_tokens: a whole number of at least 8"),
        ({"labels": []}, "labels: a list that is not empty"),
        ({"files": {"model.onnx": {"sha256": "0" * 64}}}, "tokenizer.json must be listed"),
        ({"files": {"tokenizer.json": {"sha256": "12"}}}, "sha256 of 64 hex digits"),
        ({"files": {"tokenizer.json": {"sha256": "0" * 64}, "../x": {}}}, "plain file name"),
        ({"task": "tag"}, "B- and I- of every entity"),
        ({"task": "tag", "labels": ["O", "B-A", "I-B"]}, "B- and I- of every entity"),
        ({"task": "entail"}, "supported, contradicted and nei"),
        ({"kinds": ["a"]}, "kinds: a mapping"),
        ({"levels": {"nobody": {}}}, "levels: nobody is not a label"),
        ({"levels": {"offensive": {"zh": {"low": 0.1}}}}, "low, medium and high are needed"),
        (
            {"levels": {"offensive": {"zh": {"low": 0.9, "medium": 0.2, "high": 0.3}}}},
            "low <= medium <= high",
        ),
        ({"calibration": {"offensive": {"en": {"scale": 2}}}}, "scale and shift are needed"),
    ],
)
def test_names_what_is_wrong(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        read_manifest(write(tmp_path, **changes))
    assert "manifest.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "key stands twice: a"),
        ("- a\n", "not a mapping"),
        ("a: [", "expected"),
        ("a: !!python/object/apply:os.system [ls]\n", "could not determine a constructor"),
    ],
)
def test_refuses_bad_yaml(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "manifest.yaml").write_text(text)
    with pytest.raises(ModelError, match=message):
        read_manifest(tmp_path)


def test_missing_manifest(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"manifest\.yaml: no such file"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_verify_names_the_file(tmp_path: Path, name: str) -> None:
    folder = build_model(tmp_path, "guard", "classify", {"offensive": ["stupid"]})
    manifest = read_manifest(folder)
    verify_files(folder, manifest)
    blob = (folder / name).read_bytes()
    (folder / name).write_bytes(blob[:-1] + bytes([blob[-1] ^ 1]))
    with pytest.raises(ModelError, match=f"{name}: sha256"):
        verify_files(folder, manifest)
    (folder / name).write_bytes(blob + b"x")
    with pytest.raises(ModelError, match=f"{name}: {len(blob) + 1} bytes"):
        verify_files(folder, manifest)
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"{name}: no such file"):
        verify_files(folder, manifest)


def test_bytes_are_optional(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    manifest = Manifest(
        "m",
        "1",
        Task.TAG,
        "MIT",
        (File("tokenizer.json", empty),),
        ("O",),
        Activation.SOFTMAX,
        8,
        0,
    )
    verify_files(tmp_path, manifest)
