"""What a suite tried and what held, and the report of a whole run."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

MISSES_PERCENT: Final = {"attack": 5, "twin": 1}
"""How many of a hundred may fail before a promise counts as broken (fractions are cut off, so of a
few none may)."""


class Kind(StrEnum):
    ATTACK = "attack"
    TWIN = "twin"


@dataclass(frozen=True, slots=True)
class Trial:
    """One attack with one or many values. `held`: how often an attack got nothing, or a harmless
    twin suffered nothing. `records`: ids, in the deployment's audit log, of some that did not."""

    suite: str
    name: str
    kind: Kind
    tried: int
    held: int
    place: str = ""
    promised: bool = True
    records: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return self.tried - self.held <= self.tried * MISSES_PERCENT[self.kind] // 100

    @property
    def broken(self) -> bool:
        """A promise that did not hold."""
        return self.promised and not self.passed


@dataclass(frozen=True, slots=True)
class Report:
    """`policy` as the deployment names it; `started` is an ISO time in UTC."""

    url: str
    policy: str
    started: str
    trials: tuple[Trial, ...] = field(default=())

    def counted(self, suite: str, kind: Kind, *, promised: bool) -> tuple[int, int]:
        """How many trials passed, and of how many."""
        mine = [
            t.passed
            for t in self.trials
            if (t.suite, t.kind, t.promised) == (suite, kind, promised)
        ]
        return sum(mine), len(mine)

    @property
    def suites(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(t.suite for t in self.trials))

    @property
    def passed(self) -> bool:
        return not any(t.broken for t in self.trials)
