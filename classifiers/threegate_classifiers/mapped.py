"""Weights that all processes of a machine share: files that ONNX Runtime maps instead of reading.

A session copies the weights that it reads from a graph. `prepared` stores the optimised graph
once, with the weights in a file beside it; whoever opens that maps the file (copy on write: nothing
gets back into it), and logits are the same to the bit. What a session packs for the processor's
multiplications stays its own: stored packed weights would save 9 MiB more of 47, but crashed ONNX
Runtime 1.31 on one of our models.

The folder is as much to be trusted as the settings: what is mapped is not verified again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from threegate_classifiers.errors import ModelError
from threegate_classifiers.onnx_runtime import onnxruntime
from threegate_classifiers.processor import described

GRAPH, WEIGHTS = "model.onnx", "weights.bin"
MIN_BYTES = 1024
"""Smaller tensors stay in the graph."""


def prepared(
    path: Path, into: Path, options: Any, config: Mapping[str, str], unfused: Sequence[str] = ()
) -> Path:
    """The graph to open in place of `path`, made in `into` if it is not there. `options` are a
    session's, and used up; `config` are their entries, `unfused` optimisers that stay off.
    Raises ModelError."""
    folder = into / _fingerprint(path, config, unfused)
    if not (folder / GRAPH).is_file():
        into.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=into))
        try:
            _write(path, made, options, unfused)
            _settle(made, folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return folder / GRAPH


def _write(path: Path, folder: Path, options: Any, unfused: Sequence[str]) -> None:
    options.optimized_model_filepath = str(folder / GRAPH)
    for name, value in (
        ("optimized_model_external_initializers_file_name", WEIGHTS),
        ("optimized_model_external_initializers_min_size_in_bytes", str(MIN_BYTES)),
    ):
        options.add_session_config_entry(f"session.{name}", value)
    try:
        onnxruntime.InferenceSession(
            str(path),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=list(unfused),
        )
    except Exception as error:  # the library's exceptions share no base
        raise ModelError(f"{path}: ONNX Runtime cannot prepare it: {error}") from None


def _settle(made: Path, folder: Path) -> None:
    """Whole or not there, whoever else does the same now."""
    for file in made.iterdir():
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
    try:
        made.rename(folder)
    except OSError:
        if not (folder / GRAPH).is_file():  # another reason than "somebody was faster"
            raise


def _fingerprint(path: Path, config: Mapping[str, str], unfused: Sequence[str]) -> str:
    """Optimised for one kind of processor by one ONNX Runtime in one way."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
    for part in (onnxruntime.__version__, described(), json.dumps([dict(config), *unfused])):
        digest.update(b"\0" + part.encode())
    return digest.hexdigest()[:32]
