"""What labels say about one rule, level by level: its precision, and what another level would have
done on the calls that people judged. Pure. Only hits are recorded, so the effect of a lower level
than the current one cannot be computed from labels; a replay of a draft shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from threegate.types import Level

Z95 = 1.959964
"""Quantile of the normal distribution for a 95 % interval."""
ENOUGH = 10
"""The fewest judged calls from which a level is proposed."""


@dataclass(frozen=True, slots=True)
class JudgedHit:
    """A call on which reviewers agree: whether the rule was right, and the level of its most
    certain finding."""

    request: str
    correct: bool
    level: Level


@dataclass(frozen=True, slots=True)
class Share:
    """The share `part`/`whole` with its 95 % Wilson interval, which also holds for few calls and
    for shares of 0 and 1 (Wilson, JASA 22, 1927). None if `whole` is 0."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        n, z = self.whole, Z95
        if not n:
            return None
        p = self.part / n
        middle = p + z * z / (2 * n)
        half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        scale = 1 + z * z / n
        return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


@dataclass(frozen=True, slots=True)
class LevelFigures:
    """`here`: precision of the hits with exactly this level. The other figures: if the rule acted
    from this level on."""

    level: Level
    here: Share
    kept: Share
    avoided: int  # false positives that would not have occurred
    lost: int  # correct hits that would have been lost

    @property
    def gain(self) -> int:
        """How many more of the judged decisions would have been right."""
        return self.avoided - self.lost


def judged_hits(verdicts: Mapping[str, str | None], levels: Mapping[str, Level]) -> list[JudgedHit]:
    """Verdict by request (None: disputed), with the level of the rule's most certain finding."""
    return [
        JudgedHit(request, verdict == "correct", levels[request])
        for request, verdict in verdicts.items()
        if verdict in ("correct", "false_positive") and request in levels
    ]


def level_in(event: Mapping[str, Any], rule: str) -> Level | None:
    """The level of the rule's most certain finding in a record; None without one."""
    found = [
        Level[r["level"].upper()]
        for d in event.get("decisions", ())
        for r in d["ruled"]
        if r["rule"] == rule and "level" in r
    ]
    return max(found, default=None)


def by_level(judged: Sequence[JudgedHit]) -> tuple[LevelFigures, ...]:
    return tuple(_figures(level, judged) for level in Level)


def _figures(level: Level, judged: Sequence[JudgedHit]) -> LevelFigures:
    kept = [j for j in judged if j.level >= level]
    gone = [j for j in judged if j.level < level]
    avoided = sum(not j.correct for j in gone)
    here = _share(j for j in judged if j.level == level)
    return LevelFigures(level, here, _share(kept), avoided, len(gone) - avoided)


def _share(judged: Iterable[JudgedHit]) -> Share:
    every = list(judged)
    return Share(sum(j.correct for j in every), len(every))


def better_level(figures: Sequence[LevelFigures], current: Level) -> Level | None:
    """The level above `current` with which the most judged decisions would have been right, if that
    is better than now and enough calls were judged."""
    if max(f.kept.whole for f in figures) < ENOUGH:
        return None
    above = [f for f in figures if f.level > current and f.gain > 0]
    return max(above, key=lambda f: f.gain).level if above else None
