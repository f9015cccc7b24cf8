"""Scores that mean the same at any length: what ordinary texts of a length reach is taken off the logits, inside the graph.

One threshold for all lengths is set by long prompts (role play, format rules), which score higher for no other reason, and is then too high for
attacks of a few words. The offset of a label grows with the tokens of a window in two straight pieces; it is fitted on the half
of ordinary traffic that sets the levels, for each language by itself (long English prompts had cost Chinese templates a third of what was found),
and is never negative. The graph tells the language by the share of Chinese pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

from guard import LABELS
from levels import COLUMNS, LEAST, tail
from unseen_sets import BANDS, Unseen

Array = NDArray[Any]
KNOTS = (12, 60, 130)
"""Tokens of a window between which the offset grows."""
FITTED = {"direct": ("prompt", "system"), "indirect": ("document",), "hazard": ("prompt",)}
"""Heads, and the places whose ordinary texts say what a length reaches: agents' instructions are long and set the level of direct
injection, which without an offset of their own was too high for attacks of a few words."""
RATE = 0.03
"""Share of ordinary texts of each band that should reach the same logit."""
FEW = 60
"""A band with fewer texts says nothing."""
MOST = 4.5
"""Logits that a piece takes off at most: long attacks score high too, and some must stay above."""
CHINESE = 0.25
"""Share of Chinese pieces from which on a window counts as Chinese; at about 0.15 of the letters, as the runtime decides."""
LANGUAGES = ("en", "zh")


def grown(tokens: Array) -> Array:
    """[n] -> [n, 2]: how far each of the two pieces has grown, 0 to 1."""
    starts, ends = np.array(KNOTS[:2]), np.array(KNOTS[1:])
    return np.asarray(np.clip((tokens[:, None] - starts) / (ends - starts), 0, 1))


def fitted(rows: Sequence[Unseen], logits: Array) -> Array:
    """[languages, 2, labels]: what each piece takes off at its end. `logits` are the highest of a text.

    What stays under the lowest level there is needs nothing taken off.
    """
    offsets = np.zeros((len(LANGUAGES), 2, len(LABELS)))
    for head, places in FITTED.items():
        columns = list(COLUMNS[head])
        best = logits[:, columns].max(1)
        for at, language in enumerate(LANGUAGES):
            reach = [
                [tail(best[mine], RATE) for mine in _bands(rows, places, band, language)] for band in BANDS
            ]
            if not all(reach):
                continue
            short, middle, long = (max([LEAST["medium"], *found]) for found in reach)
            first = float(np.clip(middle - short, 0, MOST))
            last = float(np.clip(long - short - first, 0, MOST))
            offsets[at][:, columns] = np.array([[first], [last]])
    return offsets


def chinese(tokenizer: Tokenizer) -> Array:
    """Of each piece of the vocabulary 1 where it holds a Chinese character."""
    pieces = (tokenizer.id_to_token(i) or "" for i in range(tokenizer.get_vocab_size()))
    return np.array([any("\u3400" <= c <= "\u9fff" for c in piece) for piece in pieces], np.uint8)


def _bands(rows: Sequence[Unseen], places: Sequence[str], band: str, language: str) -> list[list[int]]:
    """The texts of `band` at each place that has enough of them."""
    found = [
        [i for i, r in enumerate(rows) if (r.kind, r.band, r.language) == (place, band, language)]
        for place in places
    ]
    return [mine for mine in found if len(mine) >= FEW]


def write(path: Path, offsets: Array, tokenizer: Tokenizer) -> None:
    """Take `offsets` off the logits of the model in `path`, by the number of tokens that are no padding."""
    model = onnx.load(str(path))
    graph = model.graph
    for node in graph.node:
        node.output[:] = ["logits.plain" if name == "logits" else name for name in node.output]
    graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), f"length.{name}")
        for name, value in {
            "axis": np.array([1], np.int64),
            "starts": np.array([KNOTS[:2]], np.float32),
            "spans": np.array([np.diff(KNOTS)], np.float32),
            "low": np.float32(0),
            "high": np.float32(1),
            "pieces": chinese(tokenizer),
            "limit": np.float32(CHINESE),
            "offsets": offsets[0].astype(np.float32),
            "more": (offsets[1] - offsets[0]).astype(np.float32),
        }.items()
    )
    graph.node.extend(_nodes())
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


GIVEN = ("input_ids", "attention_mask", "logits.plain")


def _nodes() -> list[onnx.NodeProto]:
    def node(kind: str, inputs: list[str], out: str, **more: Any) -> onnx.NodeProto:
        named = [name if name in GIVEN else f"length.{name}" for name in inputs]
        return helper.make_node(kind, named, [out if out == "logits" else f"length.{out}"], **more)

    return [
        node("Cast", ["attention_mask"], "mask", to=TensorProto.FLOAT),
        node("ReduceSum", ["mask", "axis"], "tokens", keepdims=1),
        node("Sub", ["tokens", "starts"], "over"),
        node("Div", ["over", "spans"], "share"),
        node("Clip", ["share", "low", "high"], "grown"),
        node("MatMul", ["grown", "offsets"], "off.en"),
        node("MatMul", ["grown", "more"], "off.more"),
        *_language(node),
        node("Mul", ["off.more", "zh"], "off.zh"),
        node("Add", ["off.en", "off.zh"], "off"),
        node("Sub", ["logits.plain", "off"], "logits"),
    ]


def _language(node: Callable[..., onnx.NodeProto]) -> list[onnx.NodeProto]:
    """`zh`: 1 for each window whose share of Chinese pieces is over the limit."""
    return [
        node("Gather", ["pieces", "input_ids"], "found", axis=0),
        node("Cast", ["found"], "found.float", to=TensorProto.FLOAT),
        node("Mul", ["found.float", "mask"], "found.real"),
        node("ReduceSum", ["found.real", "axis"], "found.sum", keepdims=1),
        node("Div", ["found.sum", "tokens"], "found.share"),
        node("Greater", ["found.share", "limit"], "found.over"),
        node("Cast", ["found.over"], "zh", to=TensorProto.FLOAT),
    ]
