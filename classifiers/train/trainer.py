"""One training loop for every model: length-bucketed batches, bf16 where fast, resumable, same seed same run.

A recipe gives `Example`s (token ids and whatever its loss needs) and a loss. Batches hold about
`batch_tokens` tokens of similar length. A checkpoint carries weights, optimiser and step; the order
of batches follows from the seed alone, so a resumed run continues where it stopped.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

PAD, UNKNOWN = 1, 3


@dataclass(frozen=True, slots=True)
class Example:
    """`ids` with special tokens; `target` is read by the recipe's loss only."""

    ids: Sequence[int]
    target: Any
    language: str = "en"
    source: str = ""
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    samples: int  # how many examples are seen in all (with repetition)
    batch_tokens: int = 1536
    max_batch: int = 48
    rate: float = 1.5e-4
    head_rate: float = 6e-4
    warmup: float = 0.06
    seed: int = 7
    save_seconds: float = 150.0
    minutes: float = 0.0  # end after so long, the rate following the clock; 0: after `samples`
    floor: float = 0.01  # share of the rate that is left at the end
    hide: float = 0.0  # share of tokens shown as unknown, so that their surroundings are read


Loss = Callable[[Tensor, list[Example]], Tensor]


def batches(examples: Sequence[Example], plan: Plan, seed: int) -> Iterator[list[Example]]:
    """Endless shuffled passes; inside chunks of 2,048 examples similar lengths share a batch."""
    rng = random.Random(seed)
    while True:
        order = list(range(len(examples)))
        rng.shuffle(order)
        for start in range(0, len(order), 2048):
            chunk = sorted(order[start : start + 2048], key=lambda i: len(examples[i].ids))
            made = list(cut_batches([examples[i] for i in chunk], plan))
            rng.shuffle(made)
            yield from made


def cut_batches(chunk: list[Example], plan: Plan) -> Iterator[list[Example]]:
    batch: list[Example] = []
    for example in chunk:
        full = (len(batch) + 1) * len(example.ids) > plan.batch_tokens or len(batch) == plan.max_batch
        if batch and full:
            yield batch
            batch = []
        batch.append(example)
    if batch:
        yield batch


def pad(batch: Sequence[Example]) -> tuple[Tensor, Tensor]:
    width = max(len(example.ids) for example in batch)
    ids = torch.full((len(batch), width), PAD)
    mask = torch.zeros((len(batch), width), dtype=torch.long)
    for row, example in enumerate(batch):
        ids[row, : len(example.ids)] = torch.tensor(example.ids)
        mask[row, : len(example.ids)] = 1
    return ids, mask


def seed_all(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def train(model: nn.Module, examples: Sequence[Example], loss: Loss, plan: Plan, state: Path) -> None:
    """Train in place until `plan.samples` examples were seen; continue from `state` if it exists."""
    optimiser = _optimiser(model, plan)
    seen = step = 0
    if state.exists():
        saved = torch.load(state, weights_only=True)
        model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        seen, step = saved["seen"], saved["step"]
    seed_all(plan.seed + step)
    model.train()
    began = last = time.monotonic()
    total, start = 0.0, seen
    for number, batch in enumerate(batches(examples, plan, plan.seed)):
        if number < step:
            continue
        minutes = (time.monotonic() - began) / 60
        done = minutes / plan.minutes if plan.minutes else seen / plan.samples
        if done >= 1:
            break
        _set_rate(optimiser, done, plan)
        value = _step(model, optimiser, batch, loss, plan.hide)
        total += value
        seen, step = seen + len(batch), step + 1
        if step % 50 == 0:
            speed = (seen - start) / (time.monotonic() - began)
            print(f"{seen} seen ({done:.0%}) loss {total / 50:.4f} {speed:.1f}/s", flush=True)
            total = 0.0
        if time.monotonic() - last > plan.save_seconds:
            last = time.monotonic()
            _save(model, optimiser, seen, step, state)
    _save(model, optimiser, seen, step, state)
    model.eval()


def _optimiser(model: nn.Module, plan: Plan) -> torch.optim.Optimizer:
    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    groups = [
        {"params": [p for n, p in named if _fresh(n)], "top": plan.head_rate},
        {"params": [p for n, p in named if not _fresh(n)], "top": plan.rate},
    ]
    return torch.optim.AdamW(groups, lr=plan.rate, weight_decay=0.01, betas=(0.9, 0.98), fused=True)


def _fresh(name: str) -> bool:
    """Parameters that do not come from the starting weights learn faster."""
    return name.removeprefix("model.").startswith(("head", "early")) or ".marks." in name


def _set_rate(optimiser: torch.optim.Optimizer, done: float, plan: Plan) -> None:
    left = (1 - done) / (1 - plan.warmup)
    scale = min(done / plan.warmup, plan.floor + (1 - plan.floor) * left)
    for group in optimiser.param_groups:
        group["lr"] = group["top"] * max(scale, 0.01)


def precision(device: torch.device) -> torch.autocast:
    """bf16 on a GPU and on a CPU that multiplies it; others emulate it twenty times slower than fp32."""
    quick = device.type == "cuda" or torch.cpu._is_avx512_bf16_supported()
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=quick)


def hidden(ids: Tensor, share: float) -> Tensor:
    """`ids` with a share of its pieces unknown; special tokens stay."""
    if not share:
        return ids
    return ids.masked_fill((torch.rand(ids.shape) < share) & (ids > UNKNOWN), UNKNOWN)


def _step(
    model: nn.Module, optimiser: torch.optim.Optimizer, batch: list[Example], loss: Loss, hide: float
) -> float:
    device = next(model.parameters()).device
    ids, mask = pad(batch)
    ids = hidden(ids, hide)
    with precision(device):
        logits = model(ids.to(device), mask.to(device))
    value = loss(logits.float(), batch)
    optimiser.zero_grad(set_to_none=True)
    value.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return float(value.detach())


def _save(model: nn.Module, optimiser: torch.optim.Optimizer, seen: int, step: int, state: Path) -> None:
    state.parent.mkdir(parents=True, exist_ok=True)
    fresh = state.with_suffix(".new")
    torch.save(
        {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "seen": seen, "step": step},
        fresh,
    )
    fresh.replace(state)


@torch.no_grad()
def predict(model: nn.Module, examples: Sequence[Example], batch_tokens: int = 4096) -> list[Tensor]:
    """Logits per example in order (fp32, CPU); `tag` models give [tokens, labels]."""
    model.eval()
    device = next(model.parameters()).device
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].ids))
    results: dict[int, Tensor] = {}
    plan = Plan(samples=0, batch_tokens=batch_tokens, max_batch=64)
    at = 0
    for batch in cut_batches([examples[i] for i in order], plan):
        ids, mask = pad(batch)
        with precision(device):
            logits = model(ids.to(device), mask.to(device))
        for row, example in enumerate(batch):
            out = logits[row].float().cpu()
            results[order[at]] = out[: len(example.ids)] if out.dim() == 2 else out
            at += 1
    return [results[i] for i in range(len(examples))]
