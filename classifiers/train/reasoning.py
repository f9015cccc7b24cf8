"""Answers behind a model's reasoning: R1 thinks aloud, and the guard reads what stands beside an answer with it.

A thought ("the user might be a beginner, so …") says nothing about whether an answer is harmful. So the same thoughts, written
for this (`data/reasoning.jsonl`), stand before harmful and harmless answers alike, in either language, and alone behind harmless questions.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

from guard_rows import GuardRow
from ordinary import ANSWER, joined
from rows import OWN, is_dev, read_rows

SHARE = 0.25
"""Of the answers that are shown behind thoughts too."""
ALONE = 0.3
"""Of the harmless ones of these whose thoughts are shown alone as well."""
SAME_LANGUAGE = 0.6


def reasoned(rows: Sequence[GuardRow], seed: int = 37) -> list[GuardRow]:
    """Further rows for those of `rows` that answer a question. Thoughts lie on one side of the split as their rows do."""
    rng = random.Random(seed)
    answers = [row for row in rows if row.question and "compliance" in row.heads]
    return [made for row in answers if rng.random() < SHARE for made in _behind(row, rng)]


def _behind(row: GuardRow, rng: random.Random) -> Iterator[GuardRow]:
    other = {"zh": "en", "en": "zh"}[row.language]
    language = row.language if rng.random() < SAME_LANGUAGE else other
    thoughts = joined(rng.sample(_thoughts(language, dev=is_dev(row.group)), rng.choice([1, 2, 3])))
    yield replace(row, text=f"{thoughts}\n{row.text}", source=f"reasoned/{row.source}", span="")
    if not row.heads["compliance"] and rng.random() < ALONE:
        yield replace(row, text=thoughts, heads=ANSWER, source=f"reasoned/alone/{row.source}", span="")


@cache
def _thoughts(language: str, *, dev: bool) -> list[str]:
    return [
        row["text"]
        for row in read_rows(OWN / "reasoning.jsonl")
        if row["language"] == language and is_dev(row["id"]) == dev
    ]
