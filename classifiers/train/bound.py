"""The marks of sides.py in ONNX: the text of a token, and whether the passage has a claim's piece, and where."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from graph import Graph
from sides import END, NEAR, SENTENCES

Array = NDArray[Any]


def marks(graph: Graph, state: dict[str, Array], one_way: bool) -> str:
    """`marks_of` of sides.py in ONNX."""
    table = state["encoder.marks.weight"]

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
    if "encoder.stops" in state:
        return graph.node("Gather", [graph.constant("marks", table), _bound(graph, state, same)], axis=0)
    other = graph.node("Not", [graph.node("Equal", [wide(side, 1), wide(side, 2)])])
    both = graph.node("Cast", [graph.node("And", [same, other])], to=TensorProto.INT32)
    found = graph.node("ReduceMax", [both, graph.constant("axis.found", np.array([2], np.int64))], keepdims=0)
    if one_way:
        found = graph.node("Mul", [found, side])
    mark = graph.node("Add", [graph.node("Add", [side, side]), found])
    return graph.node("Gather", [graph.constant("marks", table), mark], axis=0)


def _bound(graph: Graph, state: dict[str, Array], same: str) -> str:
    """`bound_marks` of a pair; `same` tells which tokens are the same piece, `side` in which text each stands."""
    made = _Writer(graph)
    number = _sentences(made, state["encoder.stops"])
    special = made("Equal", "input_ids", made.whole("end.bound", END))
    passage = made("And", made("Equal", "side", made.whole("first", 0, np.int32)), made("Not", special))
    places = made.constant("places", np.arange(SENTENCES)[None, None])
    held = made("And", made("Equal", made.wide(number, 2), places), made.wide(passage, 2))
    said = made.real(
        made("Greater", made("MatMul", made.real(same), made.real(held)), made.part("none", 0.0))
    )
    count = made("Max", made("ReduceSum", said, "axis.bound", keepdims=1), made.part("least", 1.0))
    near = made("And", _alike(made, number), _alike(made, "side"))
    score = made("MatMul", made.real(near), made("Div", said, count))
    lowest = made("Sub", made("ReduceMax", score, "axis.bound", keepdims=1), made.part("near", NEAR))
    best = made.real(made("GreaterOrEqual", score, lowest))
    inside = made("Greater", made("ReduceMax", made("Mul", said, best), "axis.bound", keepdims=0), "none")
    return _mark(made, made("Or", inside, special), said)


def _sentences(made: _Writer, stops: Array) -> str:
    """The number of each token's sentence."""
    pieces = made.constant("stops", stops.astype(np.int64))
    made.constant("axis.bound", np.array([2], np.int64))
    ends = made(
        "ReduceMax", made.int(made("Equal", made.wide("input_ids", 2), pieces)), "axis.bound", keepdims=0
    )
    number = made("Sub", made("CumSum", ends, made.whole("along", 1)), ends)
    return made.int(made("Min", number, made.whole("most", SENTENCES - 1, np.int32)), TensorProto.INT64)


def _alike(made: _Writer, x: str) -> str:
    return made("Equal", made.wide(x, 1), made.wide(x, 2))


def _mark(made: _Writer, inside: str, said: str) -> str:
    """3 inside, 1 elsewhere in the passage, 2 not in it; 0 for the passage itself."""
    somewhere = made.int(made("ReduceMax", said, "axis.bound", keepdims=0))
    other = made("Sub", made.whole("two", 2, np.int32), somewhere)
    mark = made("Where", inside, made.whole("three", 3, np.int32), other)
    return made("Mul", mark, "side")


class _Writer:
    """Writes nodes into a graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def __call__(self, kind: str, *inputs: str, **more: Any) -> str:
        return self.graph.node(kind, inputs, **more)

    def constant(self, name: str, value: Array) -> str:
        return self.graph.constant(name, value)

    def whole(self, name: str, value: int, kind: Any = np.int64) -> str:
        return self.constant(name, np.array(value, kind))

    def part(self, name: str, value: float) -> str:
        return self.constant(name, np.array(value, np.float32))

    def wide(self, x: str, axis: int) -> str:
        """`x` with a dimension more."""
        name = f"bound.axis.{axis}"
        if name not in self.graph.named:
            self.constant(name, np.array([axis], np.int64))
        return self("Unsqueeze", x, name)

    def int(self, x: str, kind: Any = TensorProto.INT32) -> str:
        return self("Cast", x, to=kind)

    def real(self, x: str) -> str:
        return self("Cast", x, to=TensorProto.FLOAT)
