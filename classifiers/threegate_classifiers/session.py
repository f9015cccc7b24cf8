"""One ONNX model in ONNX Runtime, on CUDA where there is a GPU, else on the CPU.

**On a CPU every row runs alone, without padding**, so that a result depends on its text only:
dynamic quantisation has one activation scale per tensor, and batch mates and padding changed
logits by up to 0.03 of 0.55. It costs nothing: eight rows in one run took as long per row as one
alone (bench/classifiers.py). On a GPU rows are padded and batched, and a model that quantises while
it runs stays on the CPU; `model.fp16.onnx` is taken where the folder has it.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from threegate_classifiers import mapped
from threegate_classifiers.batching import MAX_BATCH_TOKENS, Logits, pad
from threegate_classifiers.errors import ModelError
from threegate_classifiers.manifest import GPU_MODEL, MODEL, Manifest
from threegate_classifiers.onnx_runtime import onnxruntime
from threegate_classifiers.processor import described, sums_exactly
from threegate_classifiers.tokenize import Row

_QUANTISES_WHILE_RUNNING = b"DynamicQuantize"  # ...Linear, ...MatMul, ...LSTM
_UNFUSED = ("SkipLayerNormFusion",)
"""On a CPU the fused node takes eight times as long as its parts (ONNX Runtime 1.31)."""
MEBIBYTE = 1 << 20
CUDA_BUILD = "onnxruntime-gpu"
_KNOWN_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}


class Session:
    """`run` is thread-safe. `device` is what was chosen, for the operator."""

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        *,
        threads: int,
        pad_id: int,
        gpu: bool | None,
        gpu_mib: int = 0,
        shared: Path | None = None,
    ) -> None:
        """With `shared`, a folder, weights on the CPU are mapped from there (`mapped`)."""
        path, use_gpu = choose(folder, manifest, gpu=has_gpu() if gpu is None else gpu)
        chosen = providers(gpu=use_gpu, gpu_mib=gpu_mib)
        self._session = _open(path, threads, chosen, shared=None if use_gpu else shared)
        self._inputs, self._output = manifest.inputs, manifest.output
        self._pad_id = pad_id
        self.device = str(self._session.get_providers()[0])
        self.batch_tokens = 0 if self.device == "CPUExecutionProvider" else MAX_BATCH_TOKENS
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
        if inputs != set(self._inputs) or not inputs <= _KNOWN_INPUTS:
            raise ModelError(f"{path}: inputs are {sorted(inputs)}")
        if self._output not in outputs:
            raise ModelError(f"{path}: outputs are {sorted(outputs)}, not {self._output}")


def choose(folder: Path, manifest: Manifest, *, gpu: bool) -> tuple[Path, bool]:
    """The file to open, and whether on the GPU."""
    names = {file.name for file in manifest.files}
    if gpu and GPU_MODEL in names:
        return folder / GPU_MODEL, True
    if MODEL not in names:
        raise ModelError(f"{folder}: {MODEL} is not listed, so another server must run it")
    return folder / MODEL, gpu and not _mentions(folder / MODEL, _QUANTISES_WHILE_RUNNING)


def providers(*, gpu: bool, gpu_mib: int) -> list[Any]:
    """Where a model runs, in order. On a GPU that serves a language model too, the arena grows by
    what is asked for and not to twice of it, and ends at `gpu_mib`; 0: wherever the GPU ends.

    There is no priority to give here: a stream of the lowest is the default one. Between processes
    the driver gives it (`CUDA_MPS_CLIENT_PRIORITY`, docs/operate.md).
    """
    if not gpu:
        return ["CPUExecutionProvider"]
    options = {"arena_extend_strategy": "kSameAsRequested"}
    if gpu_mib:
        options["gpu_mem_limit"] = str(gpu_mib * MEBIBYTE)
    return [("CUDAExecutionProvider", options), "CPUExecutionProvider"]


def _open(path: Path, threads: int, chosen: list[Any], *, shared: Path | None) -> Any:
    options = _options(threads)
    unfused = () if len(chosen) > 1 else _UNFUSED
    if shared is not None:
        path = mapped.prepared(path, shared, _options(threads), config(described()), unfused)
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return onnxruntime.InferenceSession(
            str(path), options, providers=chosen, disabled_optimizers=list(unfused)
        )
    except Exception as error:  # the library's exceptions share no base
        raise ModelError(f"{path}: ONNX Runtime cannot open it: {error}") from None


def config(processor: str) -> Mapping[str, str]:
    """A session's entries on this `processor` (its description).

    Where sums of u8 x s8 saturate, logits were .095 off fp32; with `x64quantprecision` .052. Where
    they do not, it changes no sum and takes six times as long.
    """
    exact = {} if sums_exactly(processor) else {"session.x64quantprecision": "1"}
    return {"session.intra_op.allow_spinning": "0"} | exact


def _options(threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False  # an arena a model kept 35 MiB more, and was not faster
    for name, value in config(described()).items():
        options.add_session_config_entry(name, value)
    return options


def has_gpu() -> bool:
    """Whether CUDA can be used: the provider is compiled in, the driver is there and has a
    device. Raises ModelError where the CPU build hides an installed CUDA build."""
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        _check_not_hidden()
        return False
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int(0)
    failed = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count))
    return not failed and count.value > 0


def _check_not_hidden() -> None:
    """Both builds install the folder `onnxruntime`; the one that comes last wins."""
    with suppress(PackageNotFoundError):
        distribution(CUDA_BUILD)
        raise ModelError(
            f"{CUDA_BUILD} is installed, but the package onnxruntime hides it: "
            f"pip install --force-reinstall --no-deps {CUDA_BUILD}"
        )


def _mentions(path: Path, word: bytes) -> bool:
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as file:
        return file.find(word) >= 0
