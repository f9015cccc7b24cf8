"""A passage and several claims about it, true and false ones side by side, and what making them needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grounding_rows import size, words

SUPPORTED, WRONG, NOT_SAID, DOUBTFUL = (0,), (1,), (2,), (1, 2)
MOST = 9
"""Claims of a pack."""


@dataclass(frozen=True, slots=True)
class Claim:
    text: str
    allowed: tuple[int, ...]
    wrong: tuple[tuple[int, int], ...] | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Pack:
    evidence: str
    claims: tuple[Claim, ...]
    language: str
    source: str


def differing(first: str, second: str) -> tuple[int, int, int]:
    """(common beginning, where the difference ends in `first`, in `second`)."""
    at = 0
    while at < min(len(first), len(second)) and first[at] == second[at]:
        at += 1
    end = 0
    while end < min(len(first), len(second)) - at and first[-1 - end] == second[-1 - end]:
        end += 1
    while at and first[at - 1].isalnum() and first[at - 1].isascii():
        at -= 1
    while end and first[len(first) - end].isalnum() and first[len(first) - end].isascii():
        end -= 1
    return at, len(first) - end, len(second) - end


def changed(original: str, made: str) -> tuple[tuple[int, int], ...]:
    at, _, end = differing(original, made)
    return ((at, max(end, min(at + 1, len(made)))),)


def windows(text: str, anchor: int, parts: Sequence[str], room: int) -> list[int]:
    """Neighbouring sentences around `anchor` of about `room` tokens."""
    kept, left, right = [anchor], anchor - 1, anchor + 1
    used = size(parts[anchor])
    while used < room and (left >= 0 or right < len(parts)):
        for at in (left, right):
            if 0 <= at < len(parts) and used + size(parts[at]) <= room + 20:
                kept.append(at)
            if 0 <= at < len(parts):
                used += size(parts[at])
        left, right = left - 1, right + 1
    return sorted(kept)


def nearest(claim: str, parts: Sequence[str], answer: str = "") -> int:
    wanted = words(claim)
    return max(
        range(len(parts)),
        key=lambda i: (
            len(words(parts[i]) & wanted) / (8 + len(words(parts[i]))) ** 0.3
            + (2.0 if answer and answer in parts[i] else 0)
        ),
    )


def glue(parts: Sequence[str], language: str) -> str:
    return ("" if language == "zh" else " ").join(parts)
