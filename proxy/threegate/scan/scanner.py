"""Runs the detectors on one item.

Patterns and classifiers see the whole text; a text longer than `PIECE` goes to the classifiers in
pieces cut between sentences, one after another, so that no length overruns a queue or a deadline.
Claims: exactly the given one, else every sentence of an answer that carries one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

from threegate_classifiers.errors import ClassifierError

from threegate.detectors.base import DetectorInfo
from threegate.detectors.dedupe import distinct
from threegate.detectors.detector_set import DetectorSet
from threegate.detectors.judged_texts import Judgement
from threegate.detectors.models.common import reason_of
from threegate.detectors.models.guard import GuardDetector
from threegate.guard.segments import carries_claim, sentences
from threegate.policy.model import matches
from threegate.scan.flow import IN_FLIGHT_CPU
from threegate.scan.item import ScanItem
from threegate.types import Failed, Finding, Layer, Level, Passage, Span

PIECE = 8_000
DEADLINE_MS = 60_000
CLAIMS_AT_ONCE = 32


class Stance(StrEnum):
    """What the sources say about a claim; `nei`: not enough information."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    NEI = "nei"


_STANCES = {"claim.supported": Stance.SUPPORTED, "claim.contradicted": Stance.CONTRADICTED}


@dataclass(frozen=True, slots=True)
class Claim:
    """`span` is the claim's place in the text; `evidence` is (source number, span in it)."""

    span: Span
    stance: Stance
    score: float
    level: Level
    evidence: tuple[int, Span] | None = None

    def at(self, level: Level) -> Stance:
        """A contradiction below the threshold does not count."""
        unsure = self.stance is Stance.CONTRADICTED and self.level < level
        return Stance.NEI if unsure else self.stance


@dataclass(frozen=True, slots=True)
class ScanResult:
    """Findings of every level, by position. `ms` is wall-clock time, including waiting."""

    findings: tuple[Finding, ...] = ()
    claims: tuple[Claim, ...] = ()
    failures: tuple[Failed, ...] = ()
    ms: float = 0.0

    def at(self, level: Level) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.level >= level)


class Checker(Protocol):
    """What judges one claim against its sources: the claims detector."""

    @property
    def info(self) -> DetectorInfo: ...

    async def check(self, passage: Passage) -> Finding: ...


@dataclass(slots=True)
class Scanner:
    """`kinds` are kinds or prefixes. Without `guard` or `claims` their findings are not made.
    `in_flight`: code points worth having in progress at the same time."""

    detector_set: DetectorSet
    kinds: frozenset[str]
    guard: GuardDetector | None = None
    claims: Checker | None = None
    in_flight: int = IN_FLIGHT_CPU
    _claims_room: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(CLAIMS_AT_ONCE)
    )

    async def scan(self, item: ScanItem) -> ScanResult:
        started = time.perf_counter()
        judged = [await self._patterns(item.passage)]
        judged += [await self._judge(piece) for piece in pieces(item.passage)]
        found = distinct([f for j in judged for f in j.findings])
        failures = [f for j in judged for f in j.failures]
        claims = await self._check(item)
        wanted = (f for f in found if any(matches(k, f.kind) for k in self.kinds))
        return ScanResult(
            tuple(sorted(wanted, key=lambda f: (f.span, f.kind, f.detector))),
            tuple(c for c in claims if isinstance(c, Claim)),
            (*failures, *(c for c in claims if isinstance(c, Failed))),
            round((time.perf_counter() - started) * 1000, 2),
        )

    async def scores(self, item: ScanItem) -> dict[str, float]:
        """The guard's score of every kind, whatever its level; empty without a guard."""
        best: dict[str, float] = {}
        if self.guard is not None:
            for piece in pieces(item.passage):
                for kind, score in (await self.guard.scores(piece)).items():
                    best[kind] = max(score, best.get(kind, 0.0))
        return best

    async def _patterns(self, passage: Passage) -> Judgement:
        """A request's text is also read in plain (see `views`); an answer's only as written."""
        if passage.locus.layer is not Layer.INPUT:
            scan = self.detector_set.patterns.scan(passage, self.kinds, final=True)
            return Judgement(scan.findings, scan.failures)
        (judgement,) = await self.detector_set.check([passage], self.kinds, {})
        return judgement

    async def _judge(self, piece: Passage) -> Judgement:
        deadlines = dict.fromkeys(self.kinds, DEADLINE_MS)
        if piece.locus.layer is not Layer.INPUT:
            (judgement,) = await self.detector_set.sentences.judge([piece], deadlines)
            return judgement
        (judgement,) = await self.detector_set.check([piece], frozenset(), deadlines)
        return judgement

    async def _check(self, item: ScanItem) -> list[Claim | Failed]:
        if self.claims is None:
            return []
        verdicts = [self._verdict(p, s, item) for p, s in claims_of(item)]
        return list(await asyncio.gather(*verdicts))

    async def _verdict(self, passage: Passage, span: Span, item: ScanItem) -> Claim | Failed:
        assert self.claims is not None
        async with self._claims_room:
            try:
                finding = await self.claims.check(passage)
            except ClassifierError as error:
                return Failed(self.claims.info.id, reason_of(error), passage.locus)
        stance = _STANCES.get(finding.kind, Stance.NEI)
        return Claim(span, stance, finding.score, finding.level, _evidence(finding.note))


def pieces(passage: Passage, size: int = PIECE) -> Iterator[Passage]:
    """The passage, or parts of at most `size` code points with the question kept."""
    text = passage.text
    if len(text) <= size:
        yield passage
        return
    start = end = 0
    for span in sentences(text):
        if span.end - start > size:
            yield replace(passage, text=text[start:end], offset=start)
            start = end
        end = span.end
    yield replace(passage, text=text[start:], offset=start)


def claims_of(item: ScanItem) -> Iterator[tuple[Passage, Span]]:
    """What is to be checked against the sources, and its position in the text."""
    passage = item.passage
    if item.claim is not None:
        at = item.text.find(item.claim)
        start = max(at, 0)
        claim_passage = replace(passage, text=item.claim, before=item.text[:start])
        yield claim_passage, Span(start, start + len(item.claim))
    elif item.answered and item.sources is not None:
        for span in sentences(item.text):
            sentence = item.text[span.start : span.end]
            if carries_claim(sentence.strip()):
                start = span.start + len(sentence) - len(sentence.lstrip())
                end = span.start + len(sentence.rstrip())
                claim_passage = replace(
                    passage, text=item.text[start:end], before=item.text[:start]
                )
                yield claim_passage, Span(start, end)


def _evidence(note: str) -> tuple[int, Span] | None:
    """`number:start-end`, as the claims detector notes it."""
    if not note:
        return None
    number, _, place = note.rpartition(":")
    start, _, end = place.partition("-")
    return int(number), Span(int(start), int(end))


def as_json(item: ScanItem, answer: ScanResult, level: Level) -> dict[str, Any]:
    """One line of output. Raises nothing; an answer with failures is `error_json`."""
    return {
        "id": item.id,
        "findings": [_finding_json(f) for f in answer.at(level)],
        "claims": [_claim_json(item, c, level) for c in answer.claims],
        "ms": answer.ms,
    }


def failed_json(item: ScanItem, answer: ScanResult) -> dict[str, Any]:
    """A text for which a detector gave no answer: no findings, so that partial ones are not taken
    for all."""
    names = dict.fromkeys(f"{f.detector}: {f.reason}" for f in answer.failures)
    return {"id": item.id, "error": f"no answer from {', '.join(names)}"}


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "start": finding.span.start,
        "end": finding.span.end,
        "score": round(finding.score, 4),
        "level": finding.level.name.lower(),
        "detector": finding.detector,
    }


def _claim_json(item: ScanItem, claim: Claim, level: Level) -> dict[str, Any]:
    return {
        "start": claim.span.start,
        "end": claim.span.end,
        "verdict": claim.at(level),
        "score": round(claim.score, 4),
        "evidence": _evidence_json(item, claim),
    }


def _evidence_json(item: ScanItem, claim: Claim) -> dict[str, Any] | None:
    if claim.evidence is None:
        return None
    number, span = claim.evidence
    text = item.passage.sources[number].text[span.start : span.end]
    return {"source": number, "start": span.start, "end": span.end, "text": text}
