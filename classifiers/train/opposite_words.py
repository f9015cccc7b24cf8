"""Packs of short sentences that turn on one word and its opposite (`short` in `opposites.yaml`)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from opposites import SIXTH, SOURCE, table, ways_of
from pack import MOST, NOT_SAID, SUPPORTED, WRONG, Claim, Pack

WITH_TIME, OTHER, DENIED = 0.5, 0.2, 0.35


@dataclass(frozen=True, slots=True)
class Opposed:
    """Ways to say something of a `kind` of subject, and of its opposite; `verb` is "is" or nothing."""

    kind: str
    verb: str
    ways: tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Fact:
    opposed: Opposed
    side: int
    subject: str
    when: str

    def written(self, side: int, rng: random.Random, *, denied: bool = False) -> str:
        said = rng.choice(self.opposed.ways[side])
        verb = f"{self.opposed.verb} not " if denied else self.opposed.verb and f"{self.opposed.verb} "
        text = f"{self.subject} {verb}{said}"
        if not self.when:
            return text
        return f"{self.when}, {text}" if rng.random() < 0.5 else f"{text} {self.when}"


def words(count: int, rng: random.Random, *, held: bool) -> list[Pack]:
    known = [o for at, o in enumerate(_opposed()) if (at % SIXTH == SIXTH - 1) == held]
    return [_pack(known, rng) for _ in range(count)]


@cache
def _opposed() -> tuple[Opposed, ...]:
    found: dict[str, Any] = table()["short"]
    return tuple(
        Opposed(kind, verb, (ways_of(line.split(" | ")[0]), ways_of(line.split(" | ")[1])))
        for name, verb in (("adjectives", "is"), ("verbs", ""))
        for kind, lines in found[name].items()
        for line in lines
    )


def _pack(known: Sequence[Opposed], rng: random.Random) -> Pack:
    """One to three sentences, of things that are all different."""
    facts: list[Fact] = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        opposed = rng.choice(known)
        used = {fact.subject for fact in facts}
        subject = rng.choice([s for s in table()["short"][opposed.kind] if s not in used])
        when = rng.choice(table()["short"]["when"]) if rng.random() < WITH_TIME else ""
        facts.append(Fact(opposed, rng.randrange(2), subject, when))
    evidence = " ".join(_sentence(fact.written(fact.side, rng)) for fact in facts)
    claims = [claim for fact in facts for claim in _claims(fact, rng)]
    rng.shuffle(claims)
    return Pack(evidence, tuple(claims[:MOST]), "en", f"{SOURCE} words")


def _claims(fact: Fact, rng: random.Random) -> Iterator[Claim]:
    yield Claim(_sentence(fact.written(fact.side, rng)), SUPPORTED, ())
    yield Claim(_sentence(fact.written(1 - fact.side, rng)), WRONG)
    yield from (_denied(fact, rng) if fact.opposed.verb and rng.random() < DENIED else ())
    if rng.random() < OTHER:
        subject = rng.choice([s for s in table()["short"][fact.opposed.kind] if s != fact.subject])
        other = Fact(fact.opposed, fact.side, subject, fact.when)
        yield Claim(_sentence(other.written(rng.randrange(2), rng)), NOT_SAID, None, 0.6)


def _denied(fact: Fact, rng: random.Random) -> Iterator[Claim]:
    """What holds is denied, and what does not hold."""
    plain = [all(not way.startswith("not ") for way in side) for side in fact.opposed.ways]
    if all(plain):
        yield Claim(_sentence(fact.written(fact.side, rng, denied=True)), WRONG)
        yield Claim(_sentence(fact.written(1 - fact.side, rng, denied=True)), SUPPORTED, ())


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
