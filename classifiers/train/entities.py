"""Train entities: BIO token classification of names, addresses, organisations and the like.

Chinese characters and punctuation marks are tokens of their own here (a Split step in the tokenizer),
so that a span never starts or ends in the middle of a token.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from distil import taught
from encoder import DEPTHS, Model, cut, load_encoder
from entities_rows import KINDS, EntityRow, Span, all_rows, halves
from shipping import load_start, tokenizer_of
from trainer import Example, Plan, seed_all, train

LABELS = ("O", *(f"{part}-{kind}" for kind in KINDS for part in "BI"))
WIDTH, TRAIN_WIDTH = 256, 160
EARLY_SHARE = 0.3
"""Of the early head in the loss."""
ALONE = r"""[\u3400-\u9fff\uf900-\ufaff.,;:()\[\]{}"|<>/，。；：（）、！？“”【】]"""


def spans_tokenizer(work: Path, start: str = "") -> Tokenizer:
    """That of `start` with Chinese characters and marks split off."""
    made = json.loads(tokenizer_of(work, start).to_str())
    split = {"type": "Split", "pattern": {"Regex": ALONE}, "behavior": "Isolated", "invert": False}
    if made["pre_tokenizer"]["type"] != "Sequence":
        made["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [made["pre_tokenizer"], split]}
    return Tokenizer.from_str(json.dumps(made))


def tags(offsets: Sequence[tuple[int, int]], text: str, spans: Sequence[Span]) -> list[int]:
    """One label id per token. A lone word mark, which covers the character of the next token, is outside."""
    found: list[int] = []
    begun: set[Span] = set()
    for (start, end), (after, _) in zip(offsets, [*offsets[1:], (-1, -1)], strict=True):
        while start < end and text[start].isspace():
            start += 1
        label = "O"
        for span in spans:
            if start != after and max(start, span[0]) < min(end, span[1]):
                label = ("I-" if span in begun else "B-") + span[2]
                begun.add(span)
        found.append(LABELS.index(label))
    return found


def examples(
    tokenizer: Tokenizer, rows: list[EntityRow], width: int, repeat: bool, seed: int = 5
) -> list[Example]:
    rng = random.Random(seed)
    made = []
    for row in rows:
        encoding = tokenizer.encode(row.text, add_special_tokens=False)
        ids, labels = encoding.ids[: width - 2], tags(encoding.offsets, row.text, row.spans)[: width - 2]
        if not ids:
            continue
        times = int(row.times) + (rng.random() < row.times % 1) if repeat else 1
        example = Example([0, *ids, 2], [0, *labels, 0], row.language, row.source, row.text)
        made.extend([example] * times)
    return made


def loss(logits: Tensor, batch: list[Example]) -> Tensor:
    """Of the last block's labels, and a share of the early head's."""
    wanted = torch.full(logits.shape[:2], -100, device=logits.device)
    for row, example in enumerate(batch):
        wanted[row, : len(example.target)] = torch.tensor(example.target, device=logits.device)
    last, *early = logits.flatten(0, 1).split(len(LABELS), -1)
    value = functional.cross_entropy(last, wanted.flatten())
    return value + EARLY_SHARE * functional.cross_entropy(early[0], wanted.flatten()) if early else value


def decode(labels: Sequence[int], offsets: Sequence[tuple[int, int]], text: str) -> list[Span]:
    """Label ids to spans; an `I-` after something else opens a span as `B-` would."""
    spans: list[Span] = []
    for index, (start, end) in zip(labels, offsets, strict=True):
        name = LABELS[index]
        while start < end and text[start].isspace():
            start += 1
        if name == "O" or start == end or (spans and start < spans[-1][1]):
            continue
        part, kind = name.split("-")
        glued = spans and spans[-1][2] == kind and not text[spans[-1][1] : start].strip()
        if part == "I" and glued:
            spans[-1] = (spans[-1][0], end, kind)
        else:
            spans.append((start, end, kind))
    return spans


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--run", default="entities")
    parser.add_argument(
        "--start", default="", help="go on from this run, or from a shipped model (entities/3)"
    )
    parser.add_argument(
        "--layers", type=int, choices=sorted(DEPTHS), default=12, help="of a start the lowest"
    )
    parser.add_argument("--early", type=int, default=0, help="blocks below an early head (see export.py)")
    parser.add_argument("--only-early", action="store_true", help="train nothing but the early head")
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--samples", type=int, default=40_000)
    parser.add_argument("--minutes", type=float, default=0.0, help="end by the clock instead")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=23, help="draws the values of generated rows")
    parser.add_argument("--hide", type=float, default=0.0, help="share of tokens shown as unknown")
    parser.add_argument("--teacher", default="", help="a model whose answers are to be kept (see distil.py)")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    seed_all(7)
    tokenizer = spans_tokenizer(args.work, args.start)
    tokenizer.save(str(args.work / f"{args.run}.tokenizer.json"))
    rows, held = halves(all_rows(args.data, args.work / "teacher.jsonl", seed=args.seed))
    made = examples(tokenizer, rows, TRAIN_WIDTH, repeat=True)
    mean = sum(len(e.ids) for e in made) / len(made)
    print(f"{len(made)} examples of {mean:.0f} tokens, {len(held)} held", flush=True)
    if args.start:
        model = load_start(args.work, args.start, len(LABELS), per_token=True)
        model = cut(model, args.layers, args.early)
    else:
        encoder = load_encoder(args.work / "base", DEPTHS[args.layers])
        model = Model(encoder, len(LABELS), per_token=True, early=args.early)
    if args.only_early:
        for name, weights in model.named_parameters():
            weights.requires_grad_(name.startswith("early."))
    aim = (
        taught(load_start(args.work, args.teacher, len(LABELS), per_token=True), loss)
        if args.teacher
        else loss
    )
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    plan = Plan(args.samples, minutes=args.minutes, rate=args.rate, hide=args.hide, seed=args.seed)
    train(model, made, aim, plan, args.work / f"{args.run}.pt")


if __name__ == "__main__":
    main()
