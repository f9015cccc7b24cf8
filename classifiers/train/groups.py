"""Generated sentences about groups of people: mentions, questions, news, quotation and objection beside contempt, for every group alike.

What a group is called must not tell: each of them stands in every kind of sentence, and sentences change their casing and
full stop so that a post's looks tell neither.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml

from guard_rows import GuardRow

EACH = {"kind": 500, "against": 300, "mean": 600}
"""Rows of each sort and language."""
POST = {"direct": 0, "indirect": 0}
HEADS = {
    "kind": POST | {"offensive": 0, "hazard": 0},
    "against": POST | {"offensive": 0, "hazard": 0},
    "mean": POST | {"offensive": 1},
}


@cache
def _blocks() -> dict[str, list[str]]:
    loaded: dict[str, list[str]] = yaml.safe_load(
        Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    )
    return loaded


def grouped(seed: int = 83) -> list[GuardRow]:
    """All of them; deterministic in `seed`. A sentence lies on one side of the split with all its groups."""
    rng = random.Random(seed)
    return [row for language in ("zh", "en") for sort in EACH for row in _rows(sort, language, rng)]


def _rows(sort: str, language: str, rng: random.Random) -> Iterator[GuardRow]:
    sentences, groups = _blocks()[f"{sort}_{language}"], _blocks()[f"groups_{language}"]
    for number in range(EACH[sort]):
        at = number % len(sentences)
        text = _dressed(sentences[at].replace("{g}", rng.choice(groups)), language, rng)
        yield GuardRow(
            text, HEADS[sort], f"group-sentence-{sort}-{language}-{at}", "generated/group", language
        )


def _dressed(text: str, language: str, rng: random.Random) -> str:
    """As somebody might have typed it."""
    text = text[:1].upper() + text[1:]
    if rng.random() < 0.35:
        text = text.lower()
    if rng.random() < 0.3:
        text = text.rstrip(".。")
    elif text[-1].isalnum():
        text += "。" if language == "zh" else rng.choice((".", "", "!"))
    return text
