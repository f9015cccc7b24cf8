"""Chinese packs that turn on opposites, as `opposites.py` makes them in English (`opposites_zh.yaml`)."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from opposites import ALIKE, JOINED, PLACE, SIXTH, SOURCE, ways_of
from pack import MOST, NOT_SAID, SUPPORTED, WRONG, Claim, Pack

Ways = tuple[tuple[str, ...], tuple[str, ...]]
ELSEWHERE = 0.3


@cache
def _table() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return loaded


def opposites_zh(count: int, rng: random.Random, *, held: bool) -> list[Pack]:
    lines = [line.split(" | ") for line in _table()["sides"]]
    kept = [line for at, line in enumerate(lines) if (at % SIXTH == SIXTH - 1) == held]
    known = [(ways_of(first), ways_of(second)) for first, second in kept]
    return [_pack(known, rng) for _ in range(count)]


def _pack(known: Sequence[Ways], rng: random.Random) -> Pack:
    """A passage of up to three statements, the second often the first one's about another thing."""
    frame = rng.choice(_table()["frames"])
    facts: list[tuple[Ways, int, dict[str, str]]] = []
    for at in range(len(PLACE.findall(frame))):
        alike = at == 1 and rng.random() < ALIKE
        ways = facts[0][0] if alike else rng.choice(known)
        filled = _filled(ways, [fact[2] for fact in facts], rng)
        side = 1 - facts[0][1] if alike and rng.random() < ALIKE else rng.randrange(2)
        facts.append((ways, side, filled))
    said = [_sentence(_said(ways, side, filled, rng)) for ways, side, filled in facts]
    rng.shuffle(said)
    claims = [claim for fact in facts for claim in _claims(fact, facts, rng)]
    rng.shuffle(claims)
    return Pack(frame.format(*said), tuple(claims[:MOST]), "zh", f"{SOURCE} zh")


def _filled(ways: Ways, before: Sequence[dict[str, str]], rng: random.Random) -> dict[str, str]:
    """No two statements are about the same thing."""
    used = {value for filled in before for value in filled.values()}
    places = dict.fromkeys(place for way in ways[0] + ways[1] for place in PLACE.findall(way))
    return {
        place: rng.choice([name for name in _table()["names"][place] if name not in used]) for place in places
    }


def _claims(
    fact: tuple[Ways, int, dict[str, str]],
    facts: Sequence[tuple[Ways, int, dict[str, str]]],
    rng: random.Random,
) -> Iterator[Claim]:
    ways, side, filled = fact
    right = _said(ways, side, filled, rng)
    yield Claim(_sentence(right), SUPPORTED, ())
    yield Claim(_sentence(_said(ways, 1 - side, filled, rng)), WRONG)
    others = [other for other in facts if other is not fact]
    if others and rng.random() < JOINED:
        second, holds, names = rng.choice(others)
        turned = rng.randrange(2)
        text = f"{right}，{rng.choice(('', '而', '但'))}{_said(second, holds ^ turned, names, rng)}"
        yield Claim(_sentence(text), WRONG if turned else SUPPORTED, None if turned else ())
    if rng.random() < ELSEWHERE:
        first = next(iter(filled))
        known = {other[2].get(first) for other in facts}
        name = rng.choice([value for value in _table()["names"][first] if value not in known])
        yield Claim(
            _sentence(_said(ways, rng.randrange(2), filled | {first: name}, rng)), NOT_SAID, None, 0.7
        )


def _said(ways: Ways, side: int, filled: dict[str, str], rng: random.Random) -> str:
    return PLACE.sub(lambda place: filled[place[1]], rng.choice(ways[side]))


def _sentence(text: str) -> str:
    return text if re.search("[。！？]$", text) else f"{text}。"
