"""Packs of own passages that name several things of one kind, each with its own subject (`data/bindings_*.jsonl`).

Every claim takes all its words from the passage; what decides is whether the named thing belongs to the subject asked for.
A pass puts the named things into other places of the passage, so that the same claim is true in one pack and false in
another: neither the claim nor its overlap with the passage tells the label.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from asked import FORMS
from pack import MOST, SUPPORTED, WRONG, Claim, Pack
from rows import OWN, is_dev, read_rows

SLOT = re.compile(r"\[([^\]]+)\]")
AS_WRITTEN = 0.3
"""Share of the packs whose passage says what its author wrote."""
ASKED_FORMS = 0.45
"""Share of the claims that are a question and its answer."""
RENUMBERED = 0.5
"""Share of the packs with numbers changed everywhere alike."""
FALSE = 0.52


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that is asked for: a statement with `{}`, a question, the place of its answer."""

    statement: str
    question: str
    place: int


@dataclass(frozen=True, slots=True)
class Passage:
    name: str
    language: str
    text: str
    asked: tuple[Asked, ...]

    @property
    def values(self) -> list[str]:
        return SLOT.findall(self.text)


def passages(held: bool) -> Iterator[Passage]:
    """Those of one side of the development split."""
    for row in chain.from_iterable(read_rows(path) for path in sorted(OWN.glob("bindings_*.jsonl"))):
        if is_dev(row["id"]) == held:
            yield Passage(
                row["id"], row["language"], row["text"], tuple(Asked(*each) for each in row["asked"])
            )


def packs(found: Sequence[Passage], times: int, rng: random.Random) -> list[Pack]:
    return [_pack(passage, rng) for _ in range(times) for passage in found]


def _pack(passage: Passage, rng: random.Random) -> Pack:
    values = _placed(passage.values, rng)
    if rng.random() < RENUMBERED:
        values = _renumbered(values, rng)
    fill = iter(values)
    evidence = SLOT.sub(lambda _: next(fill), passage.text)
    claims = [claim for asked in passage.asked for claim in _claims(passage, asked, values, rng)]
    rng.shuffle(claims)
    return Pack(_sentence(evidence), tuple(claims[:MOST]), passage.language, "authored28/bindings")


def _claims(passage: Passage, asked: Asked, values: Sequence[str], rng: random.Random) -> Iterator[Claim]:
    right = values[asked.place]
    wrong = [value for value in values if value not in right and right not in value]
    for value, allowed in ((right, SUPPORTED), *((value, WRONG) for value in wrong)):
        if allowed == SUPPORTED or rng.random() < FALSE:
            yield _said(passage.language, asked, value, allowed, rng)


def _said(language: str, asked: Asked, value: str, allowed: tuple[int, ...], rng: random.Random) -> Claim:
    form = asked.statement.replace("{}", "{a}")
    if rng.random() < ASKED_FORMS:
        form = rng.choice(FORMS[language]).replace("{q}", asked.question)
    at = form.index("{a}")
    span = (at, at + len(value))
    text = form.replace("{a}", value)
    return Claim(_sentence(text), allowed, () if allowed == SUPPORTED else (span,))


def _placed(values: list[str], rng: random.Random) -> list[str]:
    return values if rng.random() < AS_WRITTEN else rng.sample(values, len(values))


def _renumbered(values: Sequence[str], rng: random.Random) -> list[str]:
    """Other digits, as many as before and none of them leading with zero, all values still different."""
    made = [re.sub(r"[1-9]", lambda _: str(rng.randint(1, 9)), value) for value in values]
    real = not any(re.search(r"[1-9]\d:|\d月|年|19\d\d|20\d\d", value) for value in values)
    return made if real and len(set(made)) == len(made) else list(values)


def _sentence(text: str) -> str:
    """With a capital at its beginning."""
    return text[:1].upper() + text[1:]
