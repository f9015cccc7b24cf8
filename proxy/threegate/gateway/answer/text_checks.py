"""Carries out what the stream machine of one text asks for: pattern scans inline, sentences and
steps judged by models in the background."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from threegate.detectors.engine.budget import own_patterns_within
from threegate.detectors.judged_texts import Judgement
from threegate.guard.client_text import NO_TEXT
from threegate.guard.output import NOTHING
from threegate.guard.second_opinion import Opinions
from threegate.guard.stream.events import (
    CheckStep,
    JudgeSentence,
    PatternsScanned,
    ScanPatterns,
    SentenceJudged,
    State,
    StepChecked,
)
from threegate.types import Channel, Passage

if TYPE_CHECKING:
    from threegate.gateway.answer.guarded_answer import GuardedAnswer
    from threegate.gateway.answer.guarded_text import GuardedText

Sentence = tuple[Channel, str, str]
"""A sentence of a field: channel, the text before it, and its text."""
KNOWN_TEXTS, KNOWN_LENGTH = 1024, 2000
"""Sentences of fields that are remembered as harmless, and the code points of one."""


@dataclass(slots=True)
class HarmlessTexts:
    """Sentences that were judged without a ruling, and those being judged. Some APIs repeat a text
    with every event (citations, notes); fields are judged by themselves, so the verdict is the same
    each time."""

    _known: set[Sentence] = field(default_factory=set, repr=False)
    _pending: dict[Sentence, asyncio.Event] = field(default_factory=dict, repr=False)

    def __contains__(self, sentence: Sentence) -> bool:
        return sentence in self._known

    def pending(self, sentence: Sentence) -> asyncio.Event | None:
        """An event that is set when the verdict has arrived. None for the first caller, which must
        judge the sentence and call `judged`."""
        if (event := self._pending.get(sentence)) is None:
            self._pending[sentence] = asyncio.Event()
        return event

    def judged(self, sentence: Sentence, *, harmless: bool) -> None:
        short = sum(map(len, sentence)) <= KNOWN_LENGTH and len(self._known) < KNOWN_TEXTS
        if harmless and short:
            self._known.add(sentence)
        self._pending.pop(sentence).set()


@dataclass(slots=True, eq=False)
class TextChecks:
    """The checks of one text of an answer; `text` receives their results."""

    text: GuardedText
    answer: GuardedAnswer

    def scan(self, asked: ScanPatterns, *, complete: bool = False) -> PatternsScanned:
        """`complete`: the whole text arrived at once, so all its views are scanned."""
        started = time.perf_counter()
        passage = Passage(self.text.locus, asked.text, asked.offset)
        kinds, patterns = self.text.guard.pattern_kinds, self.answer.detector_set.patterns
        if complete:
            scan = patterns.scan_whole(passage, kinds)
        else:
            with own_patterns_within(self.text.own_patterns):
                scan = patterns.scan(passage, kinds, final=asked.final)
        new = [
            f for f in scan.findings if asked.since <= f.span.start and f.span.end <= scan.settled
        ]
        sent = self.answer.context.sent if new else NO_TEXT
        verdict = self.text.guard.judge_patterns(asked.text, asked.offset, new, scan.failures, sent)
        self.answer.spent_s += time.perf_counter() - started
        return PatternsScanned(verdict, scan.settled)

    def judge(self, sentences: list[JudgeSentence]) -> None:
        passages = [self.answer.passage(self.text, sentence) for sentence in sentences]
        self.answer.tasks.spawn(self._judge(sentences, passages))

    def judge_once(self, sentences: list[JudgeSentence]) -> None:
        """Judges sentences of a field together; one that another event has already brought waits
        for that verdict."""
        harmless, new = self.answer.harmless, list[JudgeSentence]()
        for sentence in sentences:
            key = self._key(sentence)
            if key in harmless:
                self.text.receive(SentenceJudged(sentence.index, NOTHING))
            elif (judged := harmless.pending(key)) is not None:
                self.answer.tasks.spawn(self._judge_after(judged, sentence))
            else:
                new.append(sentence)
        if new:
            self.judge(new)

    def check_steps(self, steps: list[CheckStep]) -> None:
        passages = [self.answer.step_passage(self.text, step) for step in steps]
        self.answer.tasks.spawn(self._check_steps(steps, passages))

    async def _judge(self, sentences: list[JudgeSentence], passages: list[Passage]) -> None:
        started = time.perf_counter()
        judged = await self.answer.detector_set.sentences.judge(passages, self.text.guard.deadlines)
        opinions = await self._opinions(passages, judged)
        self.answer.spent_s += time.perf_counter() - started
        for sentence, judgement, opinion in zip(sentences, judged, opinions, strict=True):
            verdict = self.text.guard.rule_set.verdict(
                judgement.findings, judgement.failures, sentence.text, sentence.offset, opinion
            )
            self.answer.remember_corrections(verdict.ruled)
            if self.text.is_field:
                harmless = not verdict.ruled
                self.answer.harmless.judged(self._key(sentence), harmless=harmless)
            if self.text.machine.state is State.CUT:
                break
            self.text.receive(SentenceJudged(sentence.index, verdict))
        self.answer.progress()

    async def _judge_after(self, judged: asyncio.Event, sentence: JudgeSentence) -> None:
        await judged.wait()
        if self.text.machine.state is not State.CUT:
            self.judge_once([sentence])
            self.answer.progress()

    async def _opinions(
        self, passages: Sequence[Passage], judged: Sequence[Judgement]
    ) -> list[Opinions]:
        rules = self.text.guard.rule_set
        asked = [
            rules.questions(j.findings, p.text, p.offset)
            for p, j in zip(passages, judged, strict=True)
        ]
        return await self.answer.detector_set.second.opinions(passages, asked)

    async def _check_steps(self, steps: list[CheckStep], passages: list[Passage]) -> None:
        started = time.perf_counter()
        clear = await self._are_clear(passages)
        self.answer.spent_s += time.perf_counter() - started
        for step, is_clear in zip(steps, clear, strict=True):
            self.text.receive(StepChecked(step.number, is_clear))
        self.answer.progress()

    async def _are_clear(self, passages: list[Passage]) -> list[bool]:
        """Whether each step is clear; a failed one is not. A step that is not clear by itself may
        be clear together with its question, without which a guard model cannot tell well what an
        answer does."""
        check, deadlines = self.answer.detector_set.sentences.are_clear, self.text.guard.deadlines
        question = self.answer.context.question
        clear = await check(passages, deadlines)
        again = [n for n, p in enumerate(passages) if not clear[n] and question and not p.question]
        if again:
            asked = [replace(passages[n], question=question) for n in again]
            for n, is_clear in zip(again, await check(asked, deadlines), strict=True):
                clear[n] = is_clear
        return clear

    def _key(self, sentence: JudgeSentence) -> Sentence:
        return self.text.locus.channel, sentence.before, sentence.text
