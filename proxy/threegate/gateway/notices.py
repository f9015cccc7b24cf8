"""Notices of exceptional states of the active policy, such as a stopped rule, in every answer and
on every console page.

The header does not name the rule, so an attacker learns nothing from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from threegate.gateway.access.rule_trips import Bands
from threegate.gateway.telemetry.expiry import Ending
from threegate.policy.lifecycle.machine import Activation
from threegate.policy.model import CompiledPolicy

HEADER = "x-threegate-notice"
EMERGENCY = "emergency-policy"
STOPPED = "rule-stopped"


@dataclass(slots=True)
class Notices:
    """The notices of one process; `emergency` is the last state read from the database. `ends`:
    keys and certificates that expire soon, shown only on the console's first page."""

    bands: Bands
    emergency: Activation | None = None
    ends: tuple[Ending, ...] = ()

    def headers(self, policy: CompiledPolicy) -> dict[str, str]:
        words = ", ".join(self._words(policy))
        return {HEADER: words} if words else {}

    def _words(self, policy: CompiledPolicy) -> Iterator[str]:
        if self.emergency:
            yield EMERGENCY
        if self.bands.stopped(policy):
            yield STOPPED
