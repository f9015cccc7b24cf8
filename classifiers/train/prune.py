"""Take from a model the heads and neurons that its own texts can spare, and let the others stand in for them.

.venv-train/bin/python classifiers/train/prune.py --start guard/6 --heads 0.01 --inner 0.003 --run guard-v

Layer by layer: what enters `out` and `down` is seen on training rows, and the block of inputs whose loss costs least is
taken away again and again until the product would err by more than the stated share of its energy (structured optimal
brain surgeon). What stays is the least-squares answer on these rows. A stage with `--teacher` follows (see distil.py).
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

import entities
import grounding
import guard
from encoder import HEAD, Block, Model, model_of
from shipping import load_start, tokenizer_of
from trainer import Example, Plan, cut_batches, pad

Batch = tuple[Tensor, Tensor]  # hidden states [rows, tokens, 384], mask [rows, tokens]
OWN_ROWS, PUBLIC_ROWS = 2600, 1400
INNER_UNIT = 64  # neurons are left in multiples of this: whole vectors
AT_ONCE = 16  # neurons that go before costs are reckoned anew
RIDGE = 1e-4


@dataclass(frozen=True, slots=True)
class Left:
    """`weight` is [in, out] of the inputs in `kept`; `error` the share of the product's energy that is lost."""

    kept: Tensor
    weight: Tensor
    error: float


def surgeon(seen: Tensor, weight: Tensor, block: int, unit: int, most: float) -> Left:
    """`seen` is x.T @ x of the inputs [in, in]; blocks of `block` inputs go while at most `most` of the energy is lost."""
    weight = weight.double().clone()
    inverse = torch.linalg.inv(seen.double() + torch.eye(len(seen)) * seen.diag().mean() * RIDGE)
    whole, lost = float(((weight.T @ seen.double()) * weight.T).sum()), 0.0
    alive = list(range(len(seen) // block))
    best = Left(torch.arange(len(seen)), weight.clone(), 0.0)
    while len(alive) > 1:
        costs = _costs(inverse, weight, alive, block)
        for index in sorted(range(len(alive)), key=costs.__getitem__)[: AT_ONCE if block == 1 else 1]:
            lost += _take(inverse, weight, _inputs(alive[index], block))
            alive[index] = -1
        alive = [a for a in alive if a >= 0]
        if lost > most * whole:
            break
        if len(alive) % unit == 0:
            kept = torch.cat([_inputs(a, block) for a in alive])
            best = Left(kept, weight[kept].clone(), lost / whole)
    return best


def _inputs(block: int, size: int) -> Tensor:
    return torch.arange(block * size, (block + 1) * size)


def _costs(inverse: Tensor, weight: Tensor, alive: Sequence[int], block: int) -> list[float]:
    if block == 1:
        return list((weight.square().sum(1) / inverse.diag().clamp(min=1e-12))[list(alive)].tolist())
    return [_cost(inverse, weight, _inputs(a, block)) for a in alive]


def _cost(inverse: Tensor, weight: Tensor, rows: Tensor) -> float:
    return float((weight[rows] * torch.linalg.solve(inverse[rows][:, rows], weight[rows])).sum())


def _take(inverse: Tensor, weight: Tensor, rows: Tensor) -> float:
    """Take inputs away in place, the others making up for them; what that costs."""
    cost, part = _cost(inverse, weight, rows), inverse[rows][:, rows]
    column = inverse[:, rows].clone()
    weight -= column @ torch.linalg.solve(part, weight[rows])
    inverse -= column @ torch.linalg.solve(part, inverse[rows].clone())
    weight[rows] = 0
    return cost


def second_moment(rows: Iterator[Tensor]) -> Tensor:
    total = None
    for part in rows:
        total = part.T @ part if total is None else total + part.T @ part
    assert total is not None
    return total


def prune_block(block: Block, batches: Sequence[Batch], heads: float, inner: float) -> tuple[Left, Left]:
    """Prune in place; (heads, neurons) that are left."""
    seen = second_moment(block.mixed(x, mask[:, None, None].bool())[mask.bool()] for x, mask in batches)
    first = surgeon(seen, block.out.weight.T, HEAD, 1, heads)
    block.out.weight.data = first.weight.T.float().contiguous()
    rows = torch.cat([part * (len(block.qkv.bias) // 3) + first.kept for part in range(3)])
    block.qkv.weight.data, block.qkv.bias.data = block.qkv.weight[rows], block.qkv.bias[rows]
    block.heads = len(first.kept) // HEAD
    seen = second_moment(_neurons(block, x, mask) for x, mask in batches)
    second = surgeon(seen, block.down.weight.T, 1, INNER_UNIT, inner)
    block.down.weight.data = second.weight.T.float().contiguous()
    block.up.weight.data, block.up.bias.data = block.up.weight[second.kept], block.up.bias[second.kept]
    return first, second


def _neurons(block: Block, x: Tensor, mask: Tensor) -> Tensor:
    x = block.norm1(x + block.out(block.mixed(x, mask[:, None, None].bool())))
    return functional.gelu(block.up(x[mask.bool()]))


@torch.no_grad()
def prune(model: Model, examples: Sequence[Example], heads: float, inner: float) -> None:
    plan = Plan(0, batch_tokens=4096, max_batch=64)
    padded = [pad(batch) for batch in cut_batches(sorted(examples, key=lambda e: len(e.ids)), plan)]
    batches = [(model.encoder.embed(ids), mask) for ids, mask in padded]
    for number, block in enumerate(model.encoder.blocks):
        assert isinstance(block, Block)
        first, second = prune_block(block, batches, heads, inner)
        batches = [(block(x, mask[:, None, None].bool()), mask) for x, mask in batches]
        print(
            f"layer {number}: {block.heads} heads ({first.error:.4f}), {len(second.kept)} neurons ({second.error:.4f})",
            flush=True,
        )


def seen_rows(name: str, work: Path, start: str, data: Path) -> tuple[list[Example], int, bool]:
    """Training rows of a model, mostly our own, its outputs, and whether it labels tokens."""
    tokenizer, rng = tokenizer_of(work, start), random.Random(8)
    match name:
        case "guard":
            made, count = (
                guard.examples(tokenizer, guard.split(data)[0], guard.WIDTH, repeat=False),
                guard.OUTPUTS,
            )
        case "grounding":
            made, count = (
                grounding.examples(tokenizer, grounding.split(data)[0], grounding.WIDTH),
                3,
            )
        case _:
            rows = entities.halves(entities.all_rows(data, work / "teacher.jsonl"))[0]
            made, count = (
                entities.examples(tokenizer, rows, entities.WIDTH, repeat=False),
                len(entities.LABELS),
            )
    own = [e for e in made if e.source.startswith(("authored", "generated"))]
    public = [e for e in made if not e.source.startswith(("authored", "generated"))]
    picked = rng.sample(own, min(OWN_ROWS, len(own))) + rng.sample(public, min(PUBLIC_ROWS, len(public)))
    return picked, count, name == "entities"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--start", required=True, help="a run in --work, or a shipped model (guard/6)")
    parser.add_argument("--run", required=True)
    parser.add_argument(
        "--heads", type=float, default=0.01, help="share of the energy of `out` that may be lost"
    )
    parser.add_argument("--inner", type=float, default=0.003, help="the same of `down`")
    args = parser.parse_args()
    name = args.start.replace("-", "/").split("/")[0]
    rows, labels, per_token = seen_rows(name, args.work, args.start, args.data)
    model = load_start(args.work, args.start, labels, per_token)
    prune(model, rows, args.heads, args.inner)
    args.work.mkdir(exist_ok=True)
    torch.save(
        {"model": model_of(model.state_dict(), labels, per_token).state_dict()}, args.work / f"{args.run}.pt"
    )
    tokenizer_of(args.work, args.start).save(str(args.work / f"{args.run}.tokenizer.json"), pretty=False)


if __name__ == "__main__":
    main()
