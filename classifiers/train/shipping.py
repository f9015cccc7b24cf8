"""What every model needs to be shipped: ONNX files, sessions, parity, manifest."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from threegate_classifiers.onnx_runtime import onnxruntime
from tokenizers import Tokenizer

from encoder import Model, model_of
from even import evens
from export import build
from reopen import reopen
from trainer import PAD, Example

sys.path.append(str(Path(__file__).parent.parent))
from threegate_classifiers.processor import described
from threegate_classifiers.session import config

MODELS = Path(__file__).parent.parent / "models"


def load_run(state: Path, labels: int, per_token: bool) -> Model:
    """The model of a checkpoint written by `trainer.train`."""
    return model_of(torch.load(state, weights_only=True)["model"], labels, per_token)


def load_start(work: Path, start: str, labels: int, per_token: bool) -> Model:
    """Where training goes on: a run in `work`, or a shipped model by `name/version`."""
    if "/" in start:
        return reopen(MODELS / start / "model.onnx", per_token)
    return load_run(work / f"{start}.pt", labels, per_token)


def tokenizer_of(work: Path, start: str, base: str = "base") -> Tokenizer:
    """That of a run or shipped model, else of the base. The base's vocabulary is cut anew with each
    `base.py`: ids of one cut mean nothing to weights of another."""
    own = MODELS / start / "tokenizer.json" if "/" in start else work / f"{start}.tokenizer.json"
    return Tokenizer.from_file(str(own if start and own.exists() else work / base / "tokenizer.json"))


def start_tokenizer(work: Path, start: str, run: str, base: str = "base") -> Tokenizer:
    """That of `start`, kept beside the checkpoint of `run`."""
    tokenizer = tokenizer_of(work, start, base)
    tokenizer.save(str(work / f"{run}.tokenizer.json"), pretty=False)
    return tokenizer


def export_both(
    model: Model,
    tokenizer: Tokenizer,
    folder: Path,
    work: Path,
    hazards: slice | None = None,
    sure: Sequence[float] | None = None,
) -> tuple[Path, Path]:
    """(int8 file that ships, fp32 file for the parity check)."""
    small, full = folder / "model.onnx", work / "fp32" / f"{folder.parent.name}-{folder.name}.onnx"
    fixed = model.encoder.marks is None  # see even.py
    build(model, small, evens(model, tokenizer, fixed), hazards, sure)
    build(model, full, None, hazards)
    return small, full


def session(path: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    for name, value in config(described()).items():
        options.add_session_config_entry(name, value)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(found: onnxruntime.InferenceSession, examples: Sequence[Example]) -> list[NDArray[np.float32]]:
    """Logits per example in order, through ONNX Runtime, in batches of equal length only by sorting."""
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].ids))
    results: dict[int, NDArray[np.float32]] = {}
    for start in range(0, len(order), 16):
        part = order[start : start + 16]
        width = max(len(examples[i].ids) for i in part)
        ids = np.full((len(part), width), PAD, np.int64)
        mask = np.zeros((len(part), width), np.int64)
        for row, index in enumerate(part):
            ids[row, : len(examples[index].ids)] = examples[index].ids
            mask[row, : len(examples[index].ids)] = 1
        logits = found.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0]
        for row, index in enumerate(part):
            out = logits[row]
            results[index] = out[: len(examples[index].ids)] if out.ndim == 2 else out
    return [results[i] for i in range(len(examples))]


def file_facts(path: Path) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}


def write_manifest(
    folder: Path, tokenizer: Tokenizer, facts: dict[str, Any], weights: str = "model.onnx"
) -> None:
    """tokenizer.json and manifest.yaml beside the weights."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    files = {name: file_facts(folder / name) for name in (weights, "tokenizer.json")}
    head = {"name": folder.parent.name, "version": folder.name, "licence": "Apache-2.0", "files": files}
    text = yaml.safe_dump(head | facts, allow_unicode=True, sort_keys=False, width=110)
    (folder / "manifest.yaml").write_text(text, encoding="utf-8")
