"""One text of an answer on its way through its stream machine.

Pattern scans run inline, sentences are judged in the background; released text waits until the
shell takes it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from threegate.detectors.judged_texts import Judgement
from threegate.errors import UpstreamError
from threegate.gateway.answer.output_contract import Gate
from threegate.gateway.telemetry.hold_timer import HoldTimer
from threegate.guard.client_text import NO_TEXT
from threegate.guard.events import (
    AllowRelease,
    CheckStep,
    ClientDisconnected,
    Command,
    Cut,
    Finish,
    JudgeSentence,
    PatternsScanned,
    RecordRulings,
    Release,
    ScanPatterns,
    SentenceJudged,
    State,
    StepChecked,
    TextReceived,
    UpstreamClosed,
)
from threegate.guard.output import NOTHING, ChannelGuard
from threegate.guard.redact import TERMINAL, edited
from threegate.guard.second_opinion import Opinions
from threegate.guard.stream_machine import StreamMachine
from threegate.i18n.messages import localized
from threegate.types import Channel, Finding, Passage, Ruling, TextLocation, frozen
from threegate.wire.adapter import StreamKey
from threegate.wire.frame_codec import FIELD_PARTS

if TYPE_CHECKING:
    from threegate.gateway.answer.tracks import AnswerTracks


Sentence = tuple[Channel, str, str]
"""A sentence of a field: channel, the text before it, and its text."""
KNOWN_TEXTS, KNOWN_LENGTH = 1024, 2000
"""Sentences of fields that are remembered as harmless, and the code points of one."""


@dataclass(slots=True)
class HarmlessTexts:
    """What was judged and had no ruling, and what is being judged. Some APIs repeat a text with
    every event (citations, notes): fields are judged alone, so it has the same verdict each
    time."""

    _known: set[Sentence] = field(default_factory=set, repr=False)
    _pending: dict[Sentence, asyncio.Event] = field(default_factory=dict, repr=False)

    def has(self, sentence: Sentence) -> bool:
        return sentence in self._known

    def pending(self, sentence: Sentence) -> asyncio.Event | None:
        """An event that is set when the verdict is there. None for the first caller, which must
        judge the sentence and call `judged`."""
        if (event := self._pending.get(sentence)) is None:
            self._pending[sentence] = asyncio.Event()
        return event

    def judged(self, sentence: Sentence, *, harmless: bool) -> None:
        short = sum(map(len, sentence)) <= KNOWN_LENGTH and len(self._known) < KNOWN_TEXTS
        if harmless and short:
            self._known.add(sentence)
        self._pending.pop(sentence).set()


class TrackState(Enum):
    RUNNING = auto()
    DONE = auto()  # all of it has been released
    STOPPED = auto()  # a ruling ended it


@frozen
class TrackOptions:
    """How one text is shown. `gate` sees all of it before any of it leaves; `stand_in` is what the
    client reads in its place; `hold_timer` measures how long it is held."""

    gate: Gate | None = None
    stand_in: str | None = None
    hold_timer: HoldTimer | None = None


@dataclass(slots=True)
class Track:
    key: StreamKey
    locus: TextLocation
    machine: StreamMachine
    guard: ChannelGuard
    answer: AnswerTracks
    options: TrackOptions
    state: TrackState = TrackState.RUNNING
    raw: list[str] = field(default_factory=list, repr=False)
    released: list[str] = field(default_factory=list, repr=False)
    ready: list[str] = field(default_factory=list, repr=False)
    ruled: list[Ruling] = field(default_factory=list, repr=False)
    _stood_in: bool = False
    _whole: bool = False  # all of it came at once, as in an answer that is not streamed

    def feed(self, text: str, *, last: bool = False) -> None:
        """`last`: nothing follows, and no `close` is needed."""
        machine, before = self.machine, self.machine.received
        if machine.state in (State.DRAINING, State.DONE):
            raise UpstreamError(localized("event-shape"))  # more text after its end
        if self.answer.keep:
            self.raw.append(text)
        self.answer.arrived(self, before + len(text) + last)
        if last and not before:
            self._whole, machine.fast_path = True, None  # disguises look plain
        commands = machine.receive(TextReceived(text, last))
        if self.options.hold_timer is not None:
            self.options.hold_timer.came(before + len(text))
        self.run(commands)
        self.answer.advance()

    def close(self) -> None:
        if self.machine.state is State.OPEN:
            self.answer.arrived(self, self.machine.received + 1)
            self.run(self.machine.receive(UpstreamClosed()))
            self.answer.advance()

    def may_leave(self, to: int) -> None:
        self.run(self.machine.receive(AllowRelease(to)))

    def abandon(self) -> None:
        if self.machine.state is not State.CUT:
            self.run(self.machine.receive(ClientDisconnected()))
        if self.options.hold_timer is not None:
            self.options.hold_timer.over()

    @property
    def is_field(self) -> bool:
        """The text is in a field of its own next to the answer."""
        return self.key.part >= FIELD_PARTS

    @property
    def done(self) -> bool:
        """Nothing more will be released."""
        return self.state is not TrackState.RUNNING

    @property
    def has_left(self) -> bool:
        """All of it has been released."""
        return self.state is TrackState.DONE

    @property
    def redacted(self) -> str:
        """The model's text as the log may keep it: every edit made, nothing restored, and nothing
        from after the place where a ruling stopped it, which was not looked at."""
        raw = "".join(self.raw)
        if self.state is TrackState.STOPPED:
            found = (r.finding for r in self.ruled)
            raw = raw[: max((f.span.end for f in found if isinstance(f, Finding)), default=0)]
        channel = self.locus.channel
        is_json = channel is Channel.TOOL_ARGUMENTS
        return edited(raw, self.ruled, self.answer.guard.renderer(channel), is_json=is_json)

    def take(self) -> str:
        """Text released since the last call; with a gate nothing before the whole has passed it."""
        if not self.ready or (self.options.gate is not None and not self.done):
            return ""
        text = "".join(self.ready)
        self.ready.clear()
        if self.options.stand_in is not None and text:
            text = "" if self._stood_in else self.options.stand_in
            self._stood_in = True
        return text

    def tail(self, sign: str) -> str:
        """What follows the text: the sources that its marks name, then the sign. Nothing follows a
        text in a field of its own."""
        answers = self.key.channel is Channel.CONTENT and not self.is_field
        if not answers or not self.machine.received:
            return ""
        return self.answer.guard.citations.listing(self.ruled) + sign

    def run(self, commands: Sequence[Command]) -> None:
        """Carries out commands in order, scans last: a scan's result may bring further commands."""
        if not commands:
            return
        asked: list[JudgeSentence] = []
        steps: list[CheckStep] = []
        scans: list[ScanPatterns] = []
        for command in commands:
            match command:
                case Release(text):
                    self._release(text)
                case ScanPatterns():
                    scans.append(command)
                case JudgeSentence():
                    asked.append(command)
                case CheckStep():
                    steps.append(command)
                case RecordRulings(ruled):
                    self._record(ruled)
                case Cut(stopped):
                    self.state = TrackState.STOPPED
                    self.answer.cut = self.answer.cut or stopped
                case Finish():
                    self._finish()
                case _:
                    pass  # Pause and Resume: the reader looks at `held` instead
        if self.is_field:
            self._ask_once(asked)
        elif asked:
            self._ask(asked)
        if steps:
            pieces = [self.answer.piece(self, step) for step in steps]
            self.answer.tasks.spawn(self._read(steps, pieces))
        for scan in scans:
            if self.machine.state is not State.CUT:
                self.run(self.machine.receive(self._scan(scan)))

    def _ask(self, asked: list[JudgeSentence]) -> None:
        passages = [self.answer.passage(self, sentence) for sentence in asked]
        self.answer.tasks.spawn(self._judge(asked, passages))

    def _ask_once(self, asked: list[JudgeSentence]) -> None:
        """Sentences of a field: one that another event has brought waits for its verdict."""
        for sentence in asked:
            key = self._key(sentence)
            if self.answer.harmless.has(key):
                self.run(self.machine.receive(SentenceJudged(sentence.index, NOTHING)))
            elif (judged := self.answer.harmless.pending(key)) is not None:
                self.answer.tasks.spawn(self._after(judged, sentence))
            else:
                self._ask([sentence])

    async def _after(self, judged: asyncio.Event, sentence: JudgeSentence) -> None:
        await judged.wait()
        if self.machine.state is not State.CUT:
            self._ask_once([sentence])
            self.answer.advance()
            self.answer.changed.set()

    def _key(self, sentence: JudgeSentence) -> Sentence:
        return self.locus.channel, sentence.before, sentence.text

    def _scan(self, asked: ScanPatterns) -> PatternsScanned:
        started = time.perf_counter()
        passage = Passage(self.locus, asked.text, asked.offset)
        kinds, detector_set = self.guard.pattern_kinds, self.answer.detector_set
        if self._whole and asked.final and not asked.offset:
            scan = detector_set.scan_whole(passage, kinds)
        else:
            scan = detector_set.scan(passage, kinds, final=asked.final)
        new = [
            f for f in scan.findings if asked.since <= f.span.start and f.span.end <= scan.settled
        ]
        sent = self.answer.question.sent if new else NO_TEXT
        verdict = self.guard.judge_patterns(asked.text, asked.offset, new, scan.failures, sent)
        self.answer.spent_s += time.perf_counter() - started
        return PatternsScanned(verdict, scan.settled)

    async def _read(self, steps: list[CheckStep], pieces: list[Passage]) -> None:
        """Steps of a text that grows."""
        started = time.perf_counter()
        clear = await self._clear(pieces)
        self.answer.spent_s += time.perf_counter() - started
        for step, is_clear in zip(steps, clear, strict=True):
            self.run(self.machine.receive(StepChecked(step.number, is_clear)))
        self.answer.advance()
        self.answer.changed.set()

    async def _clear(self, pieces: list[Passage]) -> list[bool]:
        """Whether each is clear; one that failed is not. One that is not so by itself may be behind
        its question: without it a guard cannot tell well what an answer does."""
        read, question = self.answer.detector_set.clear, self.answer.question.text
        clear = await read(pieces, self.guard.deadlines)
        again = [n for n, p in enumerate(pieces) if not clear[n] and question and not p.question]
        if again:
            asked = [replace(pieces[n], question=question) for n in again]
            for n, is_clear in zip(again, await read(asked, self.guard.deadlines), strict=True):
                clear[n] = is_clear
        return clear

    async def _judge(self, asked: list[JudgeSentence], passages: list[Passage]) -> None:
        started = time.perf_counter()
        judged = await self.answer.detector_set.judge(passages, self.guard.deadlines)
        opinions = await self._opinions(passages, judged)
        self.answer.spent_s += time.perf_counter() - started
        for sentence, judgement, opinion in zip(asked, judged, opinions, strict=True):
            verdict = self.guard.judge.verdict(
                judgement.findings, judgement.failures, sentence.text, sentence.offset, opinion
            )
            self.answer.correct(verdict.ruled)
            if self.is_field:
                self.answer.harmless.judged(self._key(sentence), harmless=not verdict.ruled)
            if self.machine.state is State.CUT:
                break
            self.run(self.machine.receive(SentenceJudged(sentence.index, verdict)))
        self.answer.advance()
        self.answer.changed.set()

    async def _opinions(
        self, passages: Sequence[Passage], judged: Sequence[Judgement]
    ) -> list[Opinions]:
        rules = self.guard.judge
        asked = [
            rules.questions(j.findings, p.text, p.offset)
            for p, j in zip(passages, judged, strict=True)
        ]
        return await self.answer.detector_set.second.opinions(passages, asked)

    def _release(self, text: str) -> None:
        self.ready.append(text)
        if self.options.hold_timer is not None:
            self.options.hold_timer.left(self.machine.released)
        if self.answer.keep:
            self.released.append(text)

    def _finish(self) -> None:
        self.state = TrackState.DONE
        gate = self.options.gate
        ruled = gate("".join(self.ready)) if gate is not None else None
        if ruled is None:
            return
        if ruled.action in TERMINAL:
            self.ready.clear()
            self.state = TrackState.STOPPED
            self.answer.stop(ruled)
        else:
            self._record((ruled,))

    def _record(self, ruled: tuple[Ruling, ...]) -> None:
        self.ruled += ruled
        self.answer.ruled += ruled
