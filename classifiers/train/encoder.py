"""The encoder in PyTorch: BERT blocks (post-norm, GELU), mean pooling, three kinds of head.

Weights come from `base.py` (`weights.npz`); an encoder takes a subset of the layers, and `prune.py` leaves each
of them the heads and neurons that matter. The word table is frozen: it holds most parameters and small data
would only spoil it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from sides import bound_marks, marks_of, part_of, places_of, second_half, seen_by

HIDDEN, HEAD, EPS = 384, 32, 1e-12
SIX = (0, 2, 4, 6, 8, 11)  # every second layer, the first and the last among them
DEPTHS = {depth: tuple(range(depth)) for depth in (6, 8, 12)}  # lower layers as they are: nothing to heal
EARLY = 6
"""Blocks after which the early head of a deeper model reads."""
TINY = 1e-9
OVER_HARM = 1.0
"""Logits by which an answer may be surer to comply with harm than to be harmful (see guard.py)."""
GELU_FLOOR = 0.17  # GELU's minimum is -0.16997
FAR = 1e4  # pushes tokens out of a maximum


@dataclass(frozen=True, slots=True)
class Shape:
    """Of one block: heads of attention, neurons of the feed-forward part."""

    heads: int = 12
    inner: int = 1536


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """Attention in plain products: on a CPU its way back takes a third of PyTorch's fused kernel's."""
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    return scores.masked_fill(~mask, float("-inf")).softmax(-1).to(value.dtype) @ value


class Block(nn.Module):
    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.heads = shape.heads
        self.qkv = nn.Linear(HIDDEN, 3 * HEAD * shape.heads)
        self.out = nn.Linear(HEAD * shape.heads, HIDDEN)
        self.norm1 = nn.LayerNorm(HIDDEN, eps=EPS)
        self.up = nn.Linear(HIDDEN, shape.inner)
        self.down = nn.Linear(shape.inner, HIDDEN)
        self.norm2 = nn.LayerNorm(HIDDEN, eps=EPS)
        self.dropout = dropout

    def mixed(self, x: Tensor, mask: Tensor) -> Tensor:
        """What the heads read, before `out`: [batch, tokens, heads * 32]."""
        batch, length, _ = x.shape
        qkv = self.qkv(x).view(batch, length, 3, self.heads, HEAD).permute(2, 0, 3, 1, 4)
        return attend(qkv[0], qkv[1], qkv[2], mask).transpose(1, 2).reshape(batch, length, -1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        read = self.out(self.mixed(x, mask))
        x = self.norm1(x + functional.dropout(read, self.dropout, self.training))
        inner = self.down(functional.gelu(self.up(x)))
        result: Tensor = self.norm2(x + functional.dropout(inner, self.dropout, self.training))
        return result


class Encoder(nn.Module):
    """ids, mask [batch, tokens] -> hidden states [batch, tokens, 384]."""

    def __init__(
        self,
        vocabulary: int,
        shapes: Sequence[Shape],
        dropout: float = 0.1,
        marks: bool = False,
        one_way: bool = False,
        stops: Tensor | None = None,
    ) -> None:
        """`one_way`: the first text of a pair sees itself alone, so that several second ones may follow it (see packs.py).
        With `stops`, pieces that end a sentence, a claim's marks tell which of its pieces stand together (`bound_marks`)."""
        super().__init__()
        self.register_buffer("one_way", torch.tensor(1) if one_way else None)
        self.register_buffer("stops", stops)
        self.marks = nn.Embedding(4, HIDDEN) if marks else None
        if self.marks is not None:
            nn.init.normal_(self.marks.weight, std=0.05)
        self.words = nn.Embedding(vocabulary, HIDDEN)
        self.words.weight.requires_grad_(False)
        self.positions = nn.Embedding(512, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN, eps=EPS)
        self.blocks = nn.ModuleList(Block(shape, dropout) for shape in shapes)

    def embed(self, ids: Tensor) -> Tensor:
        one_way = self.one_way is not None
        x = self.words(ids)
        x = x + (self.positions(places_of(ids)) if one_way else self.positions.weight[: ids.shape[1]])
        if self.marks is not None:
            x = x + self.marks(self._marked(ids, one_way))
        embedded: Tensor = self.norm(x)
        return embedded

    def _marked(self, ids: Tensor, one_way: bool) -> Tensor:
        return marks_of(ids, one_way) if self.stops is None else bound_marks(ids, self.stops)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        x = self.embed(ids)
        allowed = mask[:, None, None, :].bool()
        if self.one_way is not None:
            allowed = allowed & seen_by(part_of(ids))[:, None]
        for block in self.blocks:
            x = block(x, allowed)
        return x


class Model(nn.Module):
    """Encoder and one linear head.

    `tag` heads see every token, others the mean; pair models with marks see mean and maximum of the
    second half (the claim), whose tokens have read the first.
    """

    def __init__(self, encoder: Encoder, labels: int, per_token: bool, early: int = 0) -> None:
        """With `early` a second head reads the same after that many blocks, behind the first one's columns."""
        super().__init__()
        self.encoder = encoder
        self.register_buffer("early_at", torch.tensor(early) if early else None)
        self.per_token = per_token
        self.head = nn.Linear(HIDDEN if encoder.marks is None else 2 * HIDDEN, labels)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        self.early = nn.Linear(HIDDEN, labels) if early else None

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        if self.early is not None:
            return self._twice(ids, mask)
        states = self.encoder(ids, mask)
        if not self.per_token:
            states = self._pooled(states, ids, mask)
        logits: Tensor = self.head(functional.dropout(states, 0.1, self.training))
        return logits

    def _twice(self, ids: Tensor, mask: Tensor) -> Tensor:
        assert self.early is not None
        x, allowed = self.encoder.embed(ids), mask[:, None, None, :].bool()
        read = []
        for number, block in enumerate(self.encoder.blocks, 1):
            x = block(x, allowed)
            if number in (int(self.early_at), len(self.encoder.blocks)):
                read.append(self._early_sees(x, ids, mask))
        return torch.cat([self.head(read[1]), self.early(read[0])], -1)

    def _early_sees(self, x: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """No dropout on a mean: its common part is far larger than what tells."""
        return functional.dropout(x, 0.1, self.training) if self.per_token else self._pooled(x, ids, mask)

    def _pooled(self, states: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        if self.encoder.marks is None:
            weight = mask[:, :, None].to(states.dtype)
            return (states * weight).sum(1) / weight.sum(1)
        weight = (mask * second_half(ids))[:, :, None].to(states.dtype)
        mean = (states * weight).sum(1) / weight.sum(1)
        return torch.cat([mean, (states + (weight - 1) * FAR).amax(1)], -1)


def model_of(state: Mapping[str, Tensor], labels: int, per_token: bool) -> Model:
    """The model whose `state_dict` is `state`, ready to be asked; its word table stays as it is in training."""
    encoder = Encoder(
        len(state["encoder.words.weight"]),
        shapes_of(state),
        marks="encoder.marks.weight" in state,
        one_way="encoder.one_way" in state,
        stops=state.get("encoder.stops"),
    )
    early = int(state["early_at"]) if "early_at" in state else 0
    model = Model(encoder, labels, per_token, early)
    model.load_state_dict(dict(state))
    return model.eval()


def cut(model: Model, layers: int, early: int) -> Model:
    """The lowest `layers` blocks of `model`; with `early` a second head behind so many, which starts as the first one."""
    state = {
        name: value
        for name, value in model.state_dict().items()
        if not (name.startswith("encoder.blocks.") and int(name.split(".")[2]) >= layers)
    }
    if early:
        parts = ("weight", "bias")
        state = {f"early.{part}": state[f"head.{part}"].clone() for part in parts} | state
        state["early_at"] = torch.tensor(early)
    return model_of(state, len(state["head.bias"]), model.per_token)


def shapes_of(state: Mapping[str, Tensor]) -> list[Shape]:
    count = 1 + max(int(name.split(".")[2]) for name in state if name.startswith("encoder.blocks."))
    names = [f"encoder.blocks.{layer}" for layer in range(count)]
    return [Shape(state[f"{n}.out.weight"].shape[1] // HEAD, len(state[f"{n}.up.weight"])) for n in names]


def load_encoder(
    base: Path,
    layers: Sequence[int] = SIX,
    dropout: float = 0.1,
    marks: bool = False,
    one_way: bool = False,
) -> Encoder:
    """The starting weights, only `layers` of them."""
    with np.load(base / "weights.npz") as arrays:
        encoder = Encoder(arrays["emb.word"].shape[0], [Shape()] * len(layers), dropout, marks, one_way)
        encoder.load_state_dict(_state(arrays, layers), strict=not marks)
    return encoder


def _state(arrays: Mapping[str, NDArray[np.float32]], layers: Sequence[int]) -> dict[str, Tensor]:
    def tensor(name: str) -> Tensor:
        return torch.from_numpy(np.array(arrays[name], dtype=np.float32))

    state = {
        "words.weight": tensor("emb.word"),
        "positions.weight": tensor("emb.pos") + tensor("emb.type")[0],
        "norm.weight": tensor("emb.ln.w"),
        "norm.bias": tensor("emb.ln.b"),
    }
    names = {"out": "ao", "norm1": "aln", "up": "fi", "down": "fo", "norm2": "oln"}
    for new, old in enumerate(layers):
        for short, long in (("weight", "w"), ("bias", "b")):
            parts = [tensor(f"l{old}.{part}.{long}") for part in "qkv"]
            state[f"blocks.{new}.qkv.{short}"] = torch.cat(parts)
            for ours, theirs in names.items():
                state[f"blocks.{new}.{ours}.{short}"] = tensor(f"l{old}.{theirs}.{long}")
    return state
