"""One ONNX model in ONNX Runtime, on CUDA where there is a GPU, else on the CPU.

A model that quantises its activations while it runs does so with one scale per tensor: rows of a
batch, and their padding, change each other's results. Such a model runs every row alone, without
padding, so a result depends on its text only. On a CPU this costs nothing: a batch is no faster
than its rows one after another (see bench/classifiers.py).
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnxruntime

from threegate_classifiers.batching import MAX_BATCH_TOKENS, Logits, pad
from threegate_classifiers.errors import ModelError
from threegate_classifiers.manifest import GPU_MODEL, MODEL, Manifest
from threegate_classifiers.tokenize import Row

_QUANTISES_WHILE_RUNNING = (b"DynamicQuantize",)  # ...Linear, ...MatMul, ...LSTM


class Session:
    """`run` is thread-safe. `device` is what was chosen, for the operator."""

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        *,
        threads: int,
        pad_id: int,
        gpu: bool | None = None,
    ) -> None:
        if not any(file.name == MODEL for file in manifest.files):
            raise ModelError(f"{folder}: {MODEL} is not listed, so another server must run it")
        gpu = has_gpu() if gpu is None else gpu
        half = gpu and any(file.name == GPU_MODEL for file in manifest.files)
        path = folder / (GPU_MODEL if half else MODEL)
        self.rows_alone = _mentions(path, _QUANTISES_WHILE_RUNNING)
        use_gpu = gpu and not self.rows_alone
        self._session = _open(path, threads, gpu=use_gpu)
        self._inputs, self._output = manifest.inputs, manifest.output
        self._pad_id = pad_id
        self.batch_tokens = 0 if self.rows_alone else MAX_BATCH_TOKENS
        self.device = str(self._session.get_providers()[0])
        self._check_names(path)

    def run(self, rows: Sequence[Row]) -> list[Logits]:
        """Logits of each row: [labels], or [tokens, labels] without the padding."""
        arrays = pad(rows, self._pad_id)
        feed = {name: arrays[name] for name in self._inputs}
        (logits,) = self._session.run([self._output], feed)
        if logits.ndim == 2:
            return list(logits)
        return [logits[i, : len(row.ids)] for i, row in enumerate(rows)]

    def _check_names(self, path: Path) -> None:
        inputs = {node.name for node in self._session.get_inputs()}
        outputs = {node.name for node in self._session.get_outputs()}
        known = {"input_ids", "attention_mask", "token_type_ids"}
        if inputs != set(self._inputs) or not inputs <= known:
            raise ModelError(f"{path}: inputs are {sorted(inputs)}")
        if self._output not in outputs:
            raise ModelError(f"{path}: outputs are {sorted(outputs)}, not {self._output}")


def _open(path: Path, threads: int, *, gpu: bool) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    providers = ["CPUExecutionProvider"]
    if gpu:
        providers.insert(0, "CUDAExecutionProvider")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # the library's exceptions share no base
        raise ModelError(f"{path}: ONNX Runtime cannot open it: {error}") from None


def has_gpu() -> bool:
    """Whether CUDA can be used: the provider is compiled in and the driver is there."""
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return False
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int(0)
    return (
        driver.cuInit(0) == 0
        and driver.cuDeviceGetCount(ctypes.byref(count)) == 0
        and (count.value > 0)
    )


def _mentions(path: Path, words: tuple[bytes, ...]) -> bool:
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as file:
        return any(file.find(word) >= 0 for word in words)
