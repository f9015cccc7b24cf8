"""How often a rule acts, compared with its band; counts of one process until they are written.

A rule that acts on more calls than its band allows is stopped: it continues as if in shadow, on
every worker, until somebody resumes it or another policy becomes active. A rule that acts on fewer
is only reported; in shadow it would act on none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from threegate.policy.model import Band


class BandSide(StrEnum):
    """On which side a share left its band."""

    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class Count:
    """Calls that a rule judged, and those in which it acted."""

    calls: int = 0
    acted: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.calls + other.calls, self.acted + other.acted)

    @property
    def percent(self) -> float:
        return 100 * self.acted / self.calls if self.calls else 0.0


@dataclass(frozen=True, slots=True, order=True)
class BandMinute:
    """One rule of one policy in one minute since the epoch."""

    policy: str
    rule: str
    number: int


@dataclass(frozen=True, slots=True)
class BandExit:
    """A rule that left its band. `policy` is the digest of the compiled policy it belongs to."""

    policy: str
    rule: str
    side: BandSide
    count: Count
    at: str


def side_of(band: Band, count: Count) -> BandSide | None:
    """None while the share is inside, or while there are too few calls to judge."""
    if count.calls < band.calls:
        return None
    if count.percent > band.max:
        return BandSide.ABOVE
    return BandSide.BELOW if count.percent < band.min else None


@dataclass(slots=True)
class Tally:
    """Counts since they were last taken. Belongs to one thread."""

    _counts: dict[BandMinute, Count] = field(default_factory=dict)

    def add(self, policy: str, rules: Iterable[tuple[str, bool]], minute: int) -> None:
        """Counts one call: each rule that judged it, and whether it acted."""
        for rule, acted in rules:
            key = BandMinute(policy, rule, minute)
            self._counts[key] = self._counts.get(key, Count()) + Count(1, int(acted))

    def take(self) -> Mapping[BandMinute, Count]:
        taken, self._counts = self._counts, {}
        return taken

    def put_back(self, taken: Mapping[BandMinute, Count]) -> None:
        for key, count in taken.items():
            self._counts[key] = self._counts.get(key, Count()) + count
