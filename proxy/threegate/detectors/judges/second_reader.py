"""Asks judges for second opinions: one answer a question, under its deadline, cached by text.

A text that reads differently once its disguise is undone (encodings, spacing, look-alike letters)
is read in both forms, and the higher score counts: what the first detector saw through must not be
dismissed because the judge did not.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from threegate_classifiers.cache import owner

from threegate.detectors.judges.base import MAX_TEXT, Score
from threegate.detectors.judges.detector import LlmJudge
from threegate.detectors.views import second_reading, viewed
from threegate.guard.second_opinion import NO_OPINIONS, Opinions, Question
from threegate.policy.model import matches
from threegate.types import CLAIM_KINDS, CLAIM_SUPPORTED, Failed, Opinion, Passage, Reason, Source

CACHED = 20_000
"""Answers kept, about 200 bytes each."""

MAX_SOURCES = 24_000
"""Code points of all sources together that a judge reads for one claim."""

Scores = tuple[Score, ...]


@dataclass(slots=True)
class SecondReader:
    """`judges` by kind (`judge.qwen`); `took` gets a judge's detector id and the seconds of a
    call."""

    judges: Mapping[str, LlmJudge] = field(default_factory=dict)
    took: Callable[[str, float], None] = lambda detector, seconds: None
    _cache: OrderedDict[bytes, Scores] = field(default_factory=OrderedDict, repr=False)

    async def opinions(
        self, passages: Sequence[Passage], asked: Sequence[frozenset[Question]]
    ) -> list[Opinions]:
        """The answers to the questions about each passage, in order."""
        if not any(asked):
            return [NO_OPINIONS] * len(passages)
        return list(await asyncio.gather(*map(self._answers, passages, asked)))

    async def _answers(self, passage: Passage, asked: frozenset[Question]) -> Opinions:
        questions = tuple(asked)
        answers = await asyncio.gather(*(self._answer(passage, q) for q in questions))
        return dict(zip(questions, answers, strict=True))

    async def _answer(self, passage: Passage, question: Question) -> Opinion:
        judge = self.judges.get(".".join(question.ask.split(".")[:2]))
        if judge is None:
            return Opinion(question.ask, failed=Reason.ERROR)
        started = time.perf_counter()
        found, cached = await self._within(judge, _part(passage, question), question)
        ms = round((time.perf_counter() - started) * 1000, 3)
        if isinstance(found, Reason):
            return Opinion(question.ask, failed=found, ms=ms)
        if question.evidence:
            return _on_claim(Opinion(question.ask, ms=ms, cached=cached), judge, found)
        bad = (s for s in found if s.kind != CLAIM_SUPPORTED and _about(question.ask, judge, s))
        score = max((s.score for s in bad), default=0.0)
        level = judge.level_of(score)
        return Opinion(question.ask, round(min(1.0, score), 4), level, None, ms, cached)

    async def _within(
        self, judge: LlmJudge, passage: Passage, question: Question
    ) -> tuple[Scores | Reason, bool]:
        """The scores of all readings and whether all of them were cached."""
        try:
            async with asyncio.timeout(question.deadline_ms / 1000):
                read = await asyncio.gather(*(self._read(judge, p) for p in _readings(passage)))
        except TimeoutError:
            return Reason.TIMEOUT, False
        failed = next((r.reason for r, _ in read if isinstance(r, Failed)), None)
        if failed is not None:
            return failed, False
        scores = tuple(s for r, _ in read if not isinstance(r, Failed) for s in r)
        return scores, all(cached for _, cached in read)

    async def _read(self, judge: LlmJudge, passage: Passage) -> tuple[Scores | Failed, bool]:
        key = _key(judge, passage)
        if (known := self._cache.get(key)) is not None:
            self._cache.move_to_end(key)
            return known, True
        started = time.perf_counter()
        try:
            answer = await judge.scores(passage)
        finally:
            self.took(judge.info.id, time.perf_counter() - started)
        if not isinstance(answer, Failed):
            self._cache[key] = answer
            if len(self._cache) > CACHED:
                self._cache.popitem(last=False)
        return answer, False


def _on_claim(opinion: Opinion, judge: LlmJudge, found: Scores) -> Opinion:
    """The verdict on a claim with the highest score; of equal scores the worst verdict."""
    verdicts = [s for s in found if s.kind in CLAIM_KINDS]
    if not verdicts:
        return replace(opinion, failed=Reason.ERROR)
    best = max(verdicts, key=lambda s: (s.score, CLAIM_KINDS.index(s.kind)))
    score = round(min(1.0, best.score), 4)
    return replace(opinion, score=score, level=judge.level_of(score), claim=best.kind)


def _part(passage: Passage, question: Question) -> Passage:
    """The part of the passage that is read; the text before it only together with the passage's
    beginning."""
    part = question.part
    before = "" if part.start else passage.before
    counted = (s for s in passage.sources if not question.counted or s.names & question.counted)
    sources = near(tuple(counted), question.evidence) if question.evidence else passage.sources
    text = passage.text[part.start : part.end]
    return replace(passage, text=text, before=before, sources=sources)


def near(sources: Sequence[Source], evidence: str) -> tuple[Source, ...]:
    """The parts of a claim's sources that a judge reads: the part around the evidence, then the
    beginnings of the other sources, at most `MAX_SOURCES` code points in all."""
    source_id, _, place = evidence.rpartition(":")
    first = next((s for s in sources if s.id == source_id), None)
    start = place.partition("-")[0]
    chosen, room = [], MAX_SOURCES
    for source in sorted(sources, key=lambda s: s is not first):
        at = int(start) if source is first and start.isdigit() else 0
        begin = max(0, min(at - MAX_TEXT // 2, len(source.text) - MAX_TEXT))
        text = source.text[begin : begin + min(MAX_TEXT, room)]
        if text:
            chosen.append(replace(source, text=text))
        room -= len(text)
    return tuple(chosen)


def _readings(passage: Passage) -> tuple[Passage, ...]:
    text = viewed(passage)
    plain = text.for_model()
    second = () if plain is None else (second_reading(plain, passage),)
    return second if text.illegible() and second else (passage, *second)


def _about(ask: str, judge: LlmJudge, score: Score) -> bool:
    """Whether a score answers the question. A verdict without a category counts for every kind."""
    return not score.kind or matches(ask, judge.kind(score.kind))


def _key(judge: LlmJudge, passage: Passage) -> bytes:
    digest = hashlib.blake2b(owner(), digest_size=16)
    sources = [s.text for s in passage.sources]
    about = (judge.settings.name, passage.locus.layer, passage.question, passage.before)
    for part in (*about, passage.text, *sources):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.digest()
