"""Limits unsolicited messages of a server: each is checked and recorded, so an endless stream of
them would fill the audit log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)
PER_MINUTE = 120
MINUTE_S = 60.0


@dataclass(slots=True)
class Unsolicited:
    """Notices, questions and answers to nothing, of one session. `clock` gives seconds."""

    clock: Callable[[], float] = time.monotonic
    _since: float = float("-inf")
    _heard: int = 0

    def admits(self) -> bool:
        """Counts one; False if there were too many within a minute."""
        now = self.clock()
        if now - self._since >= MINUTE_S:
            self._since, self._heard = now, 0
        self._heard += 1
        if self._heard == PER_MINUTE + 1:
            log.warning("the server says too much unasked: the rest of a minute is left out")
        return self._heard <= PER_MINUTE
