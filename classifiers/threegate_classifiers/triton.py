"""A Triton model repository of the shipped models: weights hard-linked, `config.pbtxt` written.

Types and shapes are read from the graph itself. `remote.py` sends one text at a time in rows of any
length; Triton joins those of equal length that wait together. Tokenizer and manifest stay with the
proxy.

Format: https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/model_configuration.html
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from threegate_classifiers.errors import ModelError
from threegate_classifiers.manifest import GPU_MODEL, MODEL, Manifest, Task, verify_files
from threegate_classifiers.onnx_runtime import onnxruntime
from threegate_classifiers.registry import scan

CONFIG = "config.pbtxt"
MAX_BATCH = 32
QUEUE_US = 2_000
"""So long Triton waits for company for a row."""
_TYPES = {
    "tensor(int64)": "TYPE_INT64",
    "tensor(int32)": "TYPE_INT32",
    "tensor(float)": "TYPE_FP32",
    "tensor(float16)": "TYPE_FP16",
}


def export(root: Path, into: Path, *, gpu: bool = False) -> tuple[Path, ...]:
    """Writes `<into>/<name>/config.pbtxt` and `<into>/<name>/<version>/model.onnx` for each model
    in `root` that has a graph; the folders of the models. With `gpu` the half-precision graph where
    there is one, on a GPU instance.

    Raises ModelError for changed files, a version that is no number, or a folder that is there.
    """
    made = []
    for entry in scan(root):
        manifest = entry.manifest
        if manifest.task is Task.EMBED:
            continue
        verify_files(entry.folder, manifest)
        if not manifest.version.isdecimal():
            raise ModelError(f"{manifest.id}: Triton wants a version that is a whole number")
        weights = _weights(entry.folder, gpu)
        folder = into / manifest.name
        place = folder / manifest.version / MODEL
        if place.exists():
            raise ModelError(f"{place} is there already")
        place.parent.mkdir(parents=True, exist_ok=True)
        _link(weights, place)
        (folder / CONFIG).write_text(config(manifest, weights, gpu=gpu), "utf-8")
        made.append(folder)
    return tuple(dict.fromkeys(made))


def config(manifest: Manifest, weights: Path, *, gpu: bool = False) -> str:
    """The model's `config.pbtxt`. All versions in the folder are served."""
    session = onnxruntime.InferenceSession(str(weights), providers=["CPUExecutionProvider"])
    inputs = [i for i in session.get_inputs() if i.name in manifest.inputs]
    outputs = [o for o in session.get_outputs() if o.name == manifest.output]
    if {i.name for i in inputs} != set(manifest.inputs) or not outputs:
        raise ModelError(f"{manifest.id}: the graph has other inputs or outputs than the manifest")
    kind = "KIND_GPU" if gpu else "KIND_CPU"
    return "\n".join(
        [
            f'name: "{manifest.name}"',
            'backend: "onnxruntime"',
            f"max_batch_size: {MAX_BATCH}",
            f"input [{_tensors(inputs)}]",
            f"output [{_tensors(outputs)}]",
            f"instance_group [{{ kind: {kind} }}]",
            f"dynamic_batching {{ max_queue_delay_microseconds: {QUEUE_US} }}",
            "version_policy { all { } }",
            "",
        ]
    )


def _tensors(nodes: Sequence[Any]) -> str:
    return ", ".join(
        f'{{ name: "{n.name}" data_type: {_type(n)} dims: {_dims(n.shape)} }}' for n in nodes
    )


def _type(node: Any) -> str:
    try:
        return _TYPES[node.type]
    except KeyError:
        raise ModelError(f"{node.name}: {node.type} is not known here") from None


def _dims(shape: Sequence[int | str | None]) -> list[int]:
    """Without the batch; a named axis is of any length."""
    return [axis if isinstance(axis, int) else -1 for axis in shape[1:]]


def _weights(folder: Path, gpu: bool) -> Path:
    half = folder / GPU_MODEL
    return half if gpu and half.exists() else folder / MODEL


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)
