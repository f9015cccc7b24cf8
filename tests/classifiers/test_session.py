from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from threegate_classifiers import session
from threegate_classifiers.errors import ModelError
from threegate_classifiers.manifest import read_manifest
from threegate_classifiers.registry import SHIPPED, find
from threegate_classifiers.session import Session, choose, config, has_gpu, providers
from threegate_classifiers.testing import build_model
from threegate_classifiers.tokenize import Text, WindowTokenizer

WORDS = {"a": ["alpha"], "b": ["beta"]}
ONE_STEP = 5e-3
"""The last bit of a float decides now and then which of two int8 values a number becomes."""
TEXTS = ["alpha", "alpha alpha beta beta beta beta gamma", "beta", "gamma " * 20]


def opened(folder: Path) -> tuple[Session, WindowTokenizer]:
    manifest = read_manifest(folder)
    tokenizer = WindowTokenizer(folder, manifest)
    return Session(folder, manifest, threads=1, pad_id=tokenizer.pad_id, gpu=False), tokenizer


def test_float_rows_do_not_depend_on_batch_mates(tmp_path: Path) -> None:
    session, tokenizer = opened(build_model(tmp_path, "m", "classify", WORDS))
    rows = [tokenizer.rows(Text(text))[0] for text in TEXTS]
    for alone, together in zip([session.run([r])[0] for r in rows], session.run(rows), strict=True):
        np.testing.assert_allclose(alone, together, atol=1e-5)


def test_dynamic_quantisation_does_depend_on_them(tmp_path: Path) -> None:
    """Why rows run alone on a CPU."""
    session, tokenizer = opened(build_model(tmp_path, "m", "classify", WORDS, quantise=True))
    rows = [tokenizer.rows(Text(text))[0] for text in ("alpha", "beta " * 23 + "alpha")]
    alone, together = session.run(rows[:1])[0], session.run(rows)[0]
    assert np.abs(alone - together).max() > 1e-3
    assert session.batch_tokens == 0


@pytest.mark.skipif(not any(SHIPPED.glob("*/*/manifest.yaml")), reason="no trained model yet")
@pytest.mark.parametrize("name", ["guard", "entities", "grounding"])
def test_shipped_int8_does_not(name: str) -> None:
    session, tokenizer = opened(find(SHIPPED, name).folder)
    rows = [tokenizer.rows(Text(text))[0] for text in TEXTS]
    for alone, together in zip([session.run([r])[0] for r in rows], session.run(rows), strict=True):
        np.testing.assert_allclose(alone, together, atol=ONE_STEP)
    assert session.batch_tokens == 0


def test_tags_come_without_padding(tmp_path: Path) -> None:
    session, tokenizer = opened(
        build_model(tmp_path, "m", "tag", {"O": ["x"], "B-A": ["alpha"], "I-A": ["beta"]})
    )
    rows = [tokenizer.rows(Text(text))[0] for text in TEXTS]
    assert [len(logits) for logits in session.run(rows)] == [len(row.ids) for row in rows]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("inputs", ["input_ids"], r"model\.onnx: inputs are \['attention_mask', 'input_ids'\]"),
        ("output", "scores", r"model\.onnx: outputs are \['logits'\], not scores"),
    ],
)
def test_manifest_and_graph_must_agree(
    tmp_path: Path, key: str, value: object, message: str
) -> None:
    folder = build_model(tmp_path, "m", "classify", WORDS, **{key: value})
    with pytest.raises(ModelError, match=message):
        opened(folder)


def test_broken_graph_is_named(tmp_path: Path) -> None:
    folder = build_model(tmp_path, "m", "classify", WORDS)
    (folder / "model.onnx").write_bytes(b"not a graph")
    with pytest.raises(ModelError, match=r"model\.onnx: ONNX Runtime cannot open it"):
        opened(folder)


def test_weights_elsewhere(tmp_path: Path) -> None:
    folder = build_model(tmp_path, "m", "classify", WORDS)
    manifest = yaml.safe_load((folder / "manifest.yaml").read_text())  # noqa: TID251
    del manifest["files"]["model.onnx"]
    (folder / "manifest.yaml").write_text(yaml.safe_dump(manifest))
    with pytest.raises(ModelError, match=r"model\.onnx is not listed"):
        opened(folder)


@pytest.mark.skipif(has_gpu(), reason="there is a GPU")
def test_no_gpu_means_cpu(tmp_path: Path) -> None:
    folder = build_model(tmp_path, "m", "classify", WORDS)
    session = Session(folder, read_manifest(folder), threads=1, pad_id=1, gpu=None)
    assert session.device == "CPUExecutionProvider"


@pytest.mark.parametrize(
    ("files", "quantise", "gpu", "chosen"),
    [
        (["model.onnx"], False, False, ("model.onnx", False)),
        (["model.onnx"], False, True, ("model.onnx", True)),
        (["model.onnx"], True, True, ("model.onnx", False)),
        (["model.onnx", "model.fp16.onnx"], True, True, ("model.fp16.onnx", True)),
        (["model.onnx", "model.fp16.onnx"], True, False, ("model.onnx", False)),
    ],
)
def test_which_file_runs_where(
    tmp_path: Path, files: list[str], quantise: bool, gpu: bool, chosen: tuple[str, bool]
) -> None:
    folder = build_model(tmp_path, "m", "classify", WORDS, quantise=quantise)
    manifest = read_manifest(folder)
    listed = tuple(replace(manifest.files[0], name=name) for name in [*files, "tokenizer.json"])
    path, on_gpu = choose(folder, replace(manifest, files=listed), gpu=gpu)
    assert (path.name, on_gpu) == chosen


def test_on_a_gpu_a_model_takes_no_more_than_it_may() -> None:
    assert providers(gpu=False, gpu_mib=512) == ["CPUExecutionProvider"]
    (name, options), otherwise = providers(gpu=True, gpu_mib=512)
    assert (name, otherwise) == ("CUDAExecutionProvider", "CPUExecutionProvider")
    assert options == {"arena_extend_strategy": "kSameAsRequested", "gpu_mem_limit": "536870912"}
    assert "gpu_mem_limit" not in providers(gpu=True, gpu_mib=0)[0][1]


def test_sums_that_could_saturate_are_taken_the_slow_way() -> None:
    slow, quick = config("flags : avx2 avx512f"), config("flags : avx512_vnni")
    assert slow["session.x64quantprecision"] == "1"
    assert "session.x64quantprecision" not in quick


def test_a_norm_stays_in_parts(tmp_path: Path) -> None:
    """Mapped or read, logits are the same to the bit."""
    folder = find(SHIPPED, "guard").folder
    manifest = read_manifest(folder)
    rows = WindowTokenizer(folder, manifest).rows(Text(TEXTS[1]))
    plain = Session(folder, manifest, threads=1, pad_id=1, gpu=False)
    mapped = Session(folder, manifest, threads=1, pad_id=1, gpu=False, shared=tmp_path)
    np.testing.assert_array_equal(plain.run(rows)[0], mapped.run(rows)[0])
    (graph,) = tmp_path.glob("*/model.onnx")
    assert b"SkipLayerNormalization" not in graph.read_bytes()


def test_a_cuda_build_that_the_cpu_build_hides_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        session.onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"]
    )
    monkeypatch.setattr(session, "CUDA_BUILD", "numpy")  # a distribution that is installed
    with pytest.raises(ModelError, match="--force-reinstall --no-deps numpy"):
        has_gpu()
    monkeypatch.setattr(session, "CUDA_BUILD", "not-installed-at-all")
    assert not has_gpu()
