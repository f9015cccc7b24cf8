"""A meter for the work that is done on one text.

Loops whose length an attacker chooses report their turns to the meter in force, which may raise
to end the work. Normalisation is pure and knows no clock: whoever calls it installs the meter
(`threegate.detectors.engine.budget`). Without one nothing is counted.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol


class Meter(Protocol):
    def spend(self, units: int = 1) -> None:
        """Counts units of work, each of about a microsecond or more. Raises what its owner
        chooses when too much has been done."""
        ...

    def found(self) -> None:
        """Counts a finding that is kept. Raises likewise."""
        ...


class Unmetered:
    def spend(self, units: int = 1) -> None:
        """No limit."""

    def found(self) -> None:
        """No limit."""


METER: ContextVar[Meter] = ContextVar("meter", default=Unmetered())  # noqa: B039


def meter() -> Meter:
    """The meter in force in this context."""
    return METER.get()
