"""A further stage of guard-en or guard-zh: learn what the mean with guard gets wrong, and leave the rest as it is.

    python classifiers/train/second_stage.py --language zh --run guard-zh-b --minutes 11 --fresh authored30=3 authored34=3

Of rows whose source begins with a name of `--fresh` (seen so often a pass) each label pulls the mean of both models' logits of its
head, as the proxy judges it: where guard is wrong, this model has to say the opposite as loudly. So guard must not have learnt from them.
A part of our other rows and of ordinary prompts has the answers of the model before the stage for a teacher (`distil.py`).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from distil import taught
from encoder import Model
from guard import OUTPUTS, TRAIN_WIDTH, examples, held_to, loss
from guard_rows import HEADS, GuardRow, authored_rows, make
from levels import COLUMNS
from rows import factor, is_dev, read_rows, weighed
from shipping import MODELS, load_start, start_tokenizer, tokenizer_of
from trainer import Example, Loss, Plan, pad, seed_all, train
from unseen import of_file
from wide_rows import QUIET

OTHERS, ORDINARY = 0.07, 0.03
"""How often our other rows and ordinary prompts are seen, of what they are seen in a stage of guard."""
FROZEN = 6
"""Lower blocks that stay as they are."""
PULLED = ("direct", "hazard", "offensive")
"""Heads that the label of a fresh row pulls."""
CATEGORY, KEPT, FRESH = 0.25, 0.3, 2.0
"""Weights of the category, of the other heads' distance to the teacher, and of a fresh row beside any other."""


def rows_of(data: Path, language: str, fresh: Mapping[str, float]) -> tuple[list[GuardRow], list[GuardRow]]:
    """(fresh rows, others) of training groups, each with how often it is seen."""
    own = [r for r in authored_rows(data) if r.language == language and not r.question]
    prompts = (make(r, QUIET) for r in read_rows(data / "wide" / f"benign_{language}.jsonl.gz"))
    rows = [*own, *(replace(r, times=ORDINARY / OTHERS) for r in prompts)]
    new, others = [], []
    for row in (r for r in rows if not is_dev(r.group)):
        if row.source.startswith(tuple(fresh)):
            new.append(replace(row, times=factor(row.source, fresh)))
        else:
            others.append(replace(row, times=row.times * OTHERS))
    return new, others


def said_by(first: str, rows: Sequence[GuardRow], work: Path) -> dict[str, list[float]]:
    """The first model's logit of each head, by text; of harm the highest kind's, of heads that need a question 0."""
    ask, tokenizer = of_file(MODELS / first / "model.onnx"), tokenizer_of(work, first)
    logits = ask(examples(tokenizer, list(rows), TRAIN_WIDTH, repeat=False))
    by_head = [[float(found[list(COLUMNS[head])].max()) for head in HEADS] for found in logits]
    return {row.text: said for row, said in zip(rows, by_head, strict=True)}


def pulled(example: Example) -> list[bool]:
    """Which heads the label of a row pulls: what it is found for, and all of a harmless one.

    An ask for harm in a guise may well count as an attack, so that it has no label is no reason to lower another head.
    """
    labels = dict(zip(HEADS, example.target.heads, strict=True))
    harmless = not any(label == 1 for label in labels.values())
    return [h in PULLED and (labels[h] == 1 or (harmless and labels[h] == 0)) for h in HEADS]


def beside(first: Mapping[str, Sequence[float]], teacher: Model) -> Loss:
    """For texts of `first` the loss of the mean with what it says, for others the distance to `teacher`."""
    weight = held_to(teacher)
    kept = taught(teacher, loss, (), weight)

    def of_mean(logits: Tensor, batch: list[Example]) -> Tensor:
        ids, mask = pad(batch)
        with torch.no_grad():
            wanted = teacher(ids.to(logits.device), mask.to(logits.device)).float()
        mine, named = logits[:, : len(HEADS)], logits[:, len(HEADS) : OUTPUTS].log_softmax(-1)
        at = torch.tensor([pulled(e) for e in batch], device=logits.device)
        mean = (torch.tensor([first[e.text] for e in batch], device=logits.device) + mine) / 2
        labels = torch.tensor([e.target.heads for e in batch], device=logits.device)
        kinds = torch.tensor([e.target.categories for e in batch], device=logits.device)
        return (
            functional.binary_cross_entropy_with_logits(mean[at], labels[at], reduction="sum") / len(batch)
            - CATEGORY * (kinds * named).sum(-1).mean()
            + KEPT * functional.smooth_l1_loss(mine[~at], wanted[:, : len(HEADS)][~at])
        )

    def together(logits: Tensor, batch: list[Example]) -> Tensor:
        value = logits.sum() * 0
        for judged, share, fresh in ((kept, 1.0, False), (of_mean, FRESH, True)):
            at = [i for i, e in enumerate(batch) if (e.text in first) == fresh]
            if at:
                value = value + share * judged(logits[at], [batch[i] for i in at]) * len(at) / len(batch)
        return value

    return together


def frozen(model: Model) -> Iterator[torch.nn.Parameter]:
    """What stays: the lower blocks and what they read."""
    yield from (*model.encoder.positions.parameters(), *model.encoder.norm.parameters())
    yield from (p for block in list(model.encoder.blocks)[:FROZEN] for p in block.parameters())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--language", choices=("en", "zh"), required=True)
    parser.add_argument("--start", default="", help="a run or a shipped model; guard-LANGUAGE/1 unless given")
    parser.add_argument("--first", default="guard/14")
    parser.add_argument("--run", required=True)
    parser.add_argument("--fresh", type=weighed, nargs="+", required=True, metavar="NAME=TIMES")
    parser.add_argument("--minutes", type=float, default=11.0)
    parser.add_argument("--rate", type=float, default=8e-5)
    parser.add_argument("--head-rate", type=float, default=2e-4)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def main() -> None:
    args = arguments()
    torch.set_num_threads(1)
    seed_all(args.seed)
    start = args.start or f"guard-{args.language}/1"
    tokenizer = start_tokenizer(args.work, start, args.run)
    new, others = rows_of(args.data, args.language, dict(args.fresh))
    first = said_by(args.first, new, args.work)
    made = examples(tokenizer, [*new, *others], TRAIN_WIDTH, repeat=True)
    print(len(made), "examples, fresh:", sum(e.text in first for e in made), flush=True)
    model, teacher = (load_start(args.work, start, OUTPUTS, per_token=False) for _ in range(2))
    for block in model.encoder.blocks:
        block.dropout = 0.0
    for parameter in frozen(model):
        parameter.requires_grad = False
    plan = Plan(0, seed=args.seed, rate=args.rate, head_rate=args.head_rate, floor=0.03,
                minutes=args.minutes, batch_tokens=1024, save_seconds=60)  # fmt: skip
    train(model, made, beside(first, teacher), plan, args.work / f"{args.run}.pt")


if __name__ == "__main__":
    main()
