"""Which tokens of `<s> a </s></s> b </s>` belong to which text, what each may see, and how a claim's tokens are marked."""

from __future__ import annotations

import torch
from torch import Tensor

END = 2  # id of </s>
ELSEWHERE, FOUND = 1, 3
"""Marks of a claim's piece that the passage has."""
SENTENCES, NEAR = 40, 1e-3
"""Sentences that `bound_marks` tells apart, and how near to the best one counts as best."""


def part_of(ids: Tensor) -> Tensor:
    """Per token of `<s> a </s></s> b </s></s> c </s>`: 0 in a, 1 in b, 2 in c …"""
    return (ids == END).cumsum(1) // 2


def seen_by(part: Tensor) -> Tensor:
    """[batch, from, to]: everyone sees part 0 and their own."""
    return (part[:, None, :] == 0) | (part[:, None, :] == part[:, :, None])


def places_of(ids: Tensor) -> Tensor:
    """Positions: every later part goes on where part 0 ended."""
    part, at = part_of(ids), torch.arange(ids.shape[1], device=ids.device).expand_as(ids)
    first = (part == 0).sum(1, keepdim=True)
    starts = torch.full((len(ids), int(part.max()) + 1), ids.shape[1], device=ids.device)
    starts = starts.scatter_reduce(1, part, at, "amin")
    return torch.where(part > 0, first + at - starts.gather(1, part), at).clamp(max=511)


def second_half(ids: Tensor) -> Tensor:
    """1 from the second `</s>` of `<s> a </s></s> b </s>` on."""
    return ((ids == END).cumsum(1) > 1).long()


def marks_of(ids: Tensor, one_way: bool = False) -> Tensor:
    """Per token of `<s> a </s></s> b </s>`: 2 * (is in b) + (the same piece stands on the other side).
    `one_way`: the second is told of b's tokens only, since a does not know of b."""
    if one_way:
        part = part_of(ids)
        same = (ids[:, :, None] == ids[:, None, :]) & (part[:, None, :] == 0)
        return (part > 0) * (2 + same.any(-1).long())
    second = second_half(ids)
    same = (ids[:, :, None] == ids[:, None, :]) & (second[:, :, None] != second[:, None, :])
    return 2 * second + same.any(-1).long()


def bound_marks(ids: Tensor, stops: Tensor) -> Tensor:
    """`marks_of` for one-way packs, and of a claim's pieces in the passage those told apart that do not stand in the
    sentence where most of their own sentence stands (ELSEWHERE): rare pieces count more, those of every passage sentence least."""
    part, special = part_of(ids), ids == END
    ends = (ids[:, :, None] == stops).any(-1).long()
    number = (ends.cumsum(1) - ends).clamp(max=SENTENCES - 1)
    sentence = number[:, :, None] == torch.arange(SENTENCES, device=ids.device)
    held = (sentence & ((part == 0) & ~special)[:, :, None]).float()
    said = ((ids[:, :, None] == ids[:, None, :]).float() @ held > 0).float()
    weight = said / said.sum(-1, keepdim=True).clamp(min=1)
    together = (number[:, :, None] == number[:, None, :]) & (part[:, :, None] == part[:, None, :])
    score = together.float() @ weight
    best = (score >= score.amax(-1, keepdim=True) - NEAR).float()
    inside = (said * best).amax(-1).bool() | special
    return (part > 0) * torch.where(inside, FOUND, 2 - said.amax(-1).long())


def told_apart(marks: Tensor) -> Tensor:
    """The table of a model that does not know `ELSEWHERE`, as one that learns it begins."""
    made = marks.clone()
    made[ELSEWHERE] = made[FOUND]
    return made
