"""A trained model as ONNX: fused attention, int8 matrices, pooling and head inside.

Matrices are int8 with a scale per output column; activations are evened out (`even.py`) and become 8-bit (`graph.py`).
The word table is int8 per row. Heads and norms stay fp32. The graph is written node by node: what runs stands here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from attention import standard
from bound import marks
from encoder import EPS, FAR, HEAD, OVER_HARM, TINY, Model
from even import Evens, evened, quantise_rows
from graph import Graph, Product
from sides import END

Array = NDArray[Any]
TEXT_HEADS = (True, True, True, True, False)
PAIR_HEADS = (False, False, True, False, True)
"""Which guard heads are asked of a text, and of an answer behind its question."""
UNSEEN = "unseen"
"""The node that hides a pair's second text from its first."""


def build(
    model: Model,
    path: Path,
    evens: Evens | None,
    hazards: slice | None = None,
    sure: Sequence[float] | None = None,
) -> None:
    """Write `path`; inputs input_ids, attention_mask (int64 [batch, tokens]), output `logits`.

    `evens` (see even.py) makes it int8, none fp32.
    `hazards` names the category columns that follow the five guard heads (see guard.py).
    With `sure`, a logit per guard head, a text whose early head stays below all of them is not read by the upper blocks;
    for labels of tokens it is one number, how far something may come up to "outside" at any token of such a text.
    """
    state = {name: value.detach().float().cpu().numpy() for name, value in model.state_dict().items()}
    graph = Graph(evens)
    state = evened(state, evens) if evens else state
    x = _embed(graph, state)
    mask = graph.node("Cast", ["attention_mask"], to=TensorProto.INT32)
    if model.encoder.one_way is not None:
        _one_way(graph)
    lower = len(model.encoder.blocks) if sure is None else int(model.early_at)
    for layer in range(lower):
        x = _block(graph, state, f"encoder.blocks.{layer}", x, mask)
    last = "raw" if hazards else "logits"
    if sure is not None:
        entry = x if model.per_token else _mean(graph, x, "attention_mask")
        first = _head(graph, state, "early", entry)
        unsure = (_found if model.per_token else _unsure)(graph, first, sure)
        ways = _upper(graph, state, x, mask, model.per_token), _same(first, model.per_token)
        _second_look(graph, first, unsure, ways, last)
    else:
        if not model.per_token:
            marked = "encoder.marks.weight" in state
            x = _claim_pool(graph, x) if marked else _mean(graph, x, "attention_mask")
        _head(graph, state, "head", x, last)
    if hazards:
        _hazards(graph, hazards)
    count = len(state["head.bias"])
    labels = count - 1 if hazards else count
    _save(graph, path, ["tokens", labels] if model.per_token else [labels])


def _head(graph: Graph, state: dict[str, Array], name: str, x: str, out: str = "") -> str:
    product = graph.node("MatMul", [x, graph.constant(f"{name}.w", state[f"{name}.weight"].T)])
    return graph.node("Add", [product, graph.constant(f"{name}.b", state[f"{name}.bias"])], out=out)


def _second_look(
    graph: Graph, first: str, unsure: str, ways: tuple[onnx.GraphProto, onnx.GraphProto], out: str
) -> None:
    """`out`: the early head's outputs where it is sure of all that is asked, else those of the last block.

    Decided row by row, so that a text's result does not depend on its batch mates; the upper blocks run if any row needs them.
    """
    anyone = graph.node("Cast", [graph.node("ReduceMax", [unsure], keepdims=0)], to=TensorProto.BOOL)
    late = graph.node("If", [anyone], then_branch=ways[0], else_branch=ways[1])
    rows = graph.node("Cast", [unsure], to=TensorProto.BOOL)
    graph.node("Where", [rows, late, first], out=out)


def _found(graph: Graph, first: str, sure: Sequence[float]) -> str:
    """1 for each row of which any token that is no padding may be something."""
    bounds = [graph.constant(f"kinds.{i}", np.array([v], np.int64)) for i, v in enumerate((0, 1, 1 << 30, 2))]
    outside = graph.node("Slice", [first, bounds[0], bounds[1], bounds[3]])
    kinds = graph.node("Slice", [first, bounds[1], bounds[2], bounds[3]])
    likeliest = graph.node("ReduceMax", [kinds, bounds[3]], keepdims=1)
    over = graph.node(
        "Greater",
        [graph.node("Sub", [likeliest, outside]), graph.constant("sure", np.array(sure, np.float32))],
    )
    real = graph.node("Unsqueeze", ["attention_mask", bounds[3]])
    both = graph.node(
        "Mul",
        [graph.node("Cast", [over], to=TensorProto.INT32), graph.node("Cast", [real], to=TensorProto.INT32)],
    )
    return graph.node("ReduceMax", [both, bounds[1]], keepdims=1)


def _unsure(graph: Graph, first: str, sure: Sequence[float]) -> str:
    """1 for each row that a head which is asked of it is unsure of: of an answer hazard and compliance, else all but compliance."""
    cuts = [graph.constant(f"five.{i}", np.array([v], np.int64)) for i, v in enumerate((0, 5, 1, 1))]
    five = graph.node("Slice", [first, cuts[0], cuts[1], cuts[2]])
    over = graph.node("Greater", [five, graph.constant("sure", np.array([sure], np.float32))])
    ends = graph.node(
        "Cast",
        [graph.node("Equal", ["input_ids", graph.constant("end", np.array(END, np.int64))])],
        to=TensorProto.INT32,
    )
    counted = graph.node("ReduceSum", [ends, cuts[3]], keepdims=1)
    pair = graph.node("Greater", [counted, graph.constant("alone", np.array(2, np.int32))])
    of_pairs, of_texts = (
        graph.constant(n, np.array([v])) for n, v in (("of_pairs", PAIR_HEADS), ("of_texts", TEXT_HEADS))
    )
    sides = graph.node("And", [pair, of_pairs]), graph.node("And", [graph.node("Not", [pair]), of_texts])
    asked = graph.node("Or", sides)
    found = graph.node("Cast", [graph.node("And", [over, asked])], to=TensorProto.INT32)
    return graph.node("ReduceMax", [found, cuts[3]], keepdims=1)


def _upper(graph: Graph, state: dict[str, Array], x: str, mask: str, per_token: bool) -> onnx.GraphProto:
    """The blocks above the early head; their weights stay with the graph around."""
    outside, graph.nodes = graph.nodes, []
    layers = 1 + max(int(n.split(".")[2]) for n in state if n.startswith("encoder.blocks."))
    for layer in range(int(state["early_at"]), layers):
        x = _block(graph, state, f"encoder.blocks.{layer}", x, mask)
    entry = x if per_token else _mean(graph, x, "attention_mask", "upper.")
    _head(graph, state, "head", entry, "late.raw")
    inside, graph.nodes = graph.nodes, outside
    return helper.make_graph(inside, "upper", [], [_value("late.raw", per_token)])


def _same(first: str, per_token: bool) -> onnx.GraphProto:
    node = helper.make_node("Identity", [first], ["early.raw"])
    return helper.make_graph([node], "sure", [], [_value("early.raw", per_token)])


def _value(name: str, per_token: bool) -> onnx.ValueInfoProto:
    shape = ["batch", "tokens", "outputs"] if per_token else ["batch", "outputs"]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


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
        one_way = "encoder.one_way" in state
        summed = graph.node("Add", [summed, marks(graph, state, one_way)])
    return _norm(graph, state, "encoder.norm", summed)


def _one_way(graph: Graph) -> None:
    """`bias`: nothing of the second side is seen from the first (`seen_by` of sides.py for one claim)."""
    axes = [graph.constant(f"seen.{i}", np.array(v, np.int64)) for i, v in enumerate(([1, 3], [1, 2]))]
    from_, to = (graph.node("Unsqueeze", ["side", axis]) for axis in axes)
    hidden = graph.node("Cast", [graph.node("Less", [from_, to])], to=TensorProto.FLOAT)
    graph.node("Mul", [hidden, graph.constant("never", np.array(-FAR, np.float32))], out=UNSEEN)


def _norm(graph: Graph, state: dict[str, Array], name: str, x: str) -> str:
    scale, shift = (graph.constant(f"{name}.{part}", state[f"{name}.{part}"]) for part in ("weight", "bias"))
    return graph.node("LayerNormalization", [x, scale, shift], axis=-1, epsilon=EPS)


def _skip_norm(graph: Graph, state: dict[str, Array], name: str, found: Product, skip: str) -> str:
    """Norm of product, skip and bias. As SkipLayerNormalization it took eight times as long on a CPU."""
    moved = found.node
    if found.bias is not None:
        moved = graph.node("Add", [moved, graph.constant(f"{name}.before", found.bias)])
    return _norm(graph, state, name, graph.node("Add", [moved, skip]))


def _gelu(graph: Graph, name: str, found: Product) -> str:
    if found.bias is None:
        return graph.node("Gelu", [found.node], "com.microsoft")
    return graph.node("BiasGelu", [found.node, graph.constant(f"{name}.b", found.bias)], "com.microsoft")


def _attention(graph: Graph, state: dict[str, Array], name: str, x: str, mask: str) -> str:
    """The heads' reading of `x`, before `out`."""
    weights, biases = (np.split(state[f"{name}.qkv.{part}"], 3) for part in ("weight", "bias"))
    parts = [
        graph.linear(x, f"{name}.{part}", weight, bias, f"{name}.qkv")
        for part, weight, bias in zip("qkv", weights, biases, strict=True)
    ]
    added = any(p.bias is None for p in parts)
    bias = "" if added else graph.constant(f"{name}.qkv.b", np.concatenate(biases))
    inputs = [*(p.node for p in parts), bias, mask, *([UNSEEN] if graph.made(UNSEEN) else [])]
    return graph.node("MultiHeadAttention", inputs, "com.microsoft", num_heads=len(biases[0]) // HEAD)


def _block(graph: Graph, state: dict[str, Array], name: str, x: str, mask: str) -> str:
    def linear(entry: str, part: str) -> Product:
        weight, bias = (state[f"{name}.{part}.{kind}"] for kind in ("weight", "bias"))
        return graph.linear(entry, f"{name}.{part}", weight, bias)

    mixed = _attention(graph, state, name, x, mask)
    x = _skip_norm(graph, state, f"{name}.norm1", linear(mixed, "out"), x)
    gelu = _gelu(graph, f"{name}.up", linear(x, "up"))
    return _skip_norm(graph, state, f"{name}.norm2", linear(gelu, "down"), x)


def _mean(graph: Graph, x: str, mask: str, prefix: str = "") -> str:
    """Mean over the tokens with mask 1."""
    weight = graph.node("Cast", [mask], to=TensorProto.FLOAT)
    wide = graph.node("Unsqueeze", [weight, graph.constant(f"{prefix}axis2", np.array([2], np.int64))])
    axis = graph.constant(f"{prefix}axis1", np.array([1], np.int64))
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

    def scalar(name: str, value: float) -> str:
        return graph.constant(name, np.array(value, np.float32))

    axis = graph.constant("axis_last", np.array([1], np.int64))
    share = graph.node("Softmax", [columns(kinds.start, kinds.stop)], axis=1)
    likeliest = graph.node("Equal", [share, graph.node("ReduceMax", [share, axis], keepdims=1)])
    harm = columns(2, 3)
    joint = graph.node("Mul", [graph.node("Sigmoid", [harm]), share])
    rest = graph.node("Sub", [scalar("whole", 1), graph.node("Min", [joint, scalar("half.joint", 0.5)])])
    least = graph.node("Max", [joint, scalar("tiny.joint", TINY)])
    others = graph.node("Sub", [graph.node("Log", [least]), graph.node("Log", [rest])])
    hazards = graph.node("Where", [likeliest, harm, others])
    bound = graph.node("Add", [harm, scalar("over_harm", OVER_HARM)])
    complied = graph.node("Min", [columns(4, 5), bound])
    graph.node("Concat", [columns(0, 2), hazards, columns(3, 4), complied], out="logits", axis=1)


def _save(graph: Graph, path: Path, tail: list[Any]) -> None:
    ids = [
        helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "tokens"])
        for n in ("input_ids", "attention_mask")
    ]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", *tail])
    made = helper.make_graph(graph.nodes, "threegate", ids, [logits], graph.weights)
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    path.parent.mkdir(parents=True, exist_ok=True)
    model = helper.make_model(made, opset_imports=opsets, ir_version=10, producer_name="threegate")
    standard(model)
    onnx.save(model, path)
