"""Train guard: one encoder, heads for injection, hazards, offence and answer compliance.

The raw head has 23 outputs (5 heads, 18 categories): harm first, category given harm. Of the shipped model the likeliest
category carries P(harm), every other one P(harm) * P(category | harm), so that one threshold on "any harm" rules them
all and no two categories are sure at once. A second head reads after six blocks (see export.py).
"""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from audit import LANGUAGES, balanced
from carried import carried
from compose import composed
from distil import taught
from encoder import DEPTHS, EARLY, OVER_HARM, TINY, Model, load_encoder
from everyday import everyday
from groups import grouped
from guard_rows import HEADS, GuardRow, all_rows, categories
from ordinary import ordinary_rows
from reasoning import reasoned
from repeated import repeated
from rows import factor, is_dev, weighed
from shipping import load_start, start_tokenizer
from trainer import Example, Loss, Plan, pad, precision, seed_all, train
from wide_rows import is_post, wide_rows
from wrapped import wrapped

HAZARDS: tuple[str, ...] = tuple(categories()["hazards"])
LABELS = ("injection.direct", "injection.indirect", *(f"hazard.{h}" for h in HAZARDS), "offensive", "compliance.harmful")  # fmt: skip
OUTPUTS = 5 + len(HAZARDS)
WIDTH, TRAIN_WIDTH = 160, 160
PROBED = 5000
"""Examples that the heads start from."""
PIECES = (62, 94, 158, 158, 158)
"""Tokens of the piece in which a long harmless text is shown; most fill the window, as those of long attacks do."""
EARLY_SHARE = 0.3
"""How much the loss of the early head counts."""
HEAD_WEIGHT = torch.tensor([1.3, 1.3, 1.3, 0.8, 0.8])
CATEGORY_HELD = 0.06
"""How much the distance of a category to a teacher's counts beside that of a head."""


@dataclass(frozen=True, slots=True)
class Target:
    heads: tuple[float, ...]  # nan where the source says nothing
    categories: tuple[float, ...]  # a distribution, all zero where unknown


def target(row: GuardRow) -> Target:
    heads = tuple(float(row.heads.get(name, float("nan"))) for name in HEADS)
    share = 1 / max(len(row.categories), 1)
    return Target(heads, tuple(share if h in row.categories else 0.0 for h in HAZARDS))


def encode(tokenizer: Tokenizer, row: GuardRow, width: int, rng: random.Random) -> list[int]:
    """`<s> text </s>` or `<s> question </s></s> answer </s>`, at most `width` tokens.

    A long text loses its ends, but never the planted instruction; of a harmless one any piece is harmless, however short.
    """
    harmless = not any(row.heads.values())
    if row.question:
        question = tokenizer.encode(row.question, add_special_tokens=False).ids[: width // 3]
        answer, room = tokenizer.encode(row.text, add_special_tokens=False).ids, width - len(question) - 4
        start = rng.randint(0, max(0, len(answer) - room)) if harmless and rng.random() < 0.5 else 0
        return [0, *question, 2, 2, *answer[start : start + room], 2]
    encoding = tokenizer.encode(row.text, add_special_tokens=False)
    room = width - 2
    if harmless and len(encoding.ids) > room:
        room = min(room, rng.choice(PIECES))
    if len(encoding.ids) <= room:
        return [0, *encoding.ids, 2]
    low, high = 0, len(encoding.ids) - room
    at = row.text.find(row.span) if row.span else -1
    if at >= 0:
        first = next(i for i, (_, end) in enumerate(encoding.offsets) if end > at)
        low, high = max(0, min(first - room // 2, high)), min(high, first)
        low = min(low, high)
    start = rng.randint(low, high) if harmless or row.span or row.heads.get("indirect") is not None else 0
    return [0, *encoding.ids[start : start + room], 2]


def loss(logits: Tensor, batch: list[Example]) -> Tensor:
    """That of the last layer, and a share of that of the early head, where there is one."""
    value = one_loss(logits[:, :OUTPUTS], batch)
    return value + EARLY_SHARE * one_loss(logits[:, OUTPUTS:], batch) if logits.shape[1] > OUTPUTS else value


def one_loss(logits: Tensor, batch: list[Example]) -> Tensor:
    """Mean over known heads of the binary loss, plus the category loss of harmful rows."""
    heads = torch.tensor([e.target.heads for e in batch], device=logits.device)
    known = ~torch.isnan(heads)
    raw = functional.binary_cross_entropy_with_logits(logits[:, :5], heads.nan_to_num(0.5), reduction="none")
    weight = known * HEAD_WEIGHT.to(logits.device)
    kinds = torch.tensor([e.target.categories for e in batch], device=logits.device)
    picked = -(kinds * functional.log_softmax(logits[:, 5:], -1)).sum(-1)
    return (raw * weight).sum() / weight.sum().clamp(min=1) + 0.25 * picked.sum() / len(batch)


def final_logits(raw: Tensor) -> Tensor:
    """[n, 23] raw outputs to [n, labels] as shipped.

    The likeliest category says what is known of harm; any other the logit of P(harm) * P(category), which is never over 1/2.
    Compliance is little surer than harm: what hurts nobody, such as a question said again, complied with nothing.
    """
    share = raw[:, 5:].softmax(-1)
    joint = raw[:, 2:3].sigmoid() * share
    others = torch.log(joint.clamp(min=TINY)) - torch.log1p(-joint.clamp(max=0.5))
    hazards = torch.where(share == share.max(-1, keepdim=True).values, raw[:, 2:3], others)
    complied = torch.minimum(raw[:, 4:5], raw[:, 2:3] + OVER_HARM)
    return torch.cat([raw[:, :2], hazards, raw[:, 3:4], complied], -1)


def examples(
    tokenizer: Tokenizer, rows: list[GuardRow], width: int, repeat: bool, seed: int = 3
) -> list[Example]:
    rng = random.Random(seed)
    made = []
    for row in rows:
        times = int(row.times) + (rng.random() < row.times % 1) if repeat else 1
        for _ in range(times):
            ids = encode(tokenizer, row, width, rng)
            made.append(Example(ids, target(row), row.language, row.source, row.text))
    return made


def split(data: Path) -> tuple[list[GuardRow], list[GuardRow]]:
    rows = [*all_rows(data), *wide_rows(data)]
    asks = [r for r in rows if not is_post(r)]
    rows = [*rows, *composed(asks), *everyday(asks), *wrapped(asks), *grouped(), *ordinary_rows(data)]
    again = repeated(rows)
    rows += [*reasoned(rows), *again, *reasoned(again), *carried(rows)]
    return [r for r in rows if not is_dev(r.group)], [r for r in rows if is_dev(r.group)]


def lifted(row: GuardRow, lifts: dict[str, float]) -> GuardRow:
    """`row`, seen more often for a label that few rows have."""
    return replace(
        row, times=row.times * max([lifts.get(h, 1.0) for h, label in row.heads.items() if label] or [1.0])
    )


def held_to(teacher: Model) -> list[float]:
    """How much each output counts in the distance to `teacher`: mostly the heads, so that what it is sure of stays sure."""
    last = [1.0] * len(HEADS) + [CATEGORY_HELD] * len(HAZARDS)
    return last if teacher.early is None else [*last, *(EARLY_SHARE * part for part in last)]


@torch.no_grad()
def features(model: Model, made: list[Example]) -> tuple[Tensor, Tensor]:
    """What the early and the last head read of each example."""
    read: list[Tensor] = []
    hooks = [
        m.register_forward_pre_hook(lambda _, given: read.append(given[0].float()))
        for m in (model.early, model.head)
        if m
    ]
    model.eval()
    for start in range(0, len(made), 24):
        ids, mask = pad(made[start : start + 24])
        with precision(ids.device):
            model(ids, mask)
    for hook in hooks:
        hook.remove()
    return torch.cat(read[1::2]), torch.cat(read[0::2])


def probed(model: Model, made: list[Example]) -> None:
    """Start both heads as linear probes of the untouched encoder.

    Heads of zeros would first move every text the same way towards "harmless": with twelve layers all texts became one within a
    few hundred steps, and stayed so.
    """
    chosen = sorted(random.sample(made, min(PROBED, len(made))), key=lambda e: len(e.ids))
    early, last = features(model, chosen)
    for head, seen in ((model.early, early), (model.head, last)):
        if head is not None:
            weight, bias = _probe(seen, chosen)
            head.weight.data.copy_(weight)
            head.bias.data.copy_(bias)


def _probe(seen: Tensor, made: list[Example]) -> tuple[Tensor, Tensor]:
    mean, width = seen.mean(0), seen.std(0) + 1e-6
    weight = torch.zeros(OUTPUTS, seen.shape[1], requires_grad=True)
    bias = torch.zeros(OUTPUTS, requires_grad=True)
    optimiser = torch.optim.Adam([{"params": [weight], "lr": 0.01}, {"params": [bias], "lr": 0.05}])
    for _ in range(300):
        at = random.sample(range(len(made)), min(1000, len(made)))
        value = one_loss(((seen[at] - mean) / width) @ weight.T + bias, [made[i] for i in at])
        optimiser.zero_grad()
        (value + 0.02 * weight.square().mean() * OUTPUTS).backward()
        optimiser.step()
    print(f"probe loss {float(value.detach()):.3f}", flush=True)
    scaled = weight.detach() / width
    return scaled, bias.detach() - scaled @ mean


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--run", default="guard")
    parser.add_argument("--start", default="", help="go on from this run, or from a shipped model (guard/4)")
    parser.add_argument(
        "--base", default="base", help="the starting encoder: that of base.py, or of english.py"
    )
    parser.add_argument("--language", default="", choices=["", *LANGUAGES], help="rows of one language alone")
    parser.add_argument(
        "--asks", action="store_true", help="no answers, which a second model is not asked of"
    )
    parser.add_argument("--weigh", type=weighed, nargs="*", default=[], metavar="NAME=FACTOR",
                        help="how often rows are seen: public, or what their source begins with")  # fmt: skip
    parser.add_argument("--lift", type=weighed, nargs="*", default=[], metavar="HEAD=FACTOR",
                        help="how often rows with this label are seen, whoever wrote them")  # fmt: skip
    parser.add_argument("--layers", type=int, choices=sorted(DEPTHS), default=12)
    parser.add_argument("--rate", type=float, default=1.5e-4)
    parser.add_argument("--ship", default="", help="ship as this version when the stage has ended")
    parser.add_argument("--head-rate", type=float, default=2e-4)
    parser.add_argument("--samples", type=int, default=90_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--hide", type=float, default=0.0, help="share of tokens shown as unknown")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--minutes", type=float, default=0.0, help="end by the clock instead of by samples")
    parser.add_argument("--floor", type=float, default=0.01, help="share of the rate at which a stage ends")
    parser.add_argument("--unbalanced", action="store_true", help="leave the shortcuts in (see audit.py)")
    parser.add_argument("--teacher", default="", help="a model whose answers are to be kept (see distil.py)")
    parser.add_argument(
        "--fresh",
        nargs="*",
        default=[],
        help="beginnings of sources that the teacher does not know (see distil.py)",
    )
    return parser.parse_args()


def main() -> None:
    args = arguments()
    torch.set_num_threads(args.threads)
    seed_all(args.seed)
    tokenizer = start_tokenizer(args.work, args.start, args.run, args.base)
    rows, held = split(args.data)
    rows = [r for r in rows if args.language in ("", r.language) and not (args.asks and r.question)]
    factors = dict(args.weigh)
    rows = [replace(r, times=r.times * factor(r.source, factors)) for r in rows]
    if not args.unbalanced:
        rows, told = balanced(rows)
        print("shortcuts tell", told[0], "->", told[-1], flush=True)
    rows = [lifted(row, dict(args.lift)) for row in rows]
    made = examples(tokenizer, rows, TRAIN_WIDTH, repeat=True)
    mean = sum(len(e.ids) for e in made) / len(made)
    print(f"{len(made)} examples of {mean:.0f} tokens, {len(held)} held", flush=True)
    if args.start:
        model = load_start(args.work, args.start, OUTPUTS, per_token=False)
        for block in model.encoder.blocks:
            block.dropout = 0.0
    else:
        encoder = load_encoder(args.work / args.base, DEPTHS[args.layers], dropout=0.0)
        model = Model(encoder, OUTPUTS, per_token=False, early=EARLY if args.layers > EARLY else 0)
        if model.early is not None:
            probed(model, made)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    aim: Loss = loss
    if args.teacher:
        teacher = load_start(args.work, args.teacher, OUTPUTS, per_token=False)
        aim = taught(teacher, loss, args.fresh, held_to(teacher))
    plan = Plan(
        args.samples,
        seed=args.seed,
        rate=args.rate,
        head_rate=args.head_rate,
        hide=args.hide,
        floor=args.floor,
        minutes=args.minutes,
    )
    train(model, made, aim, plan, args.work / f"{args.run}.pt")
    if args.ship:
        from ship_guard import ship  # imports this module

        ship(args.data, args.work, args.run, args.ship, held)


if __name__ == "__main__":
    main()
