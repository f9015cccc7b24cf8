"""What labels say about one rule, level by level: how precise it is, and what another level would
have done on the calls that people judged. Pure.

Only hits are recorded, so a level below the one a call was judged at cannot be computed from
labels: a replay of a draft shows that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from threegate.types import Level

Z95 = 1.959964
"""Quantile of the normal distribution for an interval of 95 %."""
ENOUGH = 10
"""Judged calls below which no level is proposed."""


@dataclass(frozen=True, slots=True)
class JudgedHit:
    """A call on which reviewers agree: was the rule right, and the level of its surest finding."""

    request: str
    correct: bool
    level: Level


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole` with its Wilson interval of 95 %, which also holds for few calls and for
    shares of 0 and 1 (Wilson, JASA 22, 1927). None of a whole of nothing."""

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
    """`here`: precision of the hits that have exactly this level. The rest: if the rule began at
    it."""

    level: Level
    here: Share
    kept: Share
    avoided: int  # false positives that would not have been
    lost: int  # correct hits that would not have been

    @property
    def gain(self) -> int:
        """How many more of the judged decisions would have been right."""
        return self.avoided - self.lost


def judged_hits(verdicts: Mapping[str, str | None], levels: Mapping[str, Level]) -> list[JudgedHit]:
    """Verdict by request (None: disputed) and the level of the rule's surest finding there."""
    return [
        JudgedHit(request, verdict == "correct", levels[request])
        for request, verdict in verdicts.items()
        if verdict in ("correct", "false_positive") and request in levels
    ]


def level_in(event: Mapping[str, Any], rule: str) -> Level | None:
    """The level of the rule's surest finding in a record; None without one."""
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
    """The level above `current` with which most of the judged decisions would have been right, if
    that is more than now and enough calls were judged."""
    if max(f.kept.whole for f in figures) < ENOUGH:
        return None
    above = [f for f in figures if f.level > current and f.gain > 0]
    return max(above, key=lambda f: f.gain).level if above else None
