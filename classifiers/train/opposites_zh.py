"""Chinese packs that turn on opposites, and on which of several things a value belongs to, as `opposites.py` and
`opposite_words.py` make them in English (`opposites_zh.yaml`)."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from asked import FORMS
from opposites import ALIKE, ASKED_FORMS, JOINED, LISTED, PLACE, SIXTH, SOURCE, ways_of
from pack import MOST, NOT_SAID, SUPPORTED, WRONG, Claim, Pack

Ways = tuple[tuple[str, ...], tuple[str, ...]]
ELSEWHERE, FRAMED = 0.3, 0.5
SHORT = ("{0}", "{1}", "{2}")


@cache
def _table() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return loaded


def opposites_zh(count: int, rng: random.Random, *, held: bool) -> list[Pack]:
    known = _kept([_both(line) for line in _table()["sides"]], held)
    return [_pack(known, rng.choice(_table()["frames"]), rng) for _ in range(count)]


def words_zh(count: int, rng: random.Random, *, held: bool) -> list[Pack]:
    """One to three short sentences."""
    known = _kept(
        [_both(line, f"{{{kind}}}") for kind, lines in _table()["short"].items() for line in lines], held
    )
    return [_pack(known, "".join(SHORT[: rng.randint(1, 3)]), rng) for _ in range(count)]


def things_zh(count: int, rng: random.Random, *, held: bool) -> list[Pack]:
    known = _kept(_table()["things"], held)
    return [_mixed(rng.choice(known), rng) for _ in range(count)]


def _kept(entries: Sequence[Any], held: bool) -> list[Any]:
    return [entry for at, entry in enumerate(entries) if (at % SIXTH == SIXTH - 1) == held]


def _both(line: str, before: str = "") -> Ways:
    first, second = (tuple(f"{before}{way}" for way in ways_of(side)) for side in line.split(" | "))
    return first, second


def _mixed(thing: Sequence[Any], rng: random.Random) -> Pack:
    """Two to four things with a value each; of every thing its own value and another's."""
    kind, *ways, question, values = thing
    count = min(rng.choice((2, 3, 3, 4)), len(values))
    pairs = list(zip(rng.sample(_table()["names"][kind], count), rng.sample(values, count), strict=True))
    claims = []
    for name, right in pairs:
        wrong = rng.choice([value for _, value in pairs if value != right])
        claims += [
            _valued(name, right, ways, question, SUPPORTED, rng),
            _valued(name, wrong, ways, question, WRONG, rng),
        ]
    rng.shuffle(claims)
    return Pack(_given(pairs, ways, rng), tuple(claims[:MOST]), "zh", f"{SOURCE} zh things")


def _given(pairs: Sequence[tuple[str, str]], ways: Sequence[str], rng: random.Random) -> str:
    how = rng.random()
    if how < LISTED:
        rows = "；".join(f"{name}：{value}" for name, value in pairs)
        return _sentence(rng.choice(_table()["lists"]).format(rows=rows))
    said = [rng.choice(ways).format(s=name, v=value) for name, value in pairs]
    frames = [f for f in _table()["frames"] if len(PLACE.findall(f)) == len(said)]
    if how < FRAMED and frames:
        return str(rng.choice(frames)).format(*map(_sentence, said))
    return _sentence(rng.choice(("，", "；", "。", "，而")).join(said))


def _valued(name: str, value: str, ways: Sequence[str], question: str, allowed: tuple[int, ...], rng: random.Random) -> Claim:  # fmt: skip
    form = rng.choice(ways).replace("{s}", name).replace("{v}", "{a}")
    if rng.random() < ASKED_FORMS:
        form = rng.choice(FORMS["zh"]).replace("{q}", question.replace("{s}", name))
    at = form.index("{a}")
    return Claim(
        _sentence(form.replace("{a}", value)),
        allowed,
        () if allowed == SUPPORTED else ((at, at + len(value)),),
    )


def _pack(known: Sequence[Ways], frame: str, rng: random.Random) -> Pack:
    """A passage of up to three statements, the second often the first one's about another thing."""
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
