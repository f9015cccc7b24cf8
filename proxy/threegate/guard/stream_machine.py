"""The stream machine: one per choice and channel. Events in, commands out; no I/O and no clock.

             TextReceived / PatternsScanned / SentenceJudged        Cut
    OPEN --------------------------------------------------> OPEN -----> CUT
      | UpstreamClosed                                                    ^
      v                                                                   |
    DRAINING -- last answer --> DONE                       DRAINING ------+

Three frontiers move through the text and what lies before all of them may leave:

*settled*   pattern detectors say that nothing before it can change, whatever follows;
*judged*    every sentence before it has its verdict (only where a rule holds sentences);
*restored*  no placeholder before it can still grow.

Released text, findings and end are therefore the same for any cut of the upstream bytes and any
order of answers (rules that `cut` release early by their own wish; for them only the findings are
the same).
An edit leaves whole or not at all, and a blocked span stops everything from its first character on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import assert_never

from threegate.errors import ProtocolError
from threegate.guard.cite import marked
from threegate.guard.edits import Edit, Edits
from threegate.guard.events import (
    ClientGone,
    Command,
    Cut,
    Event,
    Finish,
    JudgeSentence,
    PatternsScanned,
    Pause,
    RecordRulings,
    Release,
    Resume,
    ScanPatterns,
    SentenceJudged,
    TextReceived,
    UpstreamClosed,
)
from threegate.guard.mask import Restored, Restorer
from threegate.guard.redact import EDITS, TERMINAL
from threegate.guard.segments import sentences
from threegate.types import Channel, Finding, Ruling, Span, Verdict

LOOKBEHIND = 64
"""What a pattern may look at before its start: `detectors.base.LOOKBEHIND`, asserted equal in a
test."""

CONTEXT = 400
"""Code points before a sentence that classifiers may see, so that harm spread over sentences is
seen."""

KEPT = 5 * CONTEXT
"""Code points that have been released and are kept, at most while the other frontiers keep up."""

HIGH_WATER, LOW_WATER = 64 * 1024, 16 * 1024
"""Held code points at which reading from upstream pauses, and goes on again."""


class State(Enum):
    OPEN = auto()
    DRAINING = auto()
    DONE = auto()
    CUT = auto()


ALLOWED: dict[State, tuple[type[Event], ...]] = {
    State.OPEN: (TextReceived, PatternsScanned, SentenceJudged, UpstreamClosed, ClientGone),
    State.DRAINING: (PatternsScanned, SentenceJudged, ClientGone),
    State.DONE: (SentenceJudged, ClientGone),  # rules that cut may answer after the text has left
    State.CUT: (TextReceived, PatternsScanned, SentenceJudged, UpstreamClosed, ClientGone),
}

_NEUTRAL = re.compile("[\n。，！？；：、\u4e00-\u9fff]")

Render = Callable[[Ruling, str], str]
"""What stands in the place of an edited span: (ruled, original text) -> text."""

Quiet = Callable[[str, int], int]
"""What a pattern scan of a text would call settled that finds nothing behind a position; -1 where
only the scan can say. `detectors.base.Quiet`."""

Mark = Callable[[Ruling], str]
"""What stands at the end of the span of a ruling that edits nothing; mostly empty."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the rules of a channel need. `hold`: sentences leave after their verdict."""

    channel: Channel
    patterns: bool
    judge: bool
    hold: bool


@dataclass(slots=True)
class StreamMachine:
    plan: Plan
    render: Render
    restorer: Restorer | None = None
    mark: Mark = lambda ruled: ""
    quiet: Quiet | None = None
    state: State = field(default=State.OPEN, init=False)
    _text: str = field(default="", init=False, repr=False)
    _base: int = field(default=0, init=False)  # position of _text[0]; what lies before is forgotten
    _end: int = field(default=0, init=False)  # position behind the last code point received
    _released: int = field(default=0, init=False)
    _settled: int = field(default=0, init=False)
    _scanned: bool = field(default=False, init=False)  # the final pattern scan has been answered
    _segmented: int = field(default=0, init=False)
    _restored: int = field(default=0, init=False)
    _ends: list[int] = field(default_factory=list, init=False, repr=False)
    _waiting: set[int] = field(default_factory=set, init=False, repr=False)
    _edits: Edits = field(default_factory=Edits, init=False, repr=False)
    _ruled: list[tuple[int, Ruling]] = field(default_factory=list, init=False, repr=False)
    _stop: tuple[int, Ruling] | None = field(default=None, init=False, repr=False)
    _paused: bool = field(default=False, init=False)

    def receive(self, event: Event) -> list[Command]:
        """Raises ProtocolError for an event that the state does not allow."""
        if not isinstance(event, ALLOWED[self.state]):
            raise ProtocolError(f"{type(event).__name__} in state {self.state.name}")
        if self.state is State.CUT:
            return []
        match event:
            case TextReceived(text, last):
                return self._more(text, last=last)
            case PatternsScanned(verdict, settled):
                return self._patterns(verdict, settled)
            case SentenceJudged(index, verdict):
                return self._judged(index, verdict)
            case UpstreamClosed():
                self.state = State.DRAINING
                return self._ask()
            case ClientGone():
                self.state = State.CUT
                return []
            case _:
                assert_never(event)

    def tail(self, length: int) -> str:
        """The last code points received, at most `length` and at most what is kept."""
        return self._text[-length:]

    @property
    def held(self) -> int:
        """Code points received and not released."""
        return self._end - self._released

    @property
    def received(self) -> int:
        """Code points received so far."""
        return self._end

    def _more(self, text: str, *, last: bool) -> list[Command]:
        if last:
            self.state = State.DRAINING
        elif not text:
            return []
        self._text += text
        self._end += len(text)
        return self._ask()

    def _ask(self) -> list[Command]:
        out: list[Command] = []
        if self.plan.judge:
            out += self._segment()
        if not self.plan.patterns:
            self._settled = self._end
            self._scanned = self.state is State.DRAINING
        elif not self._is_quiet():  # the answer to the scan releases
            return [*out, *self._pressure(), self._scan()]
        return out + self._release()

    def _is_quiet(self) -> bool:
        """Whether a scan would find nothing new; then its answer needs no scan."""
        if self.quiet is None:
            return False
        settled = self.quiet(self._text, self._settled - self._base)
        if settled < 0:
            return False
        self._scanned = self.state is State.DRAINING
        self._settled = max(self._settled, self._end if self._scanned else self._base + settled)
        return True

    def _scan(self) -> ScanPatterns:
        start = self._line_start(self._settled - LOOKBEHIND)
        text = self._text[start - self._base :]
        return ScanPatterns(text, start, self._settled, self.state is State.DRAINING)

    def _line_start(self, at: int) -> int:
        """A neutral place to begin a scan: after a line break or a Han character, never inside a
        word."""
        at = max(at, self._base) - self._base
        before = self._text[max(0, at - LOOKBEHIND) : at][::-1]
        neutral = _NEUTRAL.search(before)
        return self._base + at - (neutral.start() if neutral else len(before))

    def _segment(self) -> list[Command]:
        out: list[Command] = []
        final = self.state is State.DRAINING
        for s in sentences(self._text, self._segmented - self._base, final=final):
            index, start = len(self._ends), s.start
            text = self._text[start : s.end]
            self._ends.append(self._base + s.end)
            self._segmented = self._base + s.end
            if text.strip():
                self._waiting.add(index)
                before = self._text[max(0, start - CONTEXT) : start]
                out.append(JudgeSentence(index, text, self._base + start, before))
        return out

    def _patterns(self, verdict: Verdict, settled: int) -> list[Command]:
        self._apply(verdict, self._settled)
        self._settled = max(self._settled, min(settled, self._end))
        self._scanned = self.state is State.DRAINING
        return self._release()

    def _judged(self, index: int, verdict: Verdict) -> list[Command]:
        self._waiting.discard(index)
        start = self._ends[index - 1] if index else 0
        self._apply(verdict, start)
        return self._release()

    def _apply(self, verdict: Verdict, fallback: int) -> None:
        for ruled in verdict.ruled:
            span = _span_of(ruled, fallback)
            self._ruled.append((span.start, ruled))
            if ruled.shadow:
                continue
            if ruled.action in TERMINAL:
                self._stop_at(max(span.start, self._released), ruled)
            elif ruled.action in EDITS and span.start >= self._released:
                original = self._text[span.start - self._base : span.end - self._base]
                self._edits.add(Edit(span, self.render(ruled, original)))
            elif (mark := self.mark(ruled)) and span.end > max(span.start, self._released):
                last = Span(span.end - 1, span.end)
                self._edits.add(Edit(last, marked(mark, self._text[last.start - self._base])))

    def _record(self, to: int) -> list[Command]:
        """Rulings are told in text order, when the text that they are about is decided."""
        if not self._ruled:
            return []
        now = sorted((r for r in self._ruled if r[0] <= to), key=_by_place)
        self._ruled = [r for r in self._ruled if r[0] > to]
        return [RecordRulings(tuple(r for _, r in now))] if now else []

    def _stop_at(self, at: int, ruled: Ruling) -> None:
        if self._stop is None or _rank(at, ruled) < _rank(*self._stop):
            self._stop = (at, ruled)

    def _release(self) -> list[Command]:
        self._restore()
        if self._flows():
            return self._flow(min(self._settled, self._restored))
        frontier = self._frontier()
        if self._stop is not None and self._stops_now(self._stop[0], frontier):
            return self._cut(*self._stop)
        done = self._settled_all(frontier)
        out = self._record(self._end if done else frontier - 1)
        if frontier > self._released:
            if text := self._rendered(frontier):
                out.append(Release(text))
            self._released = frontier
            self._forget()
        if done:
            self.state = State.DONE
            return [*out, Finish()]
        return out + self._pressure()

    def _flows(self) -> bool:
        """Nothing is known of the text that is kept, and more is to come: as it is with prose."""
        known = self._edits or self._ruled or self._stop is not None
        return self.state is State.OPEN and not known and not self.plan.hold

    def _flow(self, to: int) -> list[Command]:
        out: list[Command] = []
        if to > self._released:
            out.append(Release(self._text[self._released - self._base : to - self._base]))
            self._released = to
            self._forget()
        return out + self._pressure()

    def _cut(self, at: int, ruled: Ruling) -> list[Command]:
        out = self._record(at)
        if text := self._rendered(at):
            out.append(Release(text))
        self.state = State.CUT
        return [*out, Cut(ruled)]

    def _stops_now(self, at: int, frontier: int) -> bool:
        """Strictly before the frontier everything is known, so that the same ruling always wins."""
        early = not self.plan.hold and at <= self._released
        return at < frontier or early or self._settled_all(frontier)

    def _settled_all(self, frontier: int) -> bool:
        answered = self._scanned and not self._waiting
        return self.state is State.DRAINING and answered and frontier == self._end

    def _frontier(self) -> int:
        at = min(self._settled, self._restored)
        if self.plan.hold:
            at = min(at, self._judged_to())
        return self._edits.whole_before(at)

    def _judged_to(self) -> int:
        if not self._waiting:
            return self._segmented
        first = min(self._waiting)
        return self._ends[first - 1] if first else 0

    def _restore(self) -> None:
        if self.restorer is None:
            self._restored = self._end
            return
        if self._restored == self._end:
            return
        final = self.state is State.DRAINING
        found, open_from = self.restorer.find(
            self._text, self._restored - self._base, self.plan.channel, final=final
        )
        for r in found:
            self._edits.add(_absolute(r, self._base))
        self._restored = self._base + open_from

    def _rendered(self, to: int) -> str:
        return self._edits.render(self._text, self._base, self._released, to)

    def _forget(self) -> None:
        """Drops what no scan can reach again; without it a long stream costs its length squared."""
        self._edits.forget(self._released)
        if self._released - self._base <= KEPT:
            return
        keep = min(self._released, self._settled, self._segmented if self.plan.judge else self._end)
        keep -= max(CONTEXT, 2 * LOOKBEHIND)
        if keep - self._base > 4 * CONTEXT:
            self._text = self._text[keep - self._base :]
            self._base = keep

    def _pressure(self) -> list[Command]:
        if not self._paused and self.held > HIGH_WATER:
            self._paused = True
            return [Pause()]
        if self._paused and self.held < LOW_WATER:
            self._paused = False
            return [Resume()]
        return []


def _span_of(ruled: Ruling, fallback: int) -> Span:
    """A failure has no span: it counts from the start of what could not be judged."""
    if isinstance(ruled.finding, Finding):
        return ruled.finding.span
    return Span(fallback, fallback)


def _rank(at: int, ruled: Ruling) -> tuple[int, int, str]:
    return at, -ruled.action, ruled.rule_id


def _by_place(item: tuple[int, Ruling]) -> tuple[int, str, str]:
    at, ruled = item
    kind = ruled.finding.kind if isinstance(ruled.finding, Finding) else ""
    return at, ruled.rule_id, kind


def _absolute(restored: Restored, base: int) -> Edit:
    return Edit(Span(restored.span.start + base, restored.span.end + base), restored.text)
