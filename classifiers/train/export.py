"""A trained model as ONNX: fused attention, int8 matrices, pooling and head inside.

Matrices are int8 with a scale per output column; activations are evened out (`even.py`) and become
8-bit with a scale per token, computed in the graph. So a text's logits depend neither on its batch
mates nor on padding, unlike ONNX Runtime's own dynamic quantisation, which takes one scale for the
whole batch. The word table is int8 per row. Head and norms stay fp32. The graph is written node by
node: what runs stands here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from encoder import END, EPS, FAR, GELU_FLOOR, HEADS, HIDDEN, Model
from even import Evens, evened, quantise_rows

Array = NDArray[Any]
SCALARS: dict[str, Array] = {
    "one": np.array(1, np.float32),
    "top": np.array(127, np.float32),
    "tiny": np.array(1e-6, np.float32),
    "half": np.array(128.5, np.float32),  # the cast truncates, so this rounds
    "middle": np.array(128, np.uint8),
    "last": np.array([-1], np.int64),
}

GELU_SCALARS: dict[str, Array] = {
    "floor": np.array(GELU_FLOOR, np.float32),
    "full": np.array(255, np.float32),
    "round": np.array(0.5, np.float32),
}


@dataclass(slots=True)
class Graph:
    """Nodes and initialisers while a graph is written."""

    evens: Evens | None  # none: fp32
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: list[onnx.TensorProto] = field(default_factory=list)
    count: int = 0
    bytes_of: dict[str, tuple[str, str]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)

    @property
    def eight_bit(self) -> bool:
        return self.evens is not None

    def constant(self, name: str, value: Array) -> str:
        self.named.add(name)
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], domain: str = "", out: str = "", **more: Any) -> str:
        self.count += 1
        name = out or f"{kind}_{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, domain=domain, **more))
        return name

    def even(self, x: str, name: str) -> str:
        """`x` as the product `name` expects it."""
        if self.evens is None:
            return x
        found = self.evens[name]
        scaled = self.node("Mul", [x, self.constant(f"{name}.even", found.inverse)])
        return self.node("Sub", [scaled, self.constant(f"{name}.shift", found.shift / found.scale)])

    def beside(self, product: str, x: str, name: str, weight: Array) -> str:
        """`product` and the share of the channels of `x` that stand apart (see even.py)."""
        if self.evens is None or not len(apart := self.evens[name].apart):
            return product
        picked = self.node("Gather", [x, self.constant(f"{name}.apart", apart)], axis=2)
        share = self.node("MatMul", [picked, self.constant(f"{name}.apart.w", weight[:, apart].T)])
        return self.node("Add", [product, share])

    def product(self, x: str, name: str, weight: Array) -> str:
        """x @ weight.T without bias; `weight` is [out, in], `x` of either sign."""
        if not self.eight_bit:
            return self.node("MatMul", [x, self.constant(f"{name}.w", weight.T)])
        whole, scale = quantise_rows(self._together(name, weight))
        rows, token_scale = self._token_bytes(x)
        inputs = [
            rows,
            self.constant(f"{name}.q", whole.T),
            "one",
            self.constant(f"{name}.s", scale[:, 0]),
            "middle",
        ]
        product = self.node("MatMulIntegerToFloat", inputs, "com.microsoft")
        return self.node("Mul", [product, token_scale])

    def _together(self, name: str, weight: Array) -> Array:
        """`weight` without the channels that stand apart."""
        made = weight.copy()
        if self.evens is not None and name in self.evens:
            made[:, self.evens[name].apart] = 0
        return made

    def _token_bytes(self, x: str) -> tuple[str, str]:
        """`x` as uint8 around 128 and its scale per token; shared by all products of `x`."""
        if x not in self.bytes_of:
            if not self.bytes_of:
                for name, value in SCALARS.items():
                    self.constant(name, value)
            top = self.node(
                "Max", [self.node("ReduceMax", [self.node("Abs", [x]), "last"], keepdims=1), "tiny"]
            )
            scaled = self.node("Mul", [x, self.node("Div", ["top", top])])
            whole = self.node("Cast", [self.node("Add", [scaled, "half"])], to=TensorProto.UINT8)
            self.bytes_of[x] = whole, self.node("Div", [top, "top"])
        return self.bytes_of[x]

    def gelu_product(self, x: str, name: str, weight: Array, bias: Array) -> tuple[str, Array]:
        """As `product` for outputs of GELU, which never fall below -GELU_FLOOR: all 8 bits go upwards.

        Returns the product and the bias that belongs to it (the floor's share is in the bias).
        """
        if self.evens is None:
            return self.product(x, name, weight), bias
        whole, scale = quantise_rows(self._together(name, weight))
        if "floor" not in self.named:
            for key, value in GELU_SCALARS.items():
                self.constant(key, value)
        even = self.evens[name].inverse
        raised = self.node("Mul", [self.node("Add", [x, "floor"]), self.constant(f"{name}.even", even)])
        top = self.node("Max", [self.node("ReduceMax", [raised, "last"], keepdims=1), "tiny"])
        scaled = self.node("Mul", [raised, self.node("Div", ["full", top])])
        rows = self.node("Cast", [self.node("Add", [scaled, "round"])], to=TensorProto.UINT8)
        inputs = [rows, self.constant(f"{name}.q", whole.T), "one", self.constant(f"{name}.s", scale[:, 0])]
        product = self.node("MatMulIntegerToFloat", inputs, "com.microsoft")
        column = (whole * even * scale).sum(-1)
        product = self.node("Mul", [product, self.node("Div", [top, "full"])])
        return self.beside(product, x, name, weight), (bias - GELU_FLOOR * column).astype(np.float32)


def build(model: Model, path: Path, evens: Evens | None, hazards: slice | None = None) -> None:
    """Write `path`; inputs input_ids, attention_mask (int64 [batch, tokens]), output `logits`.

    `evens` (see even.py) makes it int8, none fp32.
    `hazards` names the category columns that follow the five guard heads (see guard.py).
    """
    state = {name: value.detach().float().cpu().numpy() for name, value in model.state_dict().items()}
    graph = Graph(evens)
    state = evened(state, evens) if evens else state
    x = _embed(graph, state)
    mask = graph.node("Cast", ["attention_mask"], to=TensorProto.INT32)
    for layer in range(len(model.encoder.blocks)):
        x = _block(graph, state, f"encoder.blocks.{layer}", x, mask)
    if not model.per_token:
        x = _claim_pool(graph, x) if "encoder.marks.weight" in state else _mean(graph, x, "attention_mask")
    last = "raw" if hazards else "logits"
    weight, bias = state["head.weight"], state["head.bias"]
    product = graph.node("MatMul", [x, graph.constant("head.w", weight.T)])
    graph.node("Add", [product, graph.constant("head.b", bias)], out=last)
    if hazards:
        _hazards(graph, hazards)
    labels = len(bias) - 1 if hazards else len(bias)
    _save(graph, path, ["tokens", labels] if model.per_token else [labels])


def _embed(graph: Graph, state: dict[str, Array]) -> str:
    table = state["encoder.words.weight"]
    if graph.eight_bit:
        whole, scale = quantise_rows(table)
        found = graph.node("Gather", [graph.constant("words.q", whole), "input_ids"], axis=0)
        scales = graph.node("Gather", [graph.constant("words.s", scale), "input_ids"], axis=0)
        words = graph.node("Mul", [graph.node("Cast", [found], to=TensorProto.FLOAT), scales])
    else:
        words = graph.node("Gather", [graph.constant("words", table), "input_ids"], axis=0)
    length = graph.node("Shape", ["input_ids"], start=1, end=2)
    zero = graph.constant("zero", np.array([0], np.int64))
    positions = graph.constant("positions", state["encoder.positions.weight"])
    places = graph.node("Slice", [positions, zero, length, zero])
    summed = graph.node("Add", [words, places])
    if "encoder.marks.weight" in state:
        summed = graph.node("Add", [summed, _marks(graph, state["encoder.marks.weight"])])
    return _norm(graph, state, "encoder.norm", summed)


def _marks(graph: Graph, table: Array) -> str:
    """`marks_of` of encoder.py in ONNX."""

    def wide(x: str, axis: int) -> str:
        return graph.node("Unsqueeze", [x, graph.constant(f"wide.{x}.{axis}", np.array([axis], np.int64))])

    ends = graph.node("Equal", ["input_ids", graph.constant("end", np.array(END, np.int64))])
    counted = graph.node(
        "CumSum",
        [graph.node("Cast", [ends], to=TensorProto.INT32), graph.constant("axis.cum", np.array(1, np.int64))],
    )
    second = graph.node("Greater", [counted, graph.constant("one.end", np.array(1, np.int32))])
    side = graph.node("Cast", [second], out="side", to=TensorProto.INT32)
    same = graph.node("Equal", [wide("input_ids", 1), wide("input_ids", 2)])
    other = graph.node("Not", [graph.node("Equal", [wide(side, 1), wide(side, 2)])])
    both = graph.node("Cast", [graph.node("And", [same, other])], to=TensorProto.INT32)
    found = graph.node("ReduceMax", [both, graph.constant("axis.found", np.array([2], np.int64))], keepdims=0)
    mark = graph.node("Add", [graph.node("Add", [side, side]), found])
    return graph.node("Gather", [graph.constant("marks", table), mark], axis=0)


def _norm(graph: Graph, state: dict[str, Array], name: str, x: str) -> str:
    scale, shift = (graph.constant(f"{name}.{part}", state[f"{name}.{part}"]) for part in ("weight", "bias"))
    return graph.node("LayerNormalization", [x, scale, shift], axis=-1, epsilon=EPS)


def _skip_norm(graph: Graph, state: dict[str, Array], name: str, x: str, skip: str, bias: Array) -> str:
    """Norm of x + skip + bias. As SkipLayerNormalization it took eight times as long on a CPU."""
    moved = graph.node("Add", [x, graph.constant(f"{name}.before", bias)])
    return _norm(graph, state, name, graph.node("Add", [moved, skip]))


def _block(graph: Graph, state: dict[str, Array], name: str, x: str, mask: str) -> str:
    weight, bias = state[f"{name}.qkv.weight"], state[f"{name}.qkv.bias"]
    entry = graph.even(x, f"{name}.qkv")
    parts = [
        graph.product(entry, f"{name}.{p}", weight[i * HIDDEN : (i + 1) * HIDDEN])
        for i, p in enumerate("qkv")
    ]
    inputs = [*parts, graph.constant(f"{name}.qkv.b", bias), mask]
    mixed = graph.node("MultiHeadAttention", inputs, "com.microsoft", num_heads=HEADS)
    out = graph.product(mixed, f"{name}.out", state[f"{name}.out.weight"])
    x = _skip_norm(graph, state, f"{name}.norm1", out, x, state[f"{name}.out.bias"])
    weight = state[f"{name}.up.weight"]
    up = graph.product(graph.even(x, f"{name}.up"), f"{name}.up", weight)
    up = graph.beside(up, x, f"{name}.up", weight)
    gelu = graph.node(
        "BiasGelu", [up, graph.constant(f"{name}.up.b", state[f"{name}.up.bias"])], "com.microsoft"
    )
    weight, bias = state[f"{name}.down.weight"], state[f"{name}.down.bias"]
    down, bias = graph.gelu_product(gelu, f"{name}.down", weight, bias)
    return _skip_norm(graph, state, f"{name}.norm2", down, x, bias)


def _mean(graph: Graph, x: str, mask: str) -> str:
    """Mean over the tokens with mask 1."""
    weight = graph.node("Cast", [mask], to=TensorProto.FLOAT)
    wide = graph.node("Unsqueeze", [weight, graph.constant("axis2", np.array([2], np.int64))])
    axis = graph.constant("axis1", np.array([1], np.int64))
    total = graph.node("ReduceSum", [graph.node("Mul", [x, wide]), axis], keepdims=0)
    return graph.node("Div", [total, graph.node("ReduceSum", [weight, axis], keepdims=1)])


def _claim_pool(graph: Graph, x: str) -> str:
    """Mean and maximum over the second half."""
    side = graph.node("Cast", ["side"], to=TensorProto.INT64)
    mask = graph.node("Mul", ["attention_mask", side])
    mean = _mean(graph, x, mask)
    outside = graph.node(
        "Sub",
        [graph.node("Cast", [mask], to=TensorProto.FLOAT), graph.constant("in", np.array(1, np.float32))],
    )
    away = graph.node("Mul", [outside, graph.constant("far", np.array(FAR, np.float32))])
    pushed = graph.node("Add", [x, graph.node("Unsqueeze", [away, "axis2"])])
    top = graph.node("ReduceMax", [pushed, "axis1"], keepdims=0)
    return graph.node("Concat", [mean, top], axis=-1)


def _hazards(graph: Graph, kinds: slice) -> None:
    """`final_logits` of guard.py in ONNX."""

    def columns(start: int, stop: int) -> str:
        cut = [
            graph.constant(f"cut{start}.{i}", np.array([v], np.int64)) for i, v in enumerate((start, stop, 1))
        ]
        return graph.node("Slice", ["raw", *cut])

    names = columns(kinds.start, kinds.stop)
    best = graph.node("ReduceMax", [names, "axis_last"], keepdims=1)
    graph.constant("axis_last", np.array([1], np.int64))
    hazards = graph.node("Add", [columns(2, 3), graph.node("Sub", [names, best])])
    graph.node("Concat", [columns(0, 2), hazards, columns(3, 5)], out="logits", axis=1)


def _save(graph: Graph, path: Path, tail: list[Any]) -> None:
    ids = [
        helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "tokens"])
        for n in ("input_ids", "attention_mask")
    ]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", *tail])
    made = helper.make_graph(graph.nodes, "threegate", ids, [logits], graph.weights)
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(made, opset_imports=opsets, ir_version=10, producer_name="threegate"), path)
