"""Train grounding: a cross-encoder over (evidence, claim) -> supported, contradicted, nei.

It reads packs (`packs.py`): one passage and several claims, each of which sees the passage and itself. Beside the verdict
it marks which words of a claim the passage does not bear out; that head serves training only.

Every token is marked with its side, a claim's tokens also with whether the same piece stands in the evidence: what the
claim says and the evidence does not is then visible from the first layer (see `marks_of`).
"""

from __future__ import annotations

import argparse
import pickle
import random
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

import bindings
from encoder import DEPTHS, FAR, HIDDEN, Model, load_encoder
from grounding_rows import LABELS, Pair, all_pairs, focus
from pack import Claim, Pack
from packs import Packer, documents
from rows import is_dev
from shipping import load_start, start_tokenizer
from sides import ELSEWHERE, part_of, told_apart
from trainer import Example, Plan, seed_all, train

WIDTH = 256
EVIDENCE, CLAIM, WHOLE = 250, 90, 420
"""Tokens of a pack's passage, of a claim, of all together, at most."""
BINDINGS = 8
"""Packs of each own passage of `bindings.py` in a pass."""
POINTED = 0.7
"""What pointing at wrong words counts beside the verdict."""
WRONG_WORDS = 4.0
"""How much more a wrong word counts than a right one: there are few."""


class Checked(nn.Module):
    """A grounding model that reads packs; beside the verdicts it marks each token of a claim as wrong or not."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model
        self.head_pointer = nn.Linear(HIDDEN, 1)
        nn.init.zeros_(self.head_pointer.weight)
        nn.init.constant_(self.head_pointer.bias, -2.0)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """[batch, claims * labels + tokens]"""
        states = self.model.encoder(ids, mask)
        part = part_of(ids) * mask
        verdicts = []
        for number in range(1, int(part.max()) + 1):
            weight = (part == number)[:, :, None].to(states.dtype)
            mean = (states * weight).sum(1) / weight.sum(1).clamp(min=1)
            pooled = torch.cat([mean, (states + (weight - 1) * FAR).amax(1)], -1)
            verdicts.append(self.model.head(nn.functional.dropout(pooled, 0.1, self.training)))
        return torch.cat([*verdicts, self.head_pointer(states)[..., 0]], -1)


def loss(logits: Tensor, batch: list[Example]) -> Tensor:
    """Minus log of what falls on the allowed labels, and the pointer's cross-entropy where the wrong words are known."""
    count = max(len(e.target[0]) for e in batch)
    verdicts = logits[:, : count * len(LABELS)].view(len(batch), count, len(LABELS))
    tokens = logits[:, count * len(LABELS) :]
    allowed = torch.zeros_like(verdicts, dtype=torch.bool)
    weights = verdicts.new_zeros(verdicts.shape[:2])
    wrong, known = torch.zeros_like(tokens), torch.zeros_like(tokens)
    for row, example in enumerate(batch):
        claims, marks = example.target
        for column, (labels, weight) in enumerate(claims):
            allowed[row, column, list(labels)] = True
            weights[row, column] = weight
        for at, value in marks:
            wrong[row, at], known[row, at] = value, 1
    allowed[weights == 0] = True
    inside = verdicts.masked_fill(~allowed, float("-inf")).logsumexp(-1)
    judged = ((verdicts.logsumexp(-1) - inside) * weights).sum() / weights.sum()
    each = nn.functional.binary_cross_entropy_with_logits(tokens, wrong, reduction="none")
    balance = known * (1 + WRONG_WORDS * wrong)
    return judged + POINTED * (each * balance).sum() / balance.sum().clamp(min=1)


def encode_pack(tokenizer: Tokenizer, pack: Pack) -> Example | None:
    ids = [0, *tokenizer.encode(pack.evidence, add_special_tokens=False).ids[:EVIDENCE], 2]
    claims, marks = [], []
    for claim in pack.claims:
        found = tokenizer.encode(claim.text, add_special_tokens=False)
        own, offsets = found.ids[:CLAIM], found.offsets[:CLAIM]
        if len(ids) + len(own) + 2 > WHOLE or not own:
            break
        if claim.wrong is not None:
            marks += [(len(ids) + 1 + i, int(_inside(offset, claim))) for i, offset in enumerate(offsets)]
        ids += [2, *own, 2]
        claims.append((claim.allowed, claim.weight))
    return Example(ids, (claims, marks), pack.language, pack.source) if claims else None


def _inside(offset: tuple[int, int], claim: Claim) -> bool:
    return any(offset[0] < end and offset[1] > start for start, end in claim.wrong or ())


def encode(tokenizer: Tokenizer, pair: Pair, width: int) -> list[int]:
    """`<s> evidence </s></s> claim </s>`; the claim keeps at most a third, evidence the rest."""
    claim = tokenizer.encode(pair.claim, add_special_tokens=False).ids[: width // 3]
    room = width - len(claim) - 4
    evidence = focus(pair.evidence, pair.claim, int(room * 0.95))
    ids = tokenizer.encode(evidence, add_special_tokens=False).ids[:room]
    return [0, *ids, 2, 2, *claim, 2]


def examples(tokenizer: Tokenizer, pairs: Sequence[Pair], width: int) -> list[Example]:
    """Pairs alone, as they are judged."""
    return [Example(encode(tokenizer, p, width), p.allowed, p.language, p.source, p.claim) for p in pairs]


def split(data: Path) -> tuple[list[Pair], list[Pair]]:
    pairs = all_pairs(data)
    return [p for p in pairs if not is_dev(p.group)], [p for p in pairs if is_dev(p.group)]


def training(data: Path, passes: int, cache: Path, *, bound: bool) -> list[Pack]:
    """The packs of so many draws; each is made once. `bound`: those of `bindings.py` too."""
    made: list[Pack] = []
    pairs: list[Pair] = []
    for seed in range(1, passes + 1):
        path = cache / f"packs-{seed}.pickle"
        if not path.exists():
            pairs = pairs or split(data)[0]
            path.write_bytes(pickle.dumps(Packer(seed).packs(pairs, documents(data))))
        made += pickle.loads(path.read_bytes())
        if bound:
            made += bindings.packs(list(bindings.passages(held=False)), BINDINGS, random.Random(seed))
    return made


def started(work: Path, start: str, layers: int, stops: Tensor | None) -> Model:
    if start:
        model = load_start(work, start, len(LABELS), per_token=False)
        model.encoder.one_way = torch.tensor(1)
    else:
        encoder = load_encoder(work / "base", DEPTHS[layers], marks=True, one_way=True)
        model = Model(encoder, len(LABELS), per_token=False)
    if stops is not None and model.encoder.stops is None:
        model.encoder.stops = stops
        model.encoder.marks.weight.data = told_apart(model.encoder.marks.weight.data)
    return model


def only_marks(checked: Checked) -> None:
    """Nothing but what ELSEWHERE looks like is learnt (and the pointer, which is left out of the file)."""
    for parameter in checked.model.parameters():
        parameter.requires_grad_(False)
    marks = checked.model.encoder.marks.weight.requires_grad_(True)
    row = torch.zeros(len(marks), 1, device=marks.device)
    row[ELSEWHERE] = 1
    marks.register_hook(lambda grad: grad * row)


def stops_of(tokenizer: Tokenizer) -> Tensor:
    """The pieces that end a sentence; not "?", because an answer stands behind its question."""
    return torch.tensor(sorted(i for i in map(tokenizer.token_to_id, ".。!;") if i is not None))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--run", default="grounding")
    parser.add_argument(
        "--start", default="", help="go on from this run, or from a shipped model (grounding/4)"
    )
    parser.add_argument("--layers", type=int, choices=sorted(DEPTHS), default=6)
    parser.add_argument("--minutes", type=float, default=0.0, help="end by the clock instead of by samples")
    parser.add_argument("--rate", type=float, default=1.5e-4)
    parser.add_argument("--head-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--passes", type=int, default=1, help="draws of the packs that are made")
    parser.add_argument("--samples", type=int, default=30_000, help="packs that are seen")
    parser.add_argument("--hide", type=float, default=0.0, help="share of tokens shown as unknown")
    parser.add_argument("--bound", action="store_true", help="with marks of pieces that stand elsewhere")
    parser.add_argument("--only-marks", action="store_true", help="with --bound: learn these alone")
    args = parser.parse_args()
    torch.set_num_threads(1)
    seed_all(args.seed)
    tokenizer = start_tokenizer(args.work, args.start, args.run)
    packs = training(args.data, args.passes, args.work, bound=args.bound)
    made = [e for p in packs if (e := encode_pack(tokenizer, p))]
    random.Random(args.seed).shuffle(made)
    claims = sum(len(e.target[0]) for e in made)
    print(
        f"{len(made)} packs, {claims} claims, {sum(len(e.ids) for e in made) / len(made):.0f} tokens",
        flush=True,
    )
    stops = stops_of(tokenizer) if args.bound else None
    model = started(args.work, args.start, args.layers, stops)
    checked = Checked(model).to("cuda" if torch.cuda.is_available() else "cpu")
    if args.only_marks:
        only_marks(checked)
    plan = Plan(
        args.samples,
        batch_tokens=2560,
        rate=args.rate,
        head_rate=args.head_rate,
        floor=0.03,
        hide=args.hide,
        minutes=args.minutes,
        seed=args.seed,
    )
    train(checked, made, loss, plan, args.work / f"{args.run}.packed.pt")
    torch.save({"model": model.state_dict()}, args.work / f"{args.run}.pt")


if __name__ == "__main__":
    main()
