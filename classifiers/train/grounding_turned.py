"""Train grounding on Chinese packs of opposites, beside a share of the older ones, on which it keeps to the model it starts from.

    python classifiers/train/grounding_turned.py --run grounding-zh-a --start grounding/4 --minutes 60

The start is also the teacher: of claims of older packs both what the source says counts and what the teacher says.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from grounding import LABELS, Checked, encode_pack, loss, training
from opposite_words import words
from opposites import SOURCE
from opposites_zh import opposites_zh, things_zh, words_zh
from pack import Pack
from shipping import load_start, start_tokenizer
from trainer import Example, Loss, Plan, pad, precision, seed_all, train

KEPT = {"en": 3.0, "zh": 1.0}
"""What straying from the teacher counts beside the verdicts."""
SHARES = {
    "en": {"prose": 0.02, "FEVER dev": 0.03, "FeverSym": 0.15, "asked": 0.1, "authored28": 0.06, "turned": 0.1, "MED": 0.05, "HELP": 0.06,
           "authored": 0.35, "PubMedQA": 0.1, "SummEdits": 0.17, "HaluEval": 0.1, "WiCE": 0.1, "BEGIN": 0.02, "PAWS": 0.2},
    "zh": {"asked": 0.11, "prose": 0.04, "turned": 0.07, "authored28": 0.15, "authored": 0.35, "UHG": 0.2},
}  # fmt: skip
"""Of the older packs of a source, of two draws, so many are seen."""
STATEMENTS, WORDS, THINGS, ENGLISH = 4800, 3200, 4000, 1500


def older(packs: Sequence[Pack], rng: random.Random) -> list[Pack]:
    return [pack for pack in packs if rng.random() < _share(pack)]


def _share(pack: Pack) -> float:
    return next((s for name, s in SHARES[pack.language].items() if pack.source.startswith(name)), 1.0)


def turned(seed: int) -> list[Pack]:
    return [
        *opposites_zh(STATEMENTS, random.Random(seed + 1), held=False),
        *words_zh(WORDS, random.Random(seed + 2), held=False),
        *things_zh(THINGS, random.Random(seed + 3), held=False),
        *words(ENGLISH, random.Random(seed + 4), held=False),
    ]


def kept_to(teacher: nn.Module) -> Loss:
    """The loss of `grounding.py`, and how far verdicts on older packs are from the teacher's."""

    def both(logits: Tensor, batch: list[Example]) -> Tensor:
        at = [i for i, example in enumerate(batch) if not example.source.startswith(SOURCE)]
        value = loss(logits, batch)
        if not at:
            return value
        strayed = _strayed(teacher, logits[at], [batch[i] for i in at])
        return value + strayed / sum(len(example.target[0]) for example in batch)

    return both


def _strayed(teacher: nn.Module, logits: Tensor, batch: Sequence[Example]) -> Tensor:
    """Summed over the claims."""
    ids, mask = pad(batch)
    device = logits.device
    with torch.no_grad(), precision(device):
        known = teacher(ids.to(device), mask.to(device)).float()
    most = max(len(example.target[0]) for example in batch)
    first, second = (_verdicts(each, most) for each in (known, logits))
    counts = [[KEPT[e.language] * (at < len(e.target[0])) for at in range(most)] for e in batch]
    return ((first.exp() * (first - second)).sum(-1) * torch.tensor(counts, device=device)).sum()


def _verdicts(logits: Tensor, most: int) -> Tensor:
    return logits[:, : most * len(LABELS)].view(len(logits), most, len(LABELS)).log_softmax(-1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--run", default="grounding-zh")
    parser.add_argument("--start", default="grounding/4", help="and teacher")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=8e-5)
    parser.add_argument("--seed", type=int, default=511)
    args = parser.parse_args()
    torch.set_num_threads(1)
    seed_all(args.seed)
    tokenizer = start_tokenizer(args.work, args.start, args.run)
    packs = older(training(args.data, 2, args.work, bound=True), random.Random(args.seed))
    made = [e for p in packs + turned(args.seed) if (e := encode_pack(tokenizer, p))]
    random.Random(args.seed).shuffle(made)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model, before = (load_start(args.work, args.start, len(LABELS), per_token=False) for _ in range(2))
    teacher = Checked(before).to(device).eval().requires_grad_(False)
    plan = Plan(len(made), batch_tokens=2560, rate=args.rate, head_rate=3e-4, floor=0.03, warmup=0.04, hide=0.02,
                minutes=args.minutes, seed=args.seed)  # fmt: skip
    train(Checked(model).to(device), made, kept_to(teacher), plan, args.work / f"{args.run}.packed.pt")
    torch.save({"model": model.state_dict()}, args.work / f"{args.run}.pt")


if __name__ == "__main__":
    main()
