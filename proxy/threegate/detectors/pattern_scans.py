"""Pattern detectors on texts: inline on pieces of streams, with all views on whole texts, in a
thread where a text is long."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain

from threegate_classifiers.cache import owner

from threegate.detectors.base import PatternDetector, Scanned, SupportsFastPath, uncrossed
from threegate.detectors.dedupe import distinct
from threegate.detectors.engine.budget import Budget, BudgetSpentError
from threegate.detectors.judged_texts import Judgement
from threegate.detectors.scan_pool import LONG_TEXT, POOL, PoolFullError
from threegate.detectors.views import (
    Viewed,
    mapped_back,
    merged,
    moved,
    second_reading,
    unviewed,
    viewed,
)
from threegate.types import Failed, Finding, Passage, Reason, frozen

log = logging.getLogger(__name__)

TURN_S = 0.01
"""Scans of short texts run for this long before other calls get their turn; one request may bring
thousands of them."""


@frozen
class Scan:
    """What pattern detectors reported for one passage. Spans count from the text at the locus."""

    findings: tuple[Finding, ...]
    failures: tuple[Failed, ...]
    settled: int


BuildPatterns = Callable[[frozenset[str]], tuple[PatternDetector, ...]]
"""The pattern detectors that can find these kinds or prefixes."""

FastPath = Callable[[str, int], int]
"""`SupportsFastPath.settled_without_scan`."""


@dataclass(slots=True)
class PatternScans:
    """Texts of `long_text` code points or more are scanned in a thread."""

    build: BuildPatterns
    long_text: int = LONG_TEXT
    _detectors: dict[frozenset[str], tuple[PatternDetector, ...]] = field(
        default_factory=dict, repr=False
    )
    _fast_paths: dict[frozenset[str], FastPath | None] = field(default_factory=dict, repr=False)

    def detectors(self, kinds: frozenset[str]) -> tuple[PatternDetector, ...]:
        """The detectors that can find these kinds."""
        known = self._detectors.get(kinds)
        if known is None:
            known = self._detectors[kinds] = self.build(kinds)
        return known

    def fast_path(self, kinds: frozenset[str]) -> FastPath | None:
        """`settled_without_scan` of all detectors; None if one of them never knows."""
        if kinds not in self._fast_paths:
            detectors = self.detectors(kinds)
            known = [d.settled_without_scan for d in detectors if isinstance(d, SupportsFastPath)]
            all_know = len(known) == len(detectors)
            self._fast_paths[kinds] = partial(_settled_without_scan, known) if all_know else None
        return self._fast_paths[kinds]

    def scan(self, passage: Passage, kinds: frozenset[str], *, final: bool) -> Scan:
        """A failing detector holds nothing back; its failure is what decides."""
        with Budget.for_size(len(passage.text)).running(len(passage.text)):
            return self._scan(passage, kinds, final=final)

    def scan_whole(self, passage: Passage, kinds: frozenset[str]) -> Scan:
        """`scan` of a text that is complete, with all its views."""
        size = len(passage.text)
        _, judged = self._viewed_scan(passage, kinds, Budget.for_size(size))
        return Scan(judged.findings, judged.failures, passage.offset + size)

    async def scan_all(
        self, passages: Sequence[Passage], kinds: frozenset[str], budget: Budget
    ) -> list[tuple[Viewed, Judgement]]:
        """Scans whole texts, including the views that models read."""
        out, since = [], time.perf_counter()
        for passage in passages:
            out.append(await self._scan_new(passage, kinds, budget))
            if time.perf_counter() - since > TURN_S:
                await asyncio.sleep(0)
                since = time.perf_counter()
        return out

    async def _scan_new(
        self, passage: Passage, kinds: frozenset[str], budget: Budget
    ) -> tuple[Viewed, Judgement]:
        size = len(passage.text)
        if size < self.long_text:
            return self._viewed_scan(passage, kinds, budget)
        try:
            return await POOL.run(size, partial(self._viewed_scan, passage, kinds, budget))
        except PoolFullError:
            return unviewed(passage), self._unscanned(passage, kinds, Reason.OVERLOAD)

    def _viewed_scan(
        self, passage: Passage, kinds: frozenset[str], budget: Budget
    ) -> tuple[Viewed, Judgement]:
        """All detectors on the text and its views; past the budget they have failed."""
        try:
            with budget.running(len(passage.text)):
                text = viewed(passage)
                judged = self._scan_views(text, kinds)
        except BudgetSpentError:
            return unviewed(passage), self._unscanned(passage, kinds, Reason.TIMEOUT)
        return text, Judgement(distinct(judged.findings), judged.failures)

    def _unscanned(self, passage: Passage, kinds: frozenset[str], reason: Reason) -> Judgement:
        failed = (Failed(d.info.id, reason, passage.locus) for d in self.detectors(kinds))
        return Judgement(failures=tuple(failed))

    def _scan_views(self, text: Viewed, kinds: frozenset[str]) -> Judgement:
        plain = self._scan(text.passage, kinds, final=True)
        if not text.views:
            return Judgement(plain.findings, plain.failures)
        more: list[Finding] = []
        failed = list(plain.failures)
        for detector in self.detectors(kinds):
            for view in text.for_pattern(detector):
                seen = _scanned(detector, second_reading(view, text.passage))
                if isinstance(seen, Failed):
                    failed.append(seen)
                else:
                    more += mapped_back(view, seen.findings, text.passage)
        return Judgement(tuple(merged(plain.findings, more)), tuple(dict.fromkeys(failed)))

    def _scan(self, passage: Passage, kinds: frozenset[str], *, final: bool) -> Scan:
        found: list[Finding] = []
        failed: list[Failed] = []
        settled = len(passage.text)
        for detector in self.detectors(kinds):
            scanned = _scanned(detector, passage, final=final)
            if isinstance(scanned, Failed):
                failed.append(scanned)
                continue
            found += scanned.findings
            settled = min(settled, scanned.settled)
        if not final:
            settled = uncrossed(settled, [f.span for f in found])
        findings = [moved(f, passage.offset) for f in found] if passage.offset else found
        return Scan(tuple(findings), tuple(failed), passage.offset + settled)


def _settled_without_scan(detectors: Sequence[FastPath], text: str, start: int) -> int:
    settled = len(text)
    for fast_path in detectors:
        if (to := fast_path(text, start)) < settled:
            settled = to
        if to < 0:
            break
    return settled


def _scanned(
    detector: PatternDetector, passage: Passage, *, final: bool = True
) -> Scanned | Failed:
    try:
        return detector.scan(passage, final=final)
    except BudgetSpentError:
        return Failed(detector.info.id, Reason.TIMEOUT, passage.locus)
    except Exception as error:
        log.error("detector %s failed: %s", detector.info.id, type(error).__name__)
        return Failed(detector.info.id, Reason.ERROR, passage.locus)


def text_key(
    passage: Passage, patterns: frozenset[str], sentence: frozenset[str] = frozenset()
) -> bytes:
    """A text, the kinds that it is scanned and judged for, and its owner."""
    head = f"{passage.locus.channel}\0{hash(patterns)}\0{hash(sentence)}\0"
    return hashlib.blake2b(owner() + (head + passage.text).encode(), digest_size=16).digest()


def at_locus(judgement: Judgement, passage: Passage) -> Judgement:
    """The same text at another location: findings carry the location at which they were found."""
    here = passage.locus
    found: Iterator[Finding | Failed] = chain(judgement.findings, judgement.failures)
    if not [f for f in found if f.locus is not here and f.locus != here]:
        return judgement
    return Judgement(
        tuple(replace(f, locus=passage.locus) for f in judgement.findings),
        tuple(replace(f, locus=passage.locus) for f in judgement.failures),
    )
