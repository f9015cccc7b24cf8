"""Attention as the standard operator of opset 23, with its mask made once for all blocks.

    python classifiers/train/attention.py guard/13 --to 14    # a shipped model as its next version, logits equal to the bit

ONNX Runtime's own `MultiHeadAttention` makes the mask anew in every block and walks the scores once more for it: it takes
1.4 to 2 times as long on a CPU.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper

MODELS = Path(__file__).parent.parent / "models"
OPSET = 23
SEEN = "seen"
"""[rows, 1, tokens, tokens]: 0, and `AWAY` in the columns of padding."""
AWAY = -1e4
INPUTS = 5
"""Of `MultiHeadAttention` with the padding's mask alone: query, key, value, bias, mask."""


def standard(model: onnx.ModelProto) -> bool:
    """Replace every `MultiHeadAttention` without bias whose mask is the padding's. Whether there was one."""
    found = [node for graph in _graphs(model.graph) for node in graph.node if _fits(node)]
    for node in found:
        node.CopyFrom(_standard(node))
    if found:
        _add_mask(model.graph)
        opset = next(o for o in model.opset_import if o.domain == "")
        opset.version = max(opset.version, OPSET)
    return bool(found)


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """A graph and those of its branches."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from _graphs(attribute.g)


def _fits(node: onnx.NodeProto) -> bool:
    return node.op_type == "MultiHeadAttention" and len(node.input) == INPUTS and not node.input[3]


def _standard(node: onnx.NodeProto) -> onnx.NodeProto:
    heads = helper.get_node_attr_value(node, "num_heads")
    inputs, name = [*node.input[:3], SEEN], node.name.replace("MultiHeadAttention", "Attention")
    return helper.make_node(
        "Attention", inputs, list(node.output), name=name, q_num_heads=heads, kv_num_heads=heads
    )


def _add_mask(graph: onnx.GraphProto) -> None:
    values = {
        "one": np.float32(1),
        "away": np.float32(AWAY),
        "axes": np.array([1, 2]),
        "first": np.array([1]),
    }
    graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), f"{SEEN}.{name}") for name, value in values.items()
    )

    def node(kind: str, inputs: list[str], out: str, **more: int) -> onnx.NodeProto:
        named = [name if name == "attention_mask" else f"{SEEN}.{name}" for name in inputs]
        made = f"{SEEN}.{out}" if out else SEEN
        return helper.make_node(kind, named, [made], name=made, **more)

    made = [
        node("Cast", ["attention_mask"], "mask", to=TensorProto.FLOAT),
        node("Sub", ["one", "mask"], "padding"),
        node("Mul", ["padding", "away"], "row"),
        node("Unsqueeze", ["row", "axes"], "rows"),
        node("Shape", ["attention_mask"], "tokens", start=1, end=2),
        node("Concat", ["first", "first", "tokens", "first"], "shape", axis=0),
        node("Expand", ["rows", "shape"], ""),
    ]
    nodes = [*made, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def ship(source: Path, version: str) -> None:
    """The model in `source` beside its tokenizer, manifest and card, as the next version."""
    from shipping import file_facts  # PyTorch

    target = source.parent / version
    shutil.copytree(source, target)
    model = onnx.load(source / "model.onnx")
    standard(model)
    onnx.checker.check_model(model)
    onnx.save(model, target / "model.onnx")
    facts = yaml.safe_load((source / "manifest.yaml").read_text(encoding="utf-8")) | {"version": version}
    facts["files"] = {name: file_facts(target / name) for name in facts["files"]}
    text = yaml.safe_dump(facts, allow_unicode=True, sort_keys=False, width=110)
    (target / "manifest.yaml").write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="name/version")
    parser.add_argument("--to", required=True, help="the version to write")
    args = parser.parse_args()
    ship(MODELS / args.model, args.to)


if __name__ == "__main__":
    main()
