"""The encoding suite: values and instructions in every disguise, in every place of a call.

Promised is what `docs/limits.md` promises: requests and whole answers are read in all views,
streams in those that keep the length of the text, instructions where rules look for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from threegate.testing.attacks.deployment import PLACES, Deployment, Judged, Place, Way
from threegate.testing.attacks.transforms import INVISIBLE, KEEP_LENGTH, TRANSFORMS, WORDINGS
from threegate.testing.attacks.trials import Kind, Trial
from threegate.testing.attacks.values import LOOK_ALIKES, Seed, orders, twins, values

SUITE: Final = "encoding"
PLAIN: Final = "plain"
LOOK_ALIKE: Final = "look-alike"
ORDERED: Final = frozenset(("user", "tool"))
"""Roles in whose texts instructions are looked for."""
BATCH: Final = 40
KEPT_RECORDS: Final = 3
_LEFT: Final = 2  # the part of a disguise that must not be left over: a half


@dataclass(frozen=True, slots=True)
class Attempt:
    """A text with something in disguise; `name` of the trial that it belongs to."""

    name: str
    text: str
    hidden: str
    held: Callable[[Attempt, Judged], bool]


def trials(deployment: Deployment, count: int, seed: int) -> Iterator[Trial]:
    """`count` values, and as many instructions and harmless texts, for each transform and place."""
    for place in PLACES:
        promised = frozenset(_promised(place))
        yield from _tried(deployment, place, Kind.ATTACK, _disguised(values(count, seed)), promised)
        if place.way is Way.REQUEST and place.channel in ORDERED:
            instructions = list(_disguised(orders(count, seed), "instruction: "))
            everything = frozenset(a.name for a in instructions)
            yield from _tried(deployment, place, Kind.ATTACK, instructions, everything)
        visible = (a for a in _disguised(twins(count, seed)) if a.name not in INVISIBLE)
        harmless = [*visible, *_look_alikes()]
        all_names = frozenset(a.name for a in harmless)
        yield from _tried(deployment, place, Kind.TWIN, harmless, all_names)


def _promised(place: Place) -> Iterator[str]:
    """Names of the transforms that are undone for values in a place."""
    yield PLAIN
    for name in TRANSFORMS:
        if name not in WORDINGS and (place.way is not Way.STREAM or name in KEEP_LENGTH):
            yield name


def _disguised(seeds: Sequence[Seed], prefix: str = "") -> Iterator[Attempt]:
    for seed in seeds:
        held = _HELD[seed.kind.partition(".")[0]]
        yield Attempt(prefix + PLAIN, seed.frame.format(seed.hidden), seed.hidden, held)
        for name, transform in TRANSFORMS.items():
            disguise = transform(seed.hidden)
            if disguise is not None and disguise != seed.hidden:
                yield Attempt(prefix + name, seed.frame.format(disguise), disguise, held)


def _look_alikes() -> Iterator[Attempt]:
    for text in LOOK_ALIKES:
        yield Attempt(LOOK_ALIKE, text, text, _unchanged)


def _gone(attempt: Attempt, judged: Judged) -> bool:
    """Less than half of the disguise in a row goes on."""
    if judged.text is None:
        return True
    size = max(len(attempt.hidden) // _LEFT, 1)
    starts = range(len(attempt.hidden) - size + 1)
    return not any(attempt.hidden[at : at + size] in judged.text for at in starts)


def _found(_: Attempt, judged: Judged) -> bool:
    return judged.text is None or any(kind.startswith("injection") for kind in judged.kinds)


def _unchanged(attempt: Attempt, judged: Judged) -> bool:
    return judged.text == attempt.text


_HELD: Final = {"pii": _gone, "injection": _found, "": _unchanged}


def _tried(
    deployment: Deployment,
    place: Place,
    kind: Kind,
    attempts: Iterator[Attempt] | Sequence[Attempt],
    promised: frozenset[str],
) -> Iterator[Trial]:
    """One trial for each name among the attempts."""
    made: dict[str, list[tuple[bool, str]]] = {}
    for attempt, judged in _judged(deployment, place, list(attempts)):
        result = attempt.held(attempt, judged), judged.record
        made.setdefault(attempt.name, []).append(result)
    for name, results in made.items():
        failed = [record for held, record in results if not held]
        yield Trial(
            SUITE,
            name,
            kind,
            tried=len(results),
            held=len(results) - len(failed),
            place=place.name,
            promised=name in promised,
            records=tuple(dict.fromkeys(failed))[:KEPT_RECORDS],
        )


def _judged(
    deployment: Deployment, place: Place, attempts: Sequence[Attempt]
) -> Iterator[tuple[Attempt, Judged]]:
    for at in range(0, len(attempts), BATCH):
        some = attempts[at : at + BATCH]
        yield from zip(some, deployment.judged(place, [a.text for a in some]), strict=True)
