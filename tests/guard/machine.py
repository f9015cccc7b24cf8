"""A driver for the stream machine: scripted detectors, any cut of the text, any order of answers."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from threegate.guard.masking.restore import Restored
from threegate.guard.stream.events import (
    CheckStep,
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
from threegate.guard.stream.machine import Plan, StreamMachine
from threegate.guard.stream.text import Replacer
from threegate.types import (
    Action,
    Channel,
    Finding,
    Layer,
    Level,
    Ruling,
    Span,
    TextLocation,
    Verdict,
)

LOCUS = TextLocation(Layer.OUTPUT, Channel.CONTENT, choice=0)
SECRET = re.compile(r"\d{3}-\d{3}")

PATTERNS = Plan(Channel.CONTENT, patterns=True, judge=False, hold=False)
HOLD = Plan(Channel.CONTENT, patterns=True, judge=True, hold=True)
CUT = Plan(Channel.CONTENT, patterns=True, judge=True, hold=False)
EARLY = Plan(Channel.CONTENT, patterns=True, judge=True, hold=True, release_early=True)


def ruled(kind: str, start: int, end: int, action: Action) -> Ruling:
    finding = Finding("test", kind, Span(start, end), 1.0, Level.HIGH, LOCUS)
    return Ruling(kind, action, finding)


def settled_of(text: str) -> int:
    """Where an unfinished `ddd-ddd` may begin: any tail of digits and dashes that fits."""
    matched = max((m.end() for m in SECRET.finditer(text)), default=0)
    for n in range(min(6, len(text) - matched), 0, -1):
        if re.fullmatch(r"\d{0,3}|\d{3}-\d{0,2}", text[-n:]):
            return len(text) - n
    return len(text)


@dataclass
class Driver:
    """`pattern` acts on each `ddd-ddd`; a sentence that holds `bad` gets `judge`; `gone` fails. A
    step is clear that has nothing of `bad` nor of `near` in it."""

    plan: Plan
    pattern: Action = Action.REDACT
    judge: Action = Action.BLOCK
    order: random.Random = field(default_factory=lambda: random.Random(0))
    replacers: Sequence[Replacer] = ()
    mark: Callable[[Ruling], str] = lambda r: ""
    released: str = ""
    findings: set[tuple[str, int, int]] = field(default_factory=set)
    near: str = "!"
    pending: list[JudgeSentence | CheckStep] = field(default_factory=list)
    cut: Cut | None = None
    finished: bool = False
    releases: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine = StreamMachine(
            self.plan, lambda r, t: f"<{r.rule_id}>", self.replacers, self.mark
        )

    def run(self, pieces: list[str], *, eager: bool = False) -> Driver:
        for piece in pieces:
            self.do(self.machine.receive(TextReceived(piece)))
            self.answer(everything=eager)
        if self.machine.state is not State.CUT:
            self.do(self.machine.receive(UpstreamClosed()))
        self.answer(everything=True)
        return self

    def answer(self, *, everything: bool) -> None:
        while self.pending and (everything or self.order.random() < 0.5):
            asked = self.pending.pop(self.order.randrange(len(self.pending)))
            if self.machine.state is State.CUT:
                continue
            if isinstance(asked, CheckStep):
                clear = not re.search(f"bad|{self.near}", asked.text)
                self.do(self.machine.receive(StepChecked(asked.number, clear)))
                continue
            hits = [
                ruled("bad", asked.offset + m.start(), asked.offset + m.end(), self.judge)
                for m in re.finditer("bad", asked.text)
                if not asked.clear
            ]
            verdict = Verdict(self.judge if hits else Action.ALLOW, tuple(hits))
            self.do(self.machine.receive(SentenceJudged(asked.index, verdict)))

    def do(self, commands: list[Command]) -> None:
        for command in commands:
            match command:
                case ScanPatterns():
                    self.scan(command)
                case JudgeSentence() | CheckStep():
                    self.pending.append(command)
                case Release(text):
                    assert text
                    self.released += text
                    self.releases.append(text)
                case Cut():
                    self.cut = command
                case Finish():
                    self.finished = True
                case RecordRulings(all_ruled):
                    self.findings |= {
                        (r.rule_id, r.finding.span.start, r.finding.span.end) for r in all_ruled
                    }

    def scan(self, asked: ScanPatterns) -> None:
        if self.machine.state is State.CUT:
            return
        end = len(asked.text) if asked.final else settled_of(asked.text)
        hits = tuple(
            ruled("id", asked.offset + m.start(), asked.offset + m.end(), self.pattern)
            for m in SECRET.finditer(asked.text)
            if m.end() <= end and asked.offset + m.start() >= asked.since
        )
        verdict = Verdict(self.pattern if hits else Action.ALLOW, hits)
        self.do(self.machine.receive(PatternsScanned(verdict, asked.offset + end)))


def outcome(driver: Driver) -> tuple[str, frozenset[tuple[str, int, int]], str, bool]:
    return (
        driver.released,
        frozenset(driver.findings),
        driver.cut.ruled.rule_id if driver.cut else "",
        driver.finished,
    )


def fed(machine: StreamMachine, text: str, settled: int | None = None) -> list[Command]:
    """A text comes, its scan says that all of it or as much is settled."""
    asked = machine.receive(TextReceived(text))
    if not any(isinstance(c, ScanPatterns) for c in asked):
        return asked
    to = machine.received if settled is None else settled
    return [*asked, *machine.receive(PatternsScanned(Verdict(), to))]


@dataclass
class Shortened:
    """Replaces each `<...>` by one letter."""

    def find(self, text: str, base: int, start: int, *, final: bool) -> tuple[list[Restored], int]:
        found = [
            Restored(Span(base + m.start(), base + m.end()), "v", "k")
            for m in re.finditer("<-*>", text)
            if base + m.start() >= start
        ]
        begun = text.rfind("<")
        open_ = begun >= 0 and ">" not in text[begun:] and not final
        return found, base + (begun if open_ else len(text))
