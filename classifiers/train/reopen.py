"""A shipped int8 file as a model again, so that training goes on from it without its checkpoint.

The way back of `export.py`: matrices times their scales, evening and GELU's floor taken out again.
What rounding lost stays lost.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from encoder import GELU_FLOOR, Model, model_of
from even import Array

NORMS = ("norm1", "norm2")
ONE = np.array(1, np.float32)


def reopen(path: Path, per_token: bool) -> Model:
    """The model in `path`, a `model.onnx` that `export.build` wrote with eight bits."""
    graph = onnx.load(path).graph
    arrays = {w.name: numpy_helper.to_array(w) for w in graph.initializer}
    layers = 1 + max(int(name.split(".")[2]) for name in arrays if name.startswith("encoder.blocks."))
    state = _outside(arrays) | _second_look(graph, arrays)
    for layer in range(layers):
        state |= _block(arrays, f"encoder.blocks.{layer}")
    tensors = {name: torch.from_numpy(np.array(value)) for name, value in state.items()}
    return model_of(tensors, len(arrays["head.b"]), per_token)


def _outside(arrays: dict[str, Array]) -> dict[str, Array]:
    """Everything but the blocks."""
    marks = {"encoder.marks.weight": arrays["marks"]} if "marks" in arrays else {}
    if "never" in arrays:
        marks["encoder.one_way"] = np.array(1)
    if "stops" in arrays:
        marks["encoder.stops"] = arrays["stops"]
    return marks | {
        "encoder.words.weight": arrays["words.q"].astype(np.float32) * arrays["words.s"],
        "encoder.positions.weight": arrays["positions"],
        "encoder.norm.weight": arrays["encoder.norm.weight"],
        "encoder.norm.bias": arrays["encoder.norm.bias"],
        "head.weight": arrays["head.w"].T,
        "head.bias": arrays["head.b"],
    }


def _second_look(graph: onnx.GraphProto, arrays: dict[str, Array]) -> dict[str, Array]:
    """The early head, and below which block it reads: the first whose weights the branch of the upper ones names."""
    upper = [
        a.g for node in graph.node if node.op_type == "If" for a in node.attribute if a.name == "then_branch"
    ]
    if not upper:
        return {}
    names = [name for node in upper[0].node for name in node.input if name.startswith("encoder.blocks.")]
    first = min(int(name.split(".")[2]) for name in names)
    return {"early.weight": arrays["early.w"].T, "early.bias": arrays["early.b"], "early_at": np.array(first)}


def _block(arrays: dict[str, Array], name: str) -> dict[str, Array]:
    def matrix(part: str, evened_as: str = "") -> Array:
        whole = (arrays[f"{name}.{part}.q"].astype(np.float32) * arrays[f"{name}.{part}.s"]).T
        made = np.ascontiguousarray(whole * arrays.get(f"{name}.{evened_as or part}.even", ONE))
        if f"{name}.{part}.apart" in arrays:
            made[:, arrays[f"{name}.{part}.apart"]] = arrays[f"{name}.{part}.apart.w"].T
        return made

    def bias(part: str, stored: str, weight: Array) -> Array:
        """What an evened product adds, without the share of the shift."""
        shift = arrays.get(f"{name}.{part}.shift")
        if shift is None:
            return arrays[stored]
        inverse = arrays[f"{name}.{part}.even"]
        return np.asarray(
            arrays[stored] - weight @ np.divide(shift, inverse, where=inverse != 0, out=0 * shift)
        )

    def floored(weight: Array) -> Array:
        """What GELU's floor takes from the bias of `down`; nothing where a fixed scale has a byte for zero."""
        together = arrays.get(f"{name}.down.even", np.zeros(1, np.float32)) != 0
        return np.asarray(GELU_FLOOR * (weight * together).sum(-1))

    arrays = _biases(arrays, name)
    qkv, up, down = np.concatenate([matrix(part, "qkv") for part in "qkv"]), matrix("up"), matrix("down")
    made = {
        f"{name}.qkv.weight": qkv,
        f"{name}.qkv.bias": bias("qkv", f"{name}.qkv.b", qkv),
        f"{name}.out.weight": matrix("out"),
        f"{name}.out.bias": arrays[f"{name}.norm1.before"],
        f"{name}.up.weight": up,
        f"{name}.up.bias": bias("up", f"{name}.up.b", up),
        f"{name}.down.weight": down,
        f"{name}.down.bias": arrays[f"{name}.norm2.before"] + floored(down),
    }
    kept = [f"{name}.{norm}.{part}" for norm in NORMS for part in ("weight", "bias")]
    return made | {key: arrays[key] for key in kept}


def _biases(arrays: dict[str, Array], name: str) -> dict[str, Array]:
    """`arrays` with the biases where products with a scale per token leave them: a fixed scale has them inside."""
    if f"{name}.out.b" not in arrays:
        return arrays
    qkv = np.concatenate([arrays[f"{name}.{part}.b"] for part in "qkv"])
    moved = {"qkv.b": qkv, "norm1.before": arrays[f"{name}.out.b"], "norm2.before": arrays[f"{name}.down.b"]}
    return arrays | {f"{name}.{part}": value for part, value in moved.items()}
