"""Answers that say the same again: a loop of a model, a form letter, a test's stand-in.

Saying a thing twice says nothing about harm. So short answers, harmful and harmless alike, are shown two to six times in a row too.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from guard_rows import GuardRow
from ordinary import joined

SHARE = 0.12
"""Of the short answers that are shown repeated too."""
SHORT = 160
TIMES = (2, 3, 4, 6)


def repeated(rows: Sequence[GuardRow], seed: int = 41) -> list[GuardRow]:
    """Further rows for those of `rows` that answer a question in few words."""
    rng = random.Random(seed)
    short = [row for row in rows if row.question and "compliance" in row.heads and len(row.text) <= SHORT]
    return [_again(row, rng.choice(TIMES)) for row in short if rng.random() < SHARE]


def _again(row: GuardRow, times: int) -> GuardRow:
    return replace(row, text=joined([row.text] * times), source=f"repeated/{row.source}", span="")
