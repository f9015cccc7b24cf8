"""Drives the machines of one answer: runs the scans they ask for and keeps what they release.

One `Track` per stream key. Pattern scans run inline, sentences are judged in the background; every
completed judgement calls `notify`, so that released text goes out at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from threegate.detectors.detector_set import DetectorSet
from threegate.gateway.output_contract import Gate
from threegate.gateway.telemetry.hold_timer import HoldTimer
from threegate.guard.client_text import NO_TEXT, ClientText
from threegate.guard.events import (
    ClientGone,
    Command,
    Cut,
    Finish,
    JudgeSentence,
    PatternsScanned,
    RecordRulings,
    Release,
    ScanPatterns,
    SentenceJudged,
    TextReceived,
    UpstreamClosed,
)
from threegate.guard.output import ChannelGuard, OutputGuard
from threegate.guard.redact import TERMINAL, edited
from threegate.guard.stream_machine import CONTEXT, State, StreamMachine
from threegate.tasks import Tasks
from threegate.types import Channel, Finding, Layer, Passage, Ruling, Source, TextLocation
from threegate.wire.adapter import StreamKey
from threegate.wire.frame_codec import WHOLE_PARTS

BESIDE, TEXTS_BESIDE = 200, 3
"""Code points of another text of the answer that a sentence is judged with, and of how many."""


@dataclass(frozen=True)
class AnswerContext:
    """What the answer is about: the last user turn, the texts that claims may rest on, all texts of
    the request as the client sent them, and the constitution that was added to them."""

    text: str = field(default="", repr=False)
    sources: tuple[Source, ...] = field(default=(), repr=False)
    asked: str = field(default="", repr=False)
    constitutions: tuple[str, ...] = field(default=(), repr=False)

    @cached_property
    def sent(self) -> ClientText:
        return ClientText.of(self.asked, self.constitutions)

    def evidence(self, note: str) -> str:
        """The text that `source id:start-end` points to; empty if it points nowhere."""
        source_id, _, place = note.rpartition(":")
        start, _, end = place.partition("-")
        text = next((s.text for s in self.sources if s.id == source_id), "")
        return text[int(start) : int(end)] if start.isdigit() and end.isdigit() else ""


@dataclass(frozen=True, slots=True)
class CalledTool:
    """The tool whose arguments a text is, and what they must pass."""

    name: str = ""
    gate: Gate | None = None


NO_TOOL = CalledTool()


@dataclass(slots=True)
class Track:
    """One text of an answer on its way through its machine."""

    key: StreamKey
    locus: TextLocation
    machine: StreamMachine
    guard: ChannelGuard
    answer: AnswerTracks
    raw: list[str] = field(default_factory=list, repr=False)
    released: list[str] = field(default_factory=list, repr=False)
    ready: list[str] = field(default_factory=list, repr=False)
    ruled: list[Ruling] = field(default_factory=list, repr=False)
    held: HoldTimer | None = None
    gate: Gate | None = None
    stand_in: str | None = None  # what the client reads in place of the text
    done: bool = False  # nothing more will be released
    stopped: bool = False  # because a ruling ended it
    said: bool = False  # any text came at all

    def feed(self, text: str, *, last: bool = False) -> None:
        """`last`: nothing follows, and no `close` is needed."""
        self.said = True
        if self.answer.keep:
            self.raw.append(text)
        commands = self.machine.receive(TextReceived(text, last))
        if self.held is not None:
            self.held.came(self.machine.received)
        self._run(commands)

    def close(self) -> None:
        if self.machine.state is State.OPEN:
            self._run(self.machine.receive(UpstreamClosed()))

    def abandon(self) -> None:
        self._run(self.machine.receive(ClientGone()))

    @property
    def redacted(self) -> str:
        """The model's text as the log may keep it: every edit made, nothing restored, and nothing
        from after the place where a ruling stopped it, which was not looked at."""
        raw = "".join(self.raw)
        if self.stopped:
            found = (r.finding for r in self.ruled)
            raw = raw[: max((f.span.end for f in found if isinstance(f, Finding)), default=0)]
        return edited(raw, self.ruled, self.answer.guard.renderer(self.locus.channel))

    def take(self) -> str:
        """Text released since the last call; with a gate nothing before the whole has passed it."""
        if not self.ready or (self.gate is not None and not self.done):
            return ""
        text = "".join(self.ready)
        self.ready.clear()
        if self.stand_in is not None and text:
            text, self.stand_in = self.stand_in, ""
        return text

    def tail(self, sign: str) -> str:
        """What stands after the text: the sources that its marks stand for, then the sign. Nothing
        after a text that is only beside the answer, in a field of its own."""
        beside = self.key.part >= WHOLE_PARTS
        if not self.said or beside or self.key.channel is not Channel.CONTENT:
            return ""
        return self.answer.guard.citations.listing(self.ruled) + sign

    def _run(self, commands: Sequence[Command]) -> None:
        """Commands in order; the answer to a scan comes after everything it was asked with."""
        asked: list[JudgeSentence] = []
        scans: list[ScanPatterns] = []
        for command in commands:
            match command:
                case Release(text):
                    self.ready.append(text)
                    if self.held is not None:
                        self.held.left(self.machine.received - self.machine.held)
                    if self.answer.keep:
                        self.released.append(text)
                case ScanPatterns():
                    scans.append(command)
                case JudgeSentence():
                    asked.append(command)
                case RecordRulings(ruled):
                    self._record(ruled)
                case Cut(ruled_one):
                    self.done = self.stopped = True
                    self.answer.cut = self.answer.cut or ruled_one
                case Finish():
                    self._pass_gate()
                    self.done = True
                case _:
                    pass  # Pause and Resume: the reader asks `held` instead
        if asked:
            beside = self.answer.beside(self)
            self.answer.tasks.spawn(self._judge(asked, beside))
        for scan in scans:
            self._scan(scan)

    def _pass_gate(self) -> None:
        ruled = self.gate("".join(self.ready)) if self.gate is not None else None
        if ruled is not None and ruled.action in TERMINAL:
            self.ready.clear()
            self.stopped = True
            self.answer.stop(ruled)
        elif ruled is not None:
            self._record((ruled,))

    def _record(self, ruled: tuple[Ruling, ...]) -> None:
        self.ruled += ruled
        self.answer.ruled += ruled

    def _scan(self, asked: ScanPatterns) -> None:
        if self.machine.state is State.CUT:
            return
        started = time.perf_counter()
        passage = Passage(self.locus, asked.text, asked.offset)
        scan = self.answer.suite.scan(passage, self.guard.pattern_kinds, final=asked.final)
        new = [
            f for f in scan.findings if asked.since <= f.span.start and f.span.end <= scan.settled
        ]
        sent = self.answer.question.sent if new else NO_TEXT
        verdict = self.guard.judge_patterns(asked.text, asked.offset, new, scan.failures, sent)
        self.answer.spent_s += time.perf_counter() - started
        self._run(self.machine.receive(PatternsScanned(verdict, scan.settled)))

    async def _judge(self, asked: list[JudgeSentence], beside: str) -> None:
        question = self.answer.question
        passages = [
            Passage(self.locus, a.text, a.offset, a.before, beside, question.text, question.sources)
            for a in asked
        ]
        started = time.perf_counter()
        judged = await self.answer.suite.judge(
            passages, self.guard.sentence_kinds, self.guard.deadline_ms
        )
        self.answer.spent_s += time.perf_counter() - started
        for a, judgement in zip(asked, judged, strict=True):
            self.answer.correct(judgement.findings)
            if self.machine.state is State.CUT:
                break
            verdict = self.guard.judge.verdict(
                judgement.findings, judgement.failures, a.text, a.offset
            )
            self._run(self.machine.receive(SentenceJudged(a.index, verdict)))
        self.answer.notify()


def _read_with(other: Track, track: Track) -> bool:
    """Whether one text is judged with the other: the beginning of an answer with the reasoning
    above it, and every choice with the other choices."""
    channels = (other.key.channel, track.key.channel)
    if other.key.choice == track.key.choice:
        begins = track.machine.received <= CONTEXT
        return channels == (Channel.REASONING, Channel.CONTENT) and begins
    return channels in ((Channel.CONTENT,) * 2, (Channel.REASONING,) * 2)


@dataclass(slots=True)
class AnswerTracks:
    """All tracks of one answer. `keep` stores texts, for the audit log or to be counted; `cut` is
    what stopped it."""

    guard: OutputGuard
    suite: DetectorSet
    question: AnswerContext
    keep: bool = False
    notify: Callable[[], None] = lambda: None
    tasks: Tasks = field(default_factory=Tasks)
    tracks: dict[StreamKey, Track] = field(default_factory=dict)
    ruled: list[Ruling] = field(default_factory=list, repr=False)
    cut: Ruling | None = None
    spent_s: float = 0.0  # in scans and judgements, those at the same time added up
    on_track: Callable[[Track], None] = lambda track: None
    calls: dict[StreamKey, CalledTool] = field(default_factory=dict)

    def track(self, key: StreamKey) -> Track:
        known = self.tracks.get(key)
        if known is None:
            channel = key.channel if key.channel in self.guard.channels else Channel.CONTENT
            part = f"/{key.part}" if key.part else ""
            locus = TextLocation(Layer.OUTPUT, channel, part=part, choice=key.choice)
            guard = self.guard.channels[channel]
            called = self.calls.get(key, NO_TOOL)
            quiet = self.suite.quiet(guard.pattern_kinds)
            machine = self.guard.machine(channel, called.name, quiet)
            known = Track(key, locus, machine, guard, self, gate=called.gate)
            self.tracks[key] = known
            self.on_track(known)
        return known

    def stop(self, ruled: Ruling) -> None:
        """A gate's ruling ends the answer; the first one counts."""
        self.ruled.append(ruled)
        self.cut = self.cut or ruled

    def correct(self, findings: Sequence[Finding]) -> None:
        """Keeps the sentence of the source that a contradicted claim should have said."""
        for finding in findings:
            if finding.kind == "claim.contradicted" and finding.note:
                text = self.question.evidence(finding.note)
                self.guard.corrections[finding.note] = text

    def beside(self, track: Track) -> str:
        """What the other choices and the reasoning have said last: harm may be spread over them."""
        others = [t for t in self.tracks.values() if t is not track and _read_with(t, track)]
        return "\n".join(filter(None, (t.machine.tail(BESIDE) for t in others[-TEXTS_BESIDE:])))

    @property
    def held(self) -> int:
        return max((t.machine.held for t in self.tracks.values()), default=0)

    def at(self, locus: TextLocation, key: StreamKey) -> Track:
        """The track of a slot of a whole answer, which knows its own place."""
        track = self.track(key)
        track.locus = locus
        return track

    async def abandon(self) -> None:
        for track in self.tracks.values():
            if track.machine.state is not State.CUT:
                track.abandon()
            if track.held is not None:
                track.held.over()
        await self.tasks.cancel()
