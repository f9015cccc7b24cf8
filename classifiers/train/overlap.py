"""Made claims left out or weighed until their overlap with the passage tells nothing of the label."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from grounding_rows import words
from pack import SUPPORTED, Claim, Pack

BINS = (0.3, 0.45, 0.55, 0.65, 0.75, 0.85, 0.92, 0.98)
MADE = ("asked", "turned", "prose", "BEGIN")
SHARE = 0.46
"""Of supported claims in every band of overlap."""
HEAVIEST = 2.5


def balanced(made: Sequence[Pack], rng: random.Random) -> list[Pack]:
    """Made claims left out or weighed until overlap with the passage tells nothing of the label."""
    bands = [[_band(p.evidence, c.text) for c in p.claims] for p in made]
    counts: dict[tuple[str, str, int], list[int]] = defaultdict(lambda: [0, 0])
    for pack, own in zip(made, bands, strict=True):
        for claim, band in zip(pack.claims, own, strict=True):
            counts[_kind(pack), pack.language, band][claim.allowed == SUPPORTED] += 1
    kept = []
    for pack, own in zip(made, bands, strict=True):
        claims = pack.claims
        if kind := _kind(pack):
            weighed = [
                (c, _factor(counts[kind, pack.language, b], c)) for c, b in zip(claims, own, strict=True)
            ]
            claims = tuple(replace(c, weight=c.weight * max(f, 1)) for c, f in weighed if rng.random() < f)
        if claims:
            kept.append(replace(pack, claims=claims))
    return kept


def _kind(pack: Pack) -> str:
    return next((kind for kind in MADE if pack.source.startswith(kind)), "")


def _band(evidence: str, claim: str) -> int:
    said = words(claim)
    share = len(said & words(evidence)) / max(1, len(said))
    return sum(share > edge for edge in BINS)


def _factor(count: Sequence[int], claim: Claim) -> float:
    """How often (below 1) or how much more (above) a claim counts so that its band has `SHARE` supported."""
    right = claim.allowed == SUPPORTED
    now = count[right] / max(1, sum(count))
    return min(HEAVIEST, (SHARE if right else 1 - SHARE) / max(now, 0.02))
