"""When reading from upstream pauses and resumes. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from threegate.guard.stream.events import Command, Pause, Resume

HIGH_WATER, LOW_WATER = 64 * 1024, 16 * 1024
"""Held code points at which reading from upstream pauses and resumes."""


@dataclass(slots=True)
class BackPressure:
    paused: bool = field(default=False, init=False)

    def commands(self, held: int) -> list[Command]:
        """The command to the reader now that this many code points are held."""
        if not self.paused and held > HIGH_WATER:
            self.paused = True
            return [Pause()]
        if self.paused and held < LOW_WATER:
            self.paused = False
            return [Resume()]
        return []
