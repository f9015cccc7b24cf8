"""Packs that turn on opposites, and on which of several things a value belongs to, at everyday register (`opposites.yaml`).

"The library is open on Mondays" and "… is closed on Mondays" share every word but one, and averages hide that a model
takes either for either. Passage and claims choose their sides alike, so that no claim tells its label alone; several
statements of one kind stand side by side, so that what is true of one thing is false of the next.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from asked import FORMS
from pack import DOUBTFUL, MOST, NOT_SAID, SUPPORTED, WRONG, Claim, Pack

PLACE = re.compile(r"\{(\w+)\}")
SIXTH = 6
SOURCE = "opposites"
SHORT = (("is not", "isn't"), ("are not", "aren't"), ("does not", "doesn't"), ("do not", "don't"), ("cannot", "can't"),
         ("must not", "mustn't"), ("was not", "wasn't"), ("has not", "hasn't"), ("need not", "needn't"))  # fmt: skip
LOUD = re.compile(r"\b(not|never|only|no|always|must|without|forbidden|free)\b")
ASKED_FORMS, SHORTENED, LOUDER, LISTED, JOINED, BARE = 0.4, 0.35, 0.12, 0.1, 0.25, 0.2
ALIKE = 0.75
"""Share of the passages whose second statement is the first one's about another thing, on either side."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Ways to say a statement, and ways to say its opposite; what they are about is `{subject}`."""

    domain: str
    ways: tuple[tuple[str, ...], tuple[str, ...]]

    @property
    def places(self) -> list[str]:
        return list(
            dict.fromkeys(place for side in self.ways for way in side for place in PLACE.findall(way))
        )


@dataclass(frozen=True, slots=True)
class Said:
    """A statement of the passage: `side` with its places filled."""

    sides: Sides
    side: int
    filled: dict[str, str]

    def written(self, side: int, rng: random.Random) -> str:
        return _filled(rng.choice(self.sides.ways[side]), self.filled)


@cache
def table() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return loaded


def opposites(count: int, rng: random.Random, *, held: bool) -> list[Pack]:
    """Half of them of statements and their opposites, half of several things and their values."""
    sides, things = _kept(_sides(), held), _kept(table()["things"], held)
    made = (_turned(rng, sides, held) if at % 2 else _mixed(rng, things) for at in range(count))
    return [pack for pack in made if pack.claims]


def _kept(entries: Sequence[Any], held: bool) -> list[Any]:
    return [entry for at, entry in enumerate(entries) if (at % SIXTH == SIXTH - 1) == held]


@cache
def _sides() -> tuple[Sides, ...]:
    return tuple(
        Sides(domain, (ways_of(line.split(" | ")[0]), ways_of(line.split(" | ")[1])))
        for domain, lines in table()["sides"].items()
        for line in lines
    )


def ways_of(text: str) -> tuple[str, ...]:
    return tuple(text.split(" / "))


def _frames(domain: str, held: bool) -> list[str]:
    found: list[str] = table()["frames"][domain]
    return [found[-1]] if held else found[:-1]


def _framed(domain: str, rng: random.Random, held: bool) -> str:
    """Now and then nothing around the statement."""
    return "{0}" if rng.random() < BARE else rng.choice(_frames(domain, held))


def _turned(rng: random.Random, sides: Sequence[Sides], held: bool) -> Pack:
    """A passage of up to three statements, and each of them right, turned round and of another thing."""
    first = rng.choice(sides)
    frame = _framed(first.domain, rng, held)
    near = [s for s in sides if s.domain == first.domain and s != first] or list(sides)
    chosen = [first]
    while len(chosen) < len(PLACE.findall(frame)):
        chosen.append(first if len(chosen) == 1 and rng.random() < ALIKE else rng.choice(near))
    facts = _distinct(chosen, rng)
    order = rng.sample(facts, len(facts))
    evidence = frame.format(*(_sentence(_styled(fact.written(fact.side, rng), rng)) for fact in order))
    claims = [claim for fact in facts for claim in _claims_of(fact, facts, rng)]
    return _packed(evidence, claims, rng)


def _distinct(chosen: Sequence[Sides], rng: random.Random) -> list[Said]:
    """Facts whose things are all different, so that no statement is contradicted by the next."""
    used: set[str] = set()
    facts = []
    for sides in chosen:
        filled = {name: rng.choice(table()["names"][name]) for name in sides.places}
        first = sides.places[0]
        filled[first] = rng.choice([n for n in table()["names"][first] if n not in used])
        used.add(filled[first])
        facts.append(Said(sides, rng.randrange(2), filled))
    if len(facts) > 1 and facts[0].sides == facts[1].sides and rng.random() < ALIKE:
        first = facts[0].sides.places[0]
        facts[1] = Said(facts[1].sides, 1 - facts[0].side, facts[0].filled | {first: facts[1].filled[first]})
    return facts


def _claims_of(fact: Said, facts: Sequence[Said], rng: random.Random) -> Iterator[Claim]:
    right = fact.written(fact.side, rng)
    yield _claim(right, SUPPORTED, rng)
    yield _claim(fact.written(1 - fact.side, rng), WRONG, rng)
    if len(facts) > 1 and rng.random() < JOINED:
        yield from _joined(right, rng.choice([f for f in facts if f != fact]), rng)
    yield from _elsewhere(fact, facts, rng)


def _joined(right: str, other: Said, rng: random.Random) -> Iterator[Claim]:
    """Two statements in one claim, the second right or turned round."""
    turned = rng.randrange(2)
    link = rng.choice((", and ", ", while ", ", but ", "; "))
    text = f"{right}{link}{other.written(other.side ^ turned, rng)}"
    yield _claim(text, WRONG if turned else SUPPORTED, rng)


def _elsewhere(fact: Said, facts: Sequence[Said], rng: random.Random) -> Iterator[Claim]:
    """The same said of something that the passage does not speak of in that way."""
    name = rng.choice(fact.sides.places)
    known = {f.filled.get(name) for f in facts}
    others = [value for value in table()["names"][name] if value not in known]
    if rng.random() < 0.3:
        moved = Said(fact.sides, fact.side, fact.filled | {name: rng.choice(others)})
        allowed = NOT_SAID if name == fact.sides.places[0] else DOUBTFUL
        yield _claim(moved.written(rng.randrange(2), rng), allowed, rng, 0.7)


def _mixed(rng: random.Random, things: Sequence[Any]) -> Pack:
    """Two to four things with a value each, and every value said of every thing."""
    kind, *ways, question, values = rng.choice(things)
    count = rng.choice((2, 3, 3, 4))
    names = rng.sample(table()["names"][kind], count)
    given = rng.sample(values, count)
    evidence = _told(list(zip(names, given, strict=True)), ways, rng)
    claims = []
    for name, right in zip(names, given, strict=True):
        wrong = rng.choice([value for value in given if value != right])
        claims.append(_valued(name, right, ways, question, SUPPORTED, rng))
        claims.append(_valued(name, wrong, ways, question, WRONG, rng))
    return _packed(evidence, claims, rng)


def _told(pairs: Sequence[tuple[str, str]], ways: Sequence[str], rng: random.Random) -> str:
    asked = rng.random()
    if asked < LISTED:
        rows = "; ".join(f"{name}: {value}" for name, value in pairs)
        return _sentence(rng.choice(table()["lists"]).format(rows=rows), "")
    said = [rng.choice(ways).format(s=name, v=value) for name, value in pairs]
    if asked < 0.5:
        link = rng.choice((", while ", ", and ", "; ", ", but "))
        return _sentence(f"{said[0]}{link}{said[1]}") + "".join(f" {_sentence(s)}" for s in said[2:])
    return " ".join(map(_sentence, said))


def _valued(name: str, value: str, ways: Sequence[str], question: str, allowed: tuple[int, ...], rng: random.Random) -> Claim:  # fmt: skip
    form = rng.choice(ways).replace("{s}", name).replace("{v}", "{a}")
    if rng.random() < ASKED_FORMS:
        form = rng.choice(FORMS["en"]).replace("{q}", question.replace("{s}", name))
    at = form.index("{a}")
    text = _sentence(form.replace("{a}", value))
    return Claim(text, allowed, () if allowed == SUPPORTED else ((at, at + len(value)),))


def _claim(text: str, allowed: tuple[int, ...], rng: random.Random, weight: float = 1.0) -> Claim:
    return Claim(_sentence(_styled(text, rng)), allowed, () if allowed == SUPPORTED else None, weight)


def _styled(text: str, rng: random.Random) -> str:
    """Now and then contracted, or with its telling words in capitals."""
    if rng.random() < SHORTENED:
        for long, short in SHORT:
            text = text.replace(long, short)
    if rng.random() < LOUDER:
        text = LOUD.sub(lambda found: found[0].upper(), text)
    return text


def _filled(way: str, filled: dict[str, str]) -> str:
    return PLACE.sub(lambda place: filled[place[1]], way)


def _sentence(text: str, end: str = ".") -> str:
    closed = text if text.endswith((".", "?", "!")) else text + end
    return closed[:1].upper() + closed[1:]


def _packed(evidence: str, claims: list[Claim], rng: random.Random) -> Pack:
    rng.shuffle(claims)
    return Pack(evidence, tuple(claims[:MOST]), "en", SOURCE)
