"""Weights that all processes of a machine share: files that ONNX Runtime maps instead of reading.

A session copies the weights that it reads from a graph. `prepared` stores the optimised graph
once, with the weights in a file beside it; whoever opens that maps the file (copy on write: nothing
gets back into it), and logits are the same to the bit. What a session packs for the processor's
multiplications stays its own: stored packed weights would save 9 MiB more of 47, but crashed ONNX
Runtime 1.31 on one of our models.

The folder is as much to be trusted as the settings: of what is mapped only the size is verified
again. A file that was lost or cut off is made anew; what no start has used for a month goes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from threegate_classifiers.errors import ModelError
from threegate_classifiers.onnx_runtime import onnxruntime
from threegate_classifiers.processor import described

GRAPH, WEIGHTS, SIZE = "model.onnx", "weights.bin", "bytes"
KEEP_S = 30 * 86_400
"""After an upgrade the old version may still have to be started again."""
SPARE_BYTES = 1 << 20
MIN_BYTES = 1024
"""Smaller tensors stay in the graph."""


def prepared(
    path: Path, into: Path, options: Any, config: Mapping[str, str], unfused: Sequence[str] = ()
) -> Path:
    """The graph to open in place of `path`, made in `into` if it is not there. `options` are a
    session's, and used up; `config` are their entries, `unfused` optimisers that stay off.
    Raises ModelError."""
    folder = into / _fingerprint(path, config, unfused)
    if not _whole(folder):
        into.mkdir(parents=True, exist_ok=True)
        _clear(into)
        _check_room(path, into)
        made = Path(tempfile.mkdtemp(dir=into))
        try:
            _write(path, made, options, unfused)
            _settle(made, folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    os.utime(folder)
    return folder / GRAPH


def _whole(folder: Path) -> bool:
    try:
        return (folder / SIZE).read_text() == _sizes(folder)
    except OSError:
        return False


def _sizes(folder: Path) -> str:
    """Of graph and weights; a small graph has no weights beside it. Raises OSError."""
    weights = folder / WEIGHTS
    beside = weights.stat().st_size if weights.exists() else 0
    return f"{(folder / GRAPH).stat().st_size} {beside}"


def _clear(into: Path) -> None:
    """Other versions and processors, unused for long. Who has them mapped keeps them."""
    for folder in into.iterdir():
        with suppress(FileNotFoundError):  # another start has just renamed or removed its own
            if folder.stat().st_mtime < time.time() - KEEP_S:
                shutil.rmtree(folder, ignore_errors=True)


def _check_room(path: Path, into: Path) -> None:
    """ONNX Runtime would only report that it failed to write."""
    need, free = path.stat().st_size + SPARE_BYTES, shutil.disk_usage(into).free
    if free < need:
        sizes = need >> 20, free >> 20
        raise ModelError(
            "{}: no space: {} MiB are needed, {} are free".format(into, *sizes),
            "{}：空间不足，需要 {} MiB，剩余 {} MiB".format(into, *sizes),
        )


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
    (made / SIZE).write_text(_sizes(made))
    for file in made.iterdir():
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
    try:
        made.rename(folder)
    except OSError:
        if _whole(folder):  # another start was faster
            return
        if not folder.exists():  # another reason
            raise
        _remove(folder)
        made.rename(folder)


def _remove(damaged: Path) -> None:
    """Renamed first: a start that finds files half removed would open them."""
    aside = damaged.rename(tempfile.mkdtemp(dir=damaged.parent))
    shutil.rmtree(aside, ignore_errors=True)


def _fingerprint(path: Path, config: Mapping[str, str], unfused: Sequence[str]) -> str:
    """Optimised for one kind of processor by one ONNX Runtime in one way."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
    for part in (onnxruntime.__version__, described(), json.dumps([dict(config), *unfused])):
        digest.update(b"\0" + part.encode())
    return digest.hexdigest()[:32]
