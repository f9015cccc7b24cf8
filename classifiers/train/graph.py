"""Nodes and weights of an ONNX graph while it is written, and the three ways of a matrix in it.

In fp32; with 8-bit rows whose scale is that of each token, computed in the graph; or with one scale for all tokens,
stated by `even.py` (`Fixed`), which needs no pass over the rows but the rounding, and errs two to three times as far.
A text's results depend neither on its batch mates nor on padding in any of them, unlike ONNX Runtime's own dynamic
quantisation, which takes one scale for the whole batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from encoder import GELU_FLOOR
from even import Evens, Fixed, quantise_rows

Array = NDArray[Any]
EVENED = (".qkv", ".up")  # the products whose rows leave a norm; others are evened by the matrix before them
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


@dataclass(frozen=True, slots=True)
class Product:
    """A node, and the bias that is still to be added."""

    node: str
    bias: Array | None


@dataclass(slots=True)
class Graph:
    """Nodes and initialisers while a graph is written."""

    evens: Evens | None  # none: fp32
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: list[onnx.TensorProto] = field(default_factory=list)
    count: int = 0
    bytes_of: dict[str, tuple[str, str]] = field(default_factory=dict)
    rows_of: dict[str, str] = field(default_factory=dict)
    evened_of: dict[str, str] = field(default_factory=dict)
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

    def made(self, name: str) -> bool:
        """Whether a node of that name was written."""
        return any(node.name == name for node in self.nodes)

    def even(self, x: str, name: str) -> str:
        """`x`, which leaves a norm, as the product `name` expects it; once for all that share it."""
        if self.evens is None or not name.endswith(EVENED):
            return x
        if name not in self.evened_of:
            found = self.evens[name]
            scaled = self.node("Mul", [x, self.constant(f"{name}.even", found.inverse)])
            moved = [scaled, self.constant(f"{name}.shift", found.shift / found.scale)]
            self.evened_of[name] = self.node("Sub", moved)
        return self.evened_of[name]

    def beside(self, product: str, x: str, name: str, weight: Array) -> str:
        """`product` and the share of the channels of `x` that stand apart (see even.py)."""
        if self.evens is None or name not in self.evens or not len(apart := self.evens[name].apart):
            return product
        picked = self.node("Gather", [x, self.constant(f"{name}.apart", apart)], axis=2)
        share = self.node("MatMul", [picked, self.constant(f"{name}.apart.w", weight[:, apart].T)])
        return self.node("Add", [product, share])

    def linear(self, x: str, name: str, weight: Array, bias: Array, entry: str = "") -> Product:
        """x @ weight.T; `weight` is [out, in], `entry` (else `name`) the name under which `x` is evened."""
        fixed = self.evens[entry or name].fixed if self.evens else None
        rows = self.even(x, entry or name)
        if fixed:
            found = Product(self._fixed(rows, name, weight, bias, fixed), None)
        elif name.endswith(".down") and self.eight_bit:
            found = self._gelu_product(rows, name, weight, bias)
        else:
            found = Product(self._product(rows, name, weight), bias)
        return replace(found, node=self.beside(found.node, x, name, weight))

    def _fixed(self, x: str, name: str, weight: Array, bias: Array, fixed: Fixed) -> str:
        """8-bit rows with a stated scale; the bias is added inside the product."""
        step = self.constant(f"{name}.a", np.array(fixed.step, np.float32))
        zero = self.constant(f"{name}.z", np.array(fixed.zero, np.uint8))
        if x not in self.rows_of:
            self.rows_of[x] = self.node("QuantizeLinear", [x, step, zero])
        whole, scale = quantise_rows(self._together(name, weight))
        matrix, scales = self.constant(f"{name}.q", whole.T), self.constant(f"{name}.s", scale[:, 0])
        inputs = [self.rows_of[x], matrix, step, scales, zero, "", self.constant(f"{name}.b", bias)]
        return self.node("MatMulIntegerToFloat", inputs, "com.microsoft")

    def _product(self, x: str, name: str, weight: Array) -> str:
        """x @ weight.T without bias; `x` of either sign."""
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

    def _gelu_product(self, x: str, name: str, weight: Array, bias: Array) -> Product:
        """For outputs of GELU, which never fall below -GELU_FLOOR: all 8 bits go upwards (the floor's share is in the bias)."""
        assert self.evens is not None
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
        return Product(product, (bias - GELU_FLOOR * column).astype(np.float32))
