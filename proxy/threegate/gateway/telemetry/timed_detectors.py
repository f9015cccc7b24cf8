"""Sentence detectors whose time is reported, whether they answer, fail or are cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from threegate.detectors.base import ChecksPrefixes, DetectorInfo, SentenceDetector, wanting
from threegate.types import Failed, Finding, Passage


@dataclass(frozen=True, slots=True)
class Timed:
    detector: SentenceDetector
    observe: Callable[[str, float], None]  # its id, seconds

    @property
    def info(self) -> DetectorInfo:
        return self.detector.info

    def wanting(self, kinds: frozenset[str]) -> Timed:
        return Timed(wanting(self.detector, kinds), self.observe)

    @property
    def checks_prefixes(self) -> bool:
        return isinstance(self.detector, ChecksPrefixes) and self.detector.checks_prefixes

    async def clear(self, passages: Sequence[Passage]) -> list[bool]:
        if not isinstance(self.detector, ChecksPrefixes):
            return [False] * len(passages)
        started = time.perf_counter()
        try:
            return await self.detector.clear(passages)
        finally:
            self.observe(self.info.id, time.perf_counter() - started)

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        started = time.perf_counter()
        try:
            return await self.detector.judge(passages)
        finally:
            self.observe(self.info.id, time.perf_counter() - started)
