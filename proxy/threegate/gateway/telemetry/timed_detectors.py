"""Wraps sentence detectors so that their time is reported, whether they answer, fail or are
cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from threegate.detectors.base import ChecksPrefixes, DetectorInfo, SentenceDetector, wanting
from threegate.types import Failed, Finding, Passage


@dataclass(slots=True)
class Timed:
    detector: SentenceDetector
    observe: Callable[[str, float], None]  # its id, seconds
    _growing: ChecksPrefixes | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Computed once: the check takes 20 µs (Python 3.11), and steps of streams are frequent."""
        self._growing = self.detector if isinstance(self.detector, ChecksPrefixes) else None

    @property
    def info(self) -> DetectorInfo:
        return self.detector.info

    def wanting(self, kinds: frozenset[str]) -> Timed:
        return Timed(wanting(self.detector, kinds), self.observe)

    @property
    def checks_prefixes(self) -> bool:
        return self._growing is not None and self._growing.checks_prefixes

    async def clear(self, passages: Sequence[Passage]) -> list[bool]:
        if self._growing is None:
            return [False] * len(passages)
        started = time.perf_counter()
        try:
            return await self._growing.clear(passages)
        finally:
            self.observe(self.info.id, time.perf_counter() - started)

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        started = time.perf_counter()
        try:
            return await self.detector.judge(passages)
        finally:
            self.observe(self.info.id, time.perf_counter() - started)
