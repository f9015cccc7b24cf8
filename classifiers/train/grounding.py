"""Train grounding: a cross-encoder over (evidence, claim) -> supported, contradicted, nei.

Every token is marked with its side and with whether the same piece stands on the other side: what
the claim says and the evidence does not is then visible from the first layer (see `marks_of`).
"""

from __future__ import annotations

import argparse
import random
from dataclasses import replace
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from distil import taught
from encoder import DEPTHS, Model, load_encoder
from generate import generated
from grounding_rows import LABELS, Pair, all_pairs, cut, focus
from rows import factor, is_dev, weighed
from shipping import load_start, start_tokenizer
from trainer import Example, Plan, seed_all, train

WIDTH, TRAIN_WIDTH = 256, 144
CUT = 0.6  # share of training pairs whose evidence is cut to what decides


def encode(tokenizer: Tokenizer, pair: Pair, width: int) -> list[int]:
    """`<s> evidence </s></s> claim </s>`; the claim keeps at most a third, evidence the rest."""
    claim = tokenizer.encode(pair.claim, add_special_tokens=False).ids[: width // 3]
    room = width - len(claim) - 4
    evidence = focus(pair.evidence, pair.claim, int(room * 0.95))
    ids = tokenizer.encode(evidence, add_special_tokens=False).ids[:room]
    return [0, *ids, 2, 2, *claim, 2]


def loss(logits: Tensor, batch: list[Example]) -> Tensor:
    """Minus log of the probability that falls on the allowed labels."""
    allowed = torch.zeros_like(logits, dtype=torch.bool)
    for row, example in enumerate(batch):
        allowed[row, list(example.target)] = True
    inside = logits.masked_fill(~allowed, float("-inf"))
    value: Tensor = (logits.logsumexp(-1) - inside.logsumexp(-1)).mean()
    return value


def examples(
    tokenizer: Tokenizer, pairs: list[Pair], width: int, repeat: bool, seed: int = 9
) -> list[Example]:
    rng = random.Random(seed)
    made = []
    for pair in pairs:
        times = int(pair.times) + (rng.random() < pair.times % 1) if repeat else 1
        if times:
            kept = cut(pair) if repeat and rng.random() < CUT else pair
            ids = encode(tokenizer, kept, width)
            made.extend([Example(ids, pair.allowed, pair.language, pair.source, pair.claim)] * times)
    return made


def split(data: Path) -> tuple[list[Pair], list[Pair]]:
    pairs = all_pairs(data)
    pairs += generated(pairs)
    return [p for p in pairs if not is_dev(p.group)], [p for p in pairs if is_dev(p.group)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--run", default="grounding")
    parser.add_argument(
        "--start", default="", help="go on from this run, or from a shipped model (grounding/3)"
    )
    parser.add_argument("--weigh", type=weighed, nargs="*", default=[], metavar="NAME=FACTOR",
                        help="how often pairs are seen: public, or what their source begins with")  # fmt: skip
    parser.add_argument("--samples", type=int, default=45_000)
    parser.add_argument("--layers", type=int, choices=sorted(DEPTHS), default=12)
    parser.add_argument("--rate", type=float, default=1.5e-4)
    parser.add_argument("--head-rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=0.0, help="end by the clock instead of by samples")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--hide", type=float, default=0.0, help="share of tokens shown as unknown")
    parser.add_argument("--teacher", default="", help="a model whose answers are to be kept (see distil.py)")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    seed_all(args.seed)
    tokenizer = start_tokenizer(args.work, args.start, args.run)
    pairs, held = split(args.data)
    factors = dict(args.weigh)
    pairs = [replace(p, times=p.times * factor(p.source, factors)) for p in pairs]
    made = examples(tokenizer, pairs, TRAIN_WIDTH, repeat=True)
    mean = sum(len(e.ids) for e in made) / len(made)
    print(f"{len(made)} examples of {mean:.0f} tokens, {len(held)} held", flush=True)
    if args.start:
        model = load_start(args.work, args.start, len(LABELS), per_token=False)
    else:
        encoder = load_encoder(args.work / "base", DEPTHS[args.layers], marks=True)
        model = Model(encoder, len(LABELS), per_token=False)
    aim = (
        taught(load_start(args.work, args.teacher, len(LABELS), per_token=False), loss)
        if args.teacher
        else loss
    )
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    train(
        model,
        made,
        aim,
        Plan(
            args.samples,
            batch_tokens=2048,
            rate=args.rate,
            head_rate=args.head_rate,
            hide=args.hide,
            minutes=args.minutes,
            seed=args.seed,
        ),
        args.work / f"{args.run}.pt",
    )


if __name__ == "__main__":
    main()
