"""A meter for the work done on one text.

Loops whose length an attacker controls report their iterations to the current meter, which may
raise an exception to stop the work. Normalisation is pure and reads no clock: the caller installs
the meter (`threegate.detectors.engine.budget`). Without a meter nothing is counted.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol


class Meter(Protocol):
    def spend(self, units: int = 1) -> None:
        """Counts units of work, each of about a microsecond or more. Raises the owner's exception
        when the limit is reached."""
        ...

    def found(self) -> None:
        """Counts a finding. Raises likewise."""
        ...


class Unmetered:
    def spend(self, units: int = 1) -> None:
        """No limit."""

    def found(self) -> None:
        """No limit."""


METER: ContextVar[Meter] = ContextVar("meter", default=Unmetered())  # noqa: B039


def meter() -> Meter:
    """The current meter of this context."""
    return METER.get()
