"""One text of an answer on its way through its stream machine. Released text waits until it is sent
to the client."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING

from threegate.detectors.engine.budget import STREAMED_S, SlowSearches
from threegate.errors import UpstreamError
from threegate.gateway.answer.output_contract import Gate
from threegate.gateway.answer.text_checks import TextChecks
from threegate.gateway.long_bodies import off_loop
from threegate.gateway.request.request_context import language_of_text
from threegate.gateway.telemetry.hold_timer import HoldTimer
from threegate.guard.notes_below import notes_below
from threegate.guard.output import ChannelGuard
from threegate.guard.redact import TERMINAL, edited
from threegate.guard.stream.events import (
    AllowRelease,
    CheckStep,
    ClientDisconnected,
    Command,
    Cut,
    Event,
    Finish,
    JudgeSentence,
    RecordRulings,
    Release,
    ScanPatterns,
    State,
    TextReceived,
    UpstreamClosed,
)
from threegate.guard.stream.machine import StreamMachine
from threegate.i18n.messages import localized
from threegate.types import Channel, Finding, Ruling, TextLocation, frozen
from threegate.wire.adapter import StreamKey
from threegate.wire.frame_codec import FIELD_PARTS

if TYPE_CHECKING:
    from threegate.gateway.answer.guarded_answer import GuardedAnswer


BEGINNING_CHARS = 120
"""Their language is that of a text: a sentence, before code or a table follows."""

_ENDED = (State.DRAINING, State.DONE)


class TextState(Enum):
    RUNNING = auto()
    RELEASED = auto()  # all of it has been released
    STOPPED = auto()  # a ruling ended it


@frozen
class TextOptions:
    """How one text is shown. `gate` sees the whole text before any of it leaves; `substitute` is
    what the client reads instead; `hold_timer` measures how long text is held."""

    gate: Gate | None = None
    substitute: str | None = None
    hold_timer: HoldTimer | None = None


def _streamed() -> SlowSearches:
    return SlowSearches(STREAMED_S)


@dataclass(slots=True, eq=False)
class GuardedText:
    key: StreamKey
    locus: TextLocation
    machine: StreamMachine
    guard: ChannelGuard
    answer: GuardedAnswer
    options: TextOptions
    state: TextState = TextState.RUNNING
    raw: list[str] = field(default_factory=list, repr=False)  # as the model sent it
    released: list[str] = field(default_factory=list, repr=False)
    ruled: list[Ruling] = field(default_factory=list, repr=False)
    own_patterns: SlowSearches = field(default_factory=_streamed, repr=False)  # of all its scans
    _beginning: str = field(default="", repr=False)  # whose language is that of the text
    _ready: list[str] = field(default_factory=list, repr=False)  # released and not sent yet
    _substituted: bool = False

    def feed(self, text: str) -> None:
        self._count(text)
        self.answer.arrived(self, self.machine.received + len(text))
        self.receive(TextReceived(text))
        self.answer.advance()

    async def feed_whole(self, text: str) -> None:
        """Feeds a text that arrived as a whole, so no `close` is needed; a long one in a thread.
        Raises OverloadError if too much is waiting for threads."""
        self._count(text)
        self.machine.patterns.fast_path = None  # disguises look plain
        long_text = self.answer.detector_set.patterns.long_text
        commands = await off_loop(len(text), partial(self._scanned, text), long_text)
        self.answer.arrived(self, len(text) + 1)  # from now on verdicts on others release it
        self._run(commands)
        self.answer.advance()

    def _scanned(self, text: str) -> list[Command]:
        """What follows from a whole text and its scan."""
        out: list[Command] = []
        for command in self.machine.receive(TextReceived(text, last=True)):
            match command:
                case ScanPatterns():
                    checks = TextChecks(self, self.answer)
                    out += self.machine.receive(checks.scan(command, complete=True))
                case _:
                    out.append(command)
        return out

    def _count(self, text: str) -> None:
        """Raises UpstreamError for text after the end of this one, or too much of it."""
        if self.machine.state in _ENDED:
            raise UpstreamError(localized("event-shape"))
        if not self.is_field:
            self.answer.count(len(text))
        if self.answer.keep:
            self.raw.append(text)
        received = self.machine.received
        if received < BEGINNING_CHARS:
            self._beginning += text[: BEGINNING_CHARS - received]
        if self.options.hold_timer is not None:
            self.options.hold_timer.received(received + len(text))

    def close(self) -> None:
        if self.machine.state is State.OPEN:
            self.answer.arrived(self, self.machine.received + 1)
            self.receive(UpstreamClosed())
            self.answer.advance()

    def allow_release(self, to: int) -> None:
        self.receive(AllowRelease(to))

    def abandon(self) -> None:
        if self.machine.state is not State.CUT:
            self.receive(ClientDisconnected())
        if self.options.hold_timer is not None:
            self.options.hold_timer.flush()

    def receive(self, event: Event) -> None:
        """Passes an event to the machine and carries out its commands."""
        self._run(self.machine.receive(event))

    @property
    def is_field(self) -> bool:
        """Whether the text is in a separate field next to the answer."""
        return self.key.part >= FIELD_PARTS

    @property
    def is_released(self) -> bool:
        """Whether all of it has been released."""
        return self.state is TextState.RELEASED

    @property
    def redacted(self) -> str:
        """The model's text as the log may keep it: every edit made, nothing restored, and nothing
        after the place where a ruling stopped it, because that was not checked."""
        raw = "".join(self.raw)
        if self.state is TextState.STOPPED:
            found = (r.finding for r in self.ruled)
            raw = raw[: max((f.span.end for f in found if isinstance(f, Finding)), default=0)]
        channel = self.locus.channel
        guard = self.answer.guard
        is_json = guard.is_json(channel)
        return edited(raw, self.ruled, guard.renderer(channel), is_json=is_json)

    def take(self) -> str:
        """Text released since the last call; with a gate, nothing until the whole text has passed
        it."""
        if not self._ready or (self.options.gate and self.state is TextState.RUNNING):
            return ""
        text = "".join(self._ready)
        self._ready.clear()
        if self.options.substitute is not None and text:
            text = "" if self._substituted else self.options.substitute
            self._substituted = True
        return text

    def suffix(self, label: str) -> str:
        """What follows the text: the sources named by its marks, the notes of its rules, then the
        AI label. Nothing follows a text in a separate field."""
        answers = self.key.channel is Channel.CONTENT and not self.is_field
        if not answers or not self.machine.received:
            return ""
        return self.answer.guard.citations.listing(self.ruled) + self._notes() + label

    def _notes(self) -> str:
        """In the language in which the text begins; code may follow. A rule that matches several
        texts of a choice writes beneath the first; JSON stays JSON."""
        notes = notes_below(self.ruled, self.guard.rule_set.by_id)
        if not notes or self.answer.guard.is_json(self.locus.channel):
            return ""
        language = language_of_text(self._beginning)
        new = self.answer.first_notes(self.key.choice, notes)
        return "".join([f"\n\n{notes[rule].get(language)}" for rule in new])

    def _run(self, commands: Sequence[Command]) -> None:
        """Carries out commands in order, checks last, because the result of a scan may lead to
        further commands."""
        checks: list[JudgeSentence | CheckStep | ScanPatterns] = []
        for command in commands:
            match command:
                case Release(text):
                    self._release(text)
                case ScanPatterns() | JudgeSentence() | CheckStep():
                    checks.append(command)
                case RecordRulings(ruled):
                    self._record(ruled)
                case Cut(stopped):
                    self.state = TextState.STOPPED
                    self.answer.cut = self.answer.cut or stopped
                case Finish():
                    self._finish()
                case _:
                    pass  # Pause and Resume: the reader looks at `held` instead
        if checks:
            self._check(checks)

    def _check(self, asked: Sequence[JudgeSentence | CheckStep | ScanPatterns]) -> None:
        checks = TextChecks(self, self.answer)
        sentences = [s for s in asked if isinstance(s, JudgeSentence)]
        if sentences and self.is_field:
            checks.judge_once(sentences)
        elif sentences:
            checks.judge(sentences)
        if steps := [s for s in asked if isinstance(s, CheckStep)]:
            checks.check_steps(steps)
        for scan in [s for s in asked if isinstance(s, ScanPatterns)]:
            if self.machine.state is not State.CUT:
                self.receive(checks.scan(scan))

    def _release(self, text: str) -> None:
        self._ready.append(text)
        if self.options.hold_timer is not None:
            self.options.hold_timer.released(self.machine.released)
        if self.answer.keep:
            self.released.append(text)

    def _finish(self) -> None:
        self.state = TextState.RELEASED
        gate = self.options.gate
        ruled = gate("".join(self._ready)) if gate is not None else None
        if ruled is None:
            return
        if ruled.action in TERMINAL:
            self._ready.clear()
            self.state = TextState.STOPPED
            self.answer.stop(ruled)
        else:
            self._record((ruled,))

    def _record(self, ruled: tuple[Ruling, ...]) -> None:
        self.ruled += ruled
        self.answer.ruled += ruled
