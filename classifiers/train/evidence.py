"""Train evidence: one vector per piece, so that the sum over a claim lies near the sentence that decides it.

Start: each piece alone through the twelve layers of the base, on the principal axes of all pieces, times
a / (a + how often it occurs). Then two losses at once, some minutes on one core:

- asked: a claim is nearer to what decides it than to the rest of its context and to what decides other claims;
- across: the same in Chinese and English lies together.

Pieces that no training text has stay where they start.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from torch.nn.parameter import Parameter

from base import is_cjk
from encoder import Encoder, load_encoder
from evidence_rows import Question, questions, siblings, texts
from shipping import tokenizer_of
from sides import END
from trainer import UNKNOWN, seed_all

Floats = NDArray[np.float32]

RARE = 1e-3  # the a of a / (a + p)
SHARP = 0.05  # temperature of every softmax
LONGEST = 160  # pieces of a sentence
ACROSS = 0.3  # what the loss of siblings counts
BEGIN = 0  # id of <s>
HARD = 3  # other sentences of a claim's context in its batch


@dataclass(frozen=True, slots=True)
class Plan:
    dimensions: int = 192
    steps: int = 600
    rate: float = 2e-3
    asked: int = 128  # claims a step, half of them authored
    across: int = 64
    hide: float = 0.1  # share of a sentence's pieces left out
    seed: int = 1


class Table:
    """The vectors in training."""

    def __init__(self, tokenizer: Tokenizer, start: Floats, plan: Plan) -> None:
        self.tokenizer, self.hide = tokenizer, plan.hide
        self.weight = Parameter(torch.from_numpy(start))
        self.random = random.Random(plan.seed)
        self.known: dict[str, list[int]] = {}

    def of(self, said: Sequence[str]) -> Tensor:
        bags = [self._pieces(text) for text in said]
        flat = torch.tensor([i for bag in bags for i in bag])
        starts = torch.tensor(np.cumsum([0, *map(len, bags[:-1])]))
        summed = functional.embedding_bag(flat, self.weight, starts, mode="sum", sparse=True)
        return functional.normalize(summed, dim=-1)

    def _pieces(self, text: str) -> list[int]:
        if text not in self.known:
            self.known[text] = self.tokenizer.encode(text, add_special_tokens=False).ids[:LONGEST]
        ids = self.known[text]
        return [i for i in ids if self.random.random() >= self.hide] or ids


def together(left: Tensor, right: Tensor) -> Tensor:
    """Each row of `left` is to choose the same row of `right`."""
    return functional.cross_entropy(left @ right.T / SHARP, torch.arange(len(left)))


def asked(table: Table, batch: Sequence[Question]) -> Tensor:
    rng = table.random
    claims = table.of([q.claim for q in batch])
    right = table.of([rng.choice(q.right) for q in batch])
    others = [s for q in batch for s in rng.sample(q.others, min(HARD, len(q.others)))]
    scores = claims @ torch.cat([right, table.of(others)]).T / SHARP
    same = torch.tensor([[a is not b and a.right == b.right for b in batch] for a in batch])
    scores = torch.cat([scores[:, : len(batch)].masked_fill(same, -1e4), scores[:, len(batch) :]], 1)
    return functional.cross_entropy(scores, torch.arange(len(batch)))


@torch.no_grad()
def alone(work: Path, tokenizer: Tokenizer) -> Floats:
    """What the encoder says of each piece alone: the mean of its states, one long; Chinese pieces and others
    centred each, so that a vector does not tell the language. Made once."""
    path = work / "pieces.npy"
    if not path.exists():
        base = Tokenizer.from_file(str(work / "base" / "tokenizer.json"))
        encoder = load_encoder(work / "base", tuple(range(12)), dropout=0.0).eval()
        names = (tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size()))
        rows = torch.tensor([[BEGIN, base.token_to_id(name) or UNKNOWN, END] for name in names])
        np.save(path, np.concatenate([_states(encoder, part) for part in rows.split(512)]))
    found: Floats = np.load(path)
    chinese = np.array([any(map(is_cjk, tokenizer.id_to_token(i))) for i in range(len(found))])
    for script in (chinese, ~chinese):
        found[script] -= found[script].mean(0)
    return _one_long(found)


def _states(encoder: Encoder, ids: Tensor) -> Floats:
    made: Floats = functional.normalize(encoder(ids, torch.ones_like(ids)).mean(1), dim=-1).numpy()
    return made


def _one_long(vectors: Floats) -> Floats:
    made: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return made


def started(pieces: Floats, seen: NDArray[np.int64], dimensions: int) -> Floats:
    axes = np.linalg.svd(pieces[::4], full_matrices=False)[2][:dimensions]
    share = (seen + 0.3) / seen.sum()
    made: Floats = (_one_long(pieces @ axes.T) * (RARE / (RARE + share))[:, None]).astype(np.float32)
    return made


def counted(tokenizer: Tokenizer, said: Sequence[str]) -> NDArray[np.int64]:
    seen = np.zeros(tokenizer.get_vocab_size(), np.int64)
    for encoding in tokenizer.encode_batch(list(said), add_special_tokens=False):
        np.add.at(seen, encoding.ids, 1)
    return seen


@dataclass(frozen=True, slots=True)
class Lessons:
    authored: Sequence[Question]
    public: Sequence[Question]
    siblings: Sequence[tuple[str, str]]


def lessons_of(data: Path) -> Lessons:
    mine = questions(data, dev=False)
    return Lessons([q for q in mine if q.row], [q for q in mine if not q.row], siblings(data))


def loss(table: Table, lessons: Lessons, plan: Plan) -> Tensor:
    rng, half = table.random, plan.asked // 2
    batch = [*rng.sample(lessons.authored, half), *rng.sample(lessons.public, half)]
    zh, en = (table.of(side) for side in zip(*rng.sample(lessons.siblings, plan.across), strict=True))
    return asked(table, batch) + ACROSS * (together(zh, en) + together(en, zh)) / 2


def train(table: Table, lessons: Lessons, plan: Plan) -> None:
    optimiser = torch.optim.SparseAdam([table.weight], lr=plan.rate)
    total = 0.0
    for number in range(plan.steps):
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * max(0.02, min(number / 100, 1 - number / plan.steps))
        value = loss(table, lessons, plan)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        total += float(value.detach())
        if number % 100 == 99:
            print(f"{number + 1}/{plan.steps} loss {total / 100:.4f}", flush=True)
            total = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--tokenizer", default="grounding/4", help="whose pieces get vectors")
    parser.add_argument("--steps", type=int, default=Plan.steps)
    parser.add_argument("--run", default="evidence")
    args = parser.parse_args()
    torch.set_num_threads(1)
    plan = Plan(steps=args.steps)
    seed_all(plan.seed)
    tokenizer = tokenizer_of(args.work, args.tokenizer)
    seen = counted(tokenizer, texts(args.data))
    table = Table(tokenizer, started(alone(args.work, tokenizer), seen, plan.dimensions), plan)
    train(table, lessons_of(args.data), plan)
    np.save(args.work / f"{args.run}.npy", table.weight.detach().numpy())


if __name__ == "__main__":
    main()
