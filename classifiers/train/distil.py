"""A stage that learns from the model before it: the distance to a teacher's logits beside the loss on labels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from encoder import Model
from trainer import Example, Loss, pad, precision

LABELS_SHARE = 0.2


def taught(
    teacher: Model, loss: Loss, fresh: Sequence[str] = (), weight: Sequence[float] | None = None
) -> Loss:
    """`loss` for a fifth, for the rest the distance to what `teacher` says of the same rows, nothing hidden from it.

    Rows whose source begins with one of `fresh` are what the teacher got wrong: they have their labels alone.
    `weight` says how much each output counts: a mean over many categories would hardly hold the few heads.
    """
    teacher.eval()
    counts = torch.ones(1) if weight is None else torch.tensor(weight) / torch.tensor(weight).mean()

    def together(logits: Tensor, batch: list[Example]) -> Tensor:
        ids, mask = pad(batch)
        with torch.no_grad(), precision(logits.device):
            wanted = teacher(ids.to(logits.device), mask.to(logits.device)).float()
        apart = functional.smooth_l1_loss(logits, wanted, reduction="none") * counts.to(logits.device)
        if teacher.per_token:
            apart = apart[mask.bool()]
        new = [i for i, e in enumerate(batch) if e.source.startswith(tuple(fresh))]
        if new:
            kept = torch.ones(len(batch), 1, device=apart.device)
            kept[new] = 0
            apart = apart * kept
        value = (1 - LABELS_SHARE) * apart.mean() + LABELS_SHARE * loss(logits, batch)
        return value + loss(logits[new], [batch[i] for i in new]) * len(new) / len(batch) if new else value

    return together
