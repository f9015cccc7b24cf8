"""Evening out activations before they become 8 bits: a shift and a scale per channel, taken back by the matrix.

A few channels of this encoder's layer norms are ten times as wide as the others and set the scale of the
whole token, so that the rest keeps four or five bits. Here x becomes (x - shift) / scale, the matrix takes
the scale and the bias the shift; the product is the same (SmoothQuant; the shift is Outlier Suppression+).
The attention's output needs no work at run time: value rows and their bias take both.

How far each product is evened (the exponent) is what errs least on texts written for this project.

What stays wide in the feed-forward products stays apart: `APART` channels that set most tokens' scales are
multiplied in fp32 (as LLM.int8() does), which halves the error of these products and costs next to nothing.

A model that is asked whole texts bears one scale for all tokens (`Fixed`), which saves a fifth of its time: the mean over
tokens takes out most of what rounding adds. One that labels tokens bears it nearly as well (entities/5). There the inputs of `up` need none apart and GELU's outputs no evening.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from encoder import GELU_FLOOR, Model
from rows import OWN
from trainer import UNKNOWN

Array = NDArray[Any]
EXPONENTS = (0.0, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9)
KEPT = (0.97, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 1.0)  # shares of all values that a fixed scale holds
TEXTS, WIDTH, TOKENS = 192, 160, 1500
APART = 16
MOST_UNKNOWN = 0.3
"""Share of unknown pieces from which on a text is in a language that the model does not read."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """One 8-bit scale for the rows of all tokens: byte = round(x / step) + zero."""

    step: float
    zero: int

    @classmethod
    def over(cls, rows: Array, share: float, rises: bool) -> Fixed:
        """That holds `share` of `rows`, which start at their least value (`rises`) or lie around 0."""
        low, high = float(rows.min()), float(np.quantile(np.abs(rows), share))
        step = (high - low) / 255 if rises else high / 127
        return cls(step, round(-low / step) if rises else 128)

    def rounded(self, rows: Array) -> Array:
        """`rows` as their bytes say them."""
        return np.asarray((np.clip(np.rint(rows / self.step) + self.zero, 0, 255) - self.zero) * self.step)


@dataclass(frozen=True, slots=True)
class Even:
    """x @ weight.T == ((x - shift) / scale) @ (weight * scale).T + weight @ shift.

    Channels of `apart` have shift 0 and scale 1 and are left to fp32. Without `fixed` every token has its own scale.
    `rises`: rows never fall far below 0, as those that leave GELU.
    """

    shift: Array
    scale: Array
    apart: Array
    rises: bool
    fixed: Fixed | None = None

    @property
    def inverse(self) -> Array:
        """1 / scale; 0 where a channel stands apart."""
        made = np.asarray(1 / self.scale, np.float32)
        made[self.apart] = 0
        return made

    def rounded(self, rows: Array) -> Array:
        """Evened rows as their bytes say them."""
        if self.fixed:
            return self.fixed.rounded(rows)
        token = np.maximum(np.abs(rows).max(-1, keepdims=True), 1e-6) / (255 if self.rises else 127)
        return np.asarray(np.rint(rows / token) * token)


Evens = Mapping[str, Even]


def quantise_rows(table: Array) -> tuple[Array, Array]:
    scale = np.maximum(np.abs(table).max(-1, keepdims=True), 1e-8) / 127
    return np.rint(table / scale).astype(np.int8), scale.astype(np.float32)


def evens(model: Model, tokenizer: Tokenizer, fixed: bool) -> dict[str, Even]:
    """By the name of each quantised product; `fixed`: with one scale for all tokens."""
    seen = _inputs(model, samples(tokenizer, model.encoder.marks is not None))
    weights = {name: model.get_submodule(name).weight.detach().numpy() for name in seen}  # type: ignore[union-attr,operator]
    return {name: _best(rows, weights[name], _plain(name, rows, fixed), fixed) for name, rows in seen.items()}


def _plain(name: str, seen: Array, fixed: bool) -> Even:
    """Shift and what stands apart. The input of `down` starts at -GELU_FLOOR: its shift, or a byte with a fixed scale."""
    low, high = np.quantile(seen, 0.001, 0), np.quantile(seen, 0.999, 0)
    rises = name.endswith(".down")
    shift = np.full_like(low, 0 if fixed else -GELU_FLOOR) if rises else (low + high) / 2
    wide = rises or (name.endswith(".up") and not fixed)
    apart = _widest(seen - shift, APART if wide else 0)
    shift[apart] = 0
    return Even(shift.astype(np.float32), np.ones_like(low, np.float32), apart, rises)


def _widest(moved: Array, count: int) -> Array:
    """The channels that tell most about tokens' scales, in order."""
    return np.sort(np.argsort(-np.quantile(np.abs(moved), 0.995, 0))[:count])


def _best(seen: Array, weight: Array, plain: Even, fixed: bool) -> Even:
    """With the scale, of a few exponents (and ranges), with which the 8-bit product is nearest to the exact one."""
    moved, weight = seen - plain.shift, weight.copy()
    moved[:, plain.apart], weight[:, plain.apart] = 0, 0
    exact = moved @ weight.T

    def error(even: Even) -> float:
        whole, unit = quantise_rows(weight * even.scale)
        made = even.rounded(moved / even.scale) @ (whole * unit).T
        return float(np.square(made - exact).mean())

    return min(_candidates(moved, weight, plain, fixed), key=error)


def _candidates(moved: Array, weight: Array, plain: Even, fixed: bool) -> Iterator[Even]:
    wide = np.maximum(np.quantile(np.abs(moved), 0.999, 0), 1e-3)
    heavy = np.maximum(np.abs(weight).max(0), 1e-3)
    for exponent in (0.0,) if fixed and plain.rises else EXPONENTS:
        scale = _scale(wide, heavy, exponent)
        scale[plain.apart] = 1
        if not fixed:
            yield replace(plain, scale=scale)
            continue
        for share in KEPT:
            yield replace(plain, scale=scale, fixed=Fixed.over(moved / scale, share, plain.rises))


def _scale(wide: Array, heavy: Array, exponent: float) -> Array:
    raw = wide**exponent / heavy ** (1 - exponent) if exponent else np.ones_like(wide)
    return np.asarray(raw / np.exp(np.log(raw).mean()), np.float32)


@torch.no_grad()
def _inputs(model: Model, texts: Sequence[Sequence[int]]) -> dict[str, Array]:
    """Rows that enter each linear layer of the blocks."""
    seen: dict[str, list[Array]] = {}
    layers = {
        n: m
        for n, m in model.named_modules()
        if isinstance(m, torch.nn.Linear) and n not in ("head", "early")
    }
    hooks = [
        module.register_forward_pre_hook(
            lambda _, given, name=name: seen.setdefault(name, []).append(given[0][0].numpy())
        )
        for name, module in layers.items()
    ]
    for ids in texts:
        row = torch.tensor([ids])
        model(row, torch.ones_like(row))
    for hook in hooks:
        hook.remove()
    rng = np.random.default_rng(5)
    whole = {name: np.concatenate(parts) for name, parts in seen.items()}
    return {name: rng.permutation(rows)[:TOKENS] for name, rows in whole.items()}


def samples(tokenizer: Tokenizer, pairs: bool) -> list[list[int]]:
    """Token ids of texts (or pairs) from `data/`, in both languages where the tokenizer knows both."""
    patterns = ("grounding*",) if pairs else ("guard_*", "answers*", "entities*")
    paths = sorted(path for pattern in patterns for path in OWN.glob(f"{pattern}.jsonl"))
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [json.loads(line) for line in random.Random(5).sample(lines, TEXTS)]
    made = [_ids(tokenizer, row, pairs) for row in rows]
    return [ids for ids in made if ids.count(UNKNOWN) <= MOST_UNKNOWN * len(ids)]


def _ids(tokenizer: Tokenizer, row: Mapping[str, Any], pairs: bool) -> list[int]:
    def ids(text: str, limit: int) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False).ids[:limit])

    if pairs and "claim" in row:
        return [0, *ids(row["context"], WIDTH), 2, 2, *ids(row["claim"], WIDTH // 3), 2]
    return [0, *ids(row.get("text") or row["context"], WIDTH), 2]


def evened(state: Mapping[str, Array], found: Evens) -> dict[str, Array]:
    """The weights of a model whose linear layers (but `down`'s bias) expect evened inputs."""
    made = dict(state)
    for name, even in found.items():
        weight, bias = made[f"{name}.weight"], made[f"{name}.bias"]
        made[f"{name}.weight"] = weight * even.scale
        if not name.endswith(".down"):
            made[f"{name}.bias"] = bias + weight @ even.shift
    for name in [name for name in found if name.endswith(".out")]:
        _fold(made, name.replace(".out", ".qkv"), found[name])
    return made


def _fold(state: dict[str, Array], qkv: str, even: Even) -> None:
    """Values leave their matrix evened already: attention is a mean of them."""
    weight, bias = state[f"{qkv}.weight"].copy(), state[f"{qkv}.bias"].copy()
    values = slice(len(bias) // 3 * 2, None)
    weight[values] /= even.scale[:, None]
    bias[values] = (bias[values] - even.shift) / even.scale
    state[f"{qkv}.weight"], state[f"{qkv}.bias"] = weight, bias
