"""The stream machine: one per choice and channel. Events in, commands out; no I/O and no clock.

             TextReceived / PatternsScanned / SentenceJudged        Cut
    OPEN --------------------------------------------------> OPEN -----> CUT
      | UpstreamClosed                                                    ^
      v                                                                   |
    DRAINING -- last answer --> DONE                       DRAINING ------+

Four frontiers move through the text and what lies before all of them leaves:

*settled*   pattern detectors say that nothing before it can change, whatever follows;
*judged*    every sentence before it has its verdict (only where a rule holds sentences), or a text
            that is checked as it grows is clear up to there (`early_release`);
*replaced*  no placeholder before it, and no key of the proxy, can still grow;
*allowed*   the other texts of the answer are decided up to where it came (`release_order`).

Released text, findings and end are therefore the same for any cut of the upstream bytes and any
order of verdicts. Rules that `cut` release text early; for them only the findings are the same.
An edit leaves whole or not at all, and a blocked span stops everything from its first character on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass, field
from typing import assert_never

from threegate.errors import ProtocolError
from threegate.guard.cite import marked
from threegate.guard.redact import EDITS, TERMINAL
from threegate.guard.stream.back_pressure import HIGH_WATER, BackPressure
from threegate.guard.stream.client_view import ClientView
from threegate.guard.stream.early_release import EarlyRelease
from threegate.guard.stream.edits import Edit, Edits
from threegate.guard.stream.events import (
    ALLOWED_EVENTS,
    UNLIMITED,
    AllowRelease,
    ClientDisconnected,
    Command,
    Cut,
    Event,
    Finish,
    PatternsScanned,
    Release,
    SentenceJudged,
    State,
    StepChecked,
    TextReceived,
    UpstreamClosed,
)
from threegate.guard.stream.pattern_frontier import FastPath, PatternFrontier
from threegate.guard.stream.rulings import UnreportedRulings, span_of
from threegate.guard.stream.sentence_queue import SentenceQueue
from threegate.guard.stream.text import KEPT, Replacer, StreamText
from threegate.types import Channel, Ruling, Span, Verdict
from threegate.wire.jsonstrings import JsonStrings

Render = Callable[[Ruling, str], str]
"""The replacement of an edited span: (ruled, original text) -> text."""

Mark = Callable[[Ruling], str]
"""Text inserted at the end of a span whose ruling edits nothing; usually empty."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the rules of a channel need. `hold`: sentences leave after their verdict;
    `release_early`: or before it, if they are clear."""

    channel: Channel
    patterns: bool
    judge: bool
    hold: bool
    release_early: bool = False


@dataclass(slots=True)
class StreamMachine:
    plan: Plan
    render: Render
    replacers: InitVar[Sequence[Replacer]] = ()
    mark: Mark = lambda ruled: ""
    fast_path: InitVar[FastPath | None] = None
    is_json: bool = field(default=False, kw_only=True)
    state: State = field(default=State.OPEN, init=False)
    released: int = field(default=0, init=False)  # code points released so far
    patterns: PatternFrontier = field(init=False, repr=False)
    _text: StreamText = field(init=False, repr=False)
    _sentences: SentenceQueue = field(init=False, repr=False)
    _allowed: int = field(default=UNLIMITED, init=False)
    _edits: Edits = field(default_factory=Edits, init=False, repr=False)
    _unreported: UnreportedRulings = field(default_factory=UnreportedRulings, init=False)
    _stop: tuple[int, Ruling] | None = field(default=None, init=False, repr=False)
    _pressure: BackPressure = field(default_factory=BackPressure, init=False, repr=False)

    def __post_init__(self, replacers: Sequence[Replacer], fast_path: FastPath | None) -> None:
        self._text = StreamText(replacers, JsonStrings() if self.is_json else None)
        self.patterns = PatternFrontier(self._text, fast_path)
        is_early = self.plan.release_early and self.plan.hold
        self._sentences = SentenceQueue(self._text, EarlyRelease() if is_early else None)

    def receive(self, event: Event) -> list[Command]:
        """Raises ProtocolError for an event that the state does not allow."""
        if not isinstance(event, ALLOWED_EVENTS[self.state]):
            raise ProtocolError(f"{type(event).__name__} in state {self.state.name}")
        if self.state is State.CUT:
            return []
        match event:
            case TextReceived(text, last):
                return self._received(text, last=last)
            case PatternsScanned(verdict, settled):
                return self._patterns_scanned(verdict, settled)
            case SentenceJudged(index, verdict):
                return self._sentence_judged(index, verdict)
            case StepChecked(number, clear):
                return self._step_checked(number, clear)
            case UpstreamClosed():
                self.state = State.DRAINING
                return self._next_commands()
            case AllowRelease(to):
                self._allowed = to
                return [] if self.state is State.DONE else self._release()
            case ClientDisconnected():
                self.state = State.CUT
                return []
            case _:
                assert_never(event)

    def before(self, at: int, length: int) -> str:
        """See `StreamText.before`."""
        return self._text.before(at, length)

    @property
    def decided(self) -> int:
        """The position before which everything is decided and nothing stops the text; one after
        the last where the text has ended."""
        if self.state is State.DONE:
            return self._text.end + 1
        stop = self._text.end if self._stop is None else self._stop[0]
        return min(stop, self._edits.complete_before(self._known_to()))

    @property
    def held(self) -> int:
        """Code points received and not released."""
        return self._text.end - self.released

    @property
    def received(self) -> int:
        """Code points received so far."""
        return self._text.end

    # What has come

    def _received(self, text: str, *, last: bool) -> list[Command]:
        if last:
            self.state = State.DRAINING
            if not self._text.end:
                self._sentences.early = None  # all of it is here
        elif not text:
            return []
        self._text.append(text)
        return self._next_commands()

    def _next_commands(self) -> list[Command]:
        final = self.state is State.DRAINING
        for edit in self._text.replace_values(final=final):
            self._edits.add(edit)
        out = self._sentences.commands(final=final) if self.plan.judge else []
        if not self.plan.patterns:
            self.patterns.settle_all(final=final)
        elif not self.patterns.took_fast_path(final=final):  # the answer to the scan releases
            return [*out, *self._pressure.commands(self.held), self.patterns.scan(final=final)]
        return out + self._release()

    # Verdicts

    def _patterns_scanned(self, verdict: Verdict, settled: int) -> list[Command]:
        self._apply(verdict, self.patterns.view, self.patterns.settled)
        self.patterns.scanned(settled, final=self.state is State.DRAINING)
        return self._release()

    def _sentence_judged(self, index: int, verdict: Verdict) -> list[Command]:
        sentence = self._sentences.judged(index)
        self._apply(verdict, sentence.view, sentence.start, sentence.clear_until)
        return self._release()

    def _step_checked(self, number: int, clear: bool) -> list[Command]:
        if self.state is State.DONE:
            return []
        return self._sentences.step_checked(number, clear=clear) + self._release()

    def _apply(self, verdict: Verdict, view: ClientView, fallback: int, left: int = 0) -> None:
        """What lies before `left` may have left."""
        for ruled in filter(None, map(view.ruling, verdict.ruled)):
            span = span_of(ruled, fallback)
            self._unreported.append((span.start, ruled))
            if ruled.shadow:
                continue
            if ruled.action in TERMINAL:
                self._stop_at(max(span.start, self.released, left), ruled)
            elif ruled.action in EDITS and span.start >= self.released:
                original = self._text.view(span.start, span.end).text
                edited = self._text.fitted(self.render(ruled, original), span)
                self._edits.add(Edit(span, edited))
            elif (mark := self.mark(ruled)) and span.end > max(span.start, self.released):
                last = Span(span.end - 1, span.end)
                self._edits.add(Edit(last, marked(mark, self._text.between(last.start, last.end))))

    def _stop_at(self, at: int, ruled: Ruling) -> None:
        if self._stop is None or _rank(at, ruled) < _rank(*self._stop):
            self._stop = (at, ruled)

    # Release

    def _release(self) -> list[Command]:
        if self._is_plain():
            to = min(self.patterns.settled, self._text.replaced, self._allowed)
            return self._release_plain(self._text.before_number(to))
        frontier = self._frontier()
        if self._stop is not None and self._stops_now(self._stop[0], frontier):
            return self._cut(*self._stop)
        done = self._is_done(frontier)
        out = self._unreported.report(self._text.end if done else frontier - 1)
        if frontier > self.released:
            if text := self._rendered(frontier):
                out.append(Release(text))
            self.released = frontier
            self._edits.forget(frontier)
            if frontier - self._text.base > KEPT:
                self._forget()
        if done:
            self.state = State.DONE
            return [*out, Finish()]
        return out + self._pressure.commands(self.held)

    def _is_plain(self) -> bool:
        """Whether nothing was found in the kept text and more is to come, as usual with prose."""
        known = self._edits or self._unreported or self._stop is not None
        return self.state is State.OPEN and not known and not self.plan.hold

    def _release_plain(self, to: int) -> list[Command]:
        text = self._text
        out: list[Command] = []
        if to > self.released:
            out.append(Release(text.between(self.released, to)))
            self.released = to
            if to - text.base > KEPT:
                self._forget()
        if self._pressure.paused or text.end - to > HIGH_WATER:
            out += self._pressure.commands(self.held)
        return out

    def _cut(self, at: int, ruled: Ruling) -> list[Command]:
        out = self._unreported.report(at)
        if text := self._rendered(at):
            out.append(Release(text))
        self.state = State.CUT
        return [*out, Cut(ruled)]

    def _stops_now(self, at: int, frontier: int) -> bool:
        """Strictly before the frontier everything is known, so that the same ruling always wins."""
        early = not self.plan.hold and at <= self.released
        return at < frontier or early or self._is_done(frontier)

    def _is_done(self, frontier: int) -> bool:
        end = self._text.end
        answered = self.patterns.finished and not self._sentences and self._allowed > end
        return self.state is State.DRAINING and answered and frontier == end

    def _known_to(self) -> int:
        at = min(self.patterns.settled, self._text.replaced)
        return min(at, self._sentences.judged_until()) if self.plan.hold else at

    def _frontier(self) -> int:
        at = self._edits.complete_before(min(self._known_to(), self._allowed))
        while (to := self._edits.complete_before(self._before_number(at))) < at:
            at = to
        return at

    def _before_number(self, at: int) -> int:
        ended = self.state is State.DRAINING and at == self._text.end
        return at if ended else self._text.before_number(at)

    def _rendered(self, to: int) -> str:
        if self.is_json:
            self._edits.widen(self.released, to, self._text.whole_number)
        return self._edits.render(self._text.text, self._text.base, self.released, to)

    def _forget(self) -> None:
        """Drops what no scan can reach again."""
        segmented = self._sentences.segmented if self.plan.judge else self._text.end
        self._text.forget(min(self.released, self.patterns.settled, segmented))


def _rank(at: int, ruled: Ruling) -> tuple[int, int, str]:
    return at, -ruled.action, ruled.rule_id
