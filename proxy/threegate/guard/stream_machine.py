"""The stream machine: one per choice and channel. Events in, commands out; no I/O and no clock.

             TextReceived / PatternsScanned / SentenceJudged        Cut
    OPEN --------------------------------------------------> OPEN -----> CUT
      | UpstreamClosed                                                    ^
      v                                                                   |
    DRAINING -- last answer --> DONE                       DRAINING ------+

Four frontiers move through the text and what lies before all of them leaves:

*settled*   pattern detectors say that nothing before it can change, whatever follows;
*judged*    every sentence before it has its verdict (only where a rule holds sentences), or a text
            that is read as it grows is clear up to there (`growth`);
*replaced*  no placeholder before it, and no key of the proxy, can still grow;
*allowed*   the other texts of the answer are decided up to where it came (`release_order`).

Released text, findings and end are therefore the same for any cut of the upstream bytes and any
order of verdicts. Rules that `cut` release text early; for them only the findings are the same.
An edit leaves whole or not at all, and a blocked span stops everything from its first character on.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from itertools import takewhile
from typing import Protocol, assert_never

from threegate.errors import ProtocolError
from threegate.guard.cite import marked
from threegate.guard.client_view import ClientView
from threegate.guard.edits import Edit, Edits
from threegate.guard.events import (
    UNLIMITED,
    ClientGone,
    Command,
    Cut,
    Event,
    Finish,
    JudgeSentence,
    MayLeave,
    PatternsScanned,
    Pause,
    ReadStep,
    RecordRulings,
    Release,
    Resume,
    ScanPatterns,
    SentenceJudged,
    StepRead,
    TextReceived,
    UpstreamClosed,
)
from threegate.guard.growth import Growth, reads_question
from threegate.guard.redact import EDITS, TERMINAL
from threegate.guard.restore import Restored
from threegate.guard.segments import sentences
from threegate.types import Channel, Finding, Ruling, Span, Verdict
from threegate.wire.jsontext import JsonStrings

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


_ALWAYS = (MayLeave, ClientGone)
_JUDGED = (SentenceJudged, StepRead)
ALLOWED: dict[State, tuple[type[Event], ...]] = {
    State.OPEN: (*_ALWAYS, TextReceived, PatternsScanned, *_JUDGED, UpstreamClosed),
    State.DRAINING: (*_ALWAYS, PatternsScanned, *_JUDGED),
    State.DONE: (*_ALWAYS, *_JUDGED),  # verdicts of rules that cut may come late
    State.CUT: (*_ALWAYS, TextReceived, PatternsScanned, *_JUDGED, UpstreamClosed),
}

_NEUTRAL = re.compile("[\n。，！？；：、\u4e00-\u9fff]")

Render = Callable[[Ruling, str], str]
"""The replacement of an edited span: (ruled, original text) -> text."""

Quiet = Callable[[str, int], int]
"""How much of a text a pattern scan would report as settled if it found nothing after a position.
-1 where only the scan can tell. `detectors.base.Quiet`."""


class Replacer(Protocol):
    """What puts something else in the place of parts of a text, whatever the rules say: masked
    values, and the proxy's own keys."""

    def find(self, text: str, base: int, start: int, *, final: bool) -> tuple[list[Restored], int]:
        """Replacements from `start` on, and the position before which none can begin any more.
        `text` begins at `base`; positions count from the start of the whole text."""
        ...


Mark = Callable[[Ruling], str]
"""Text inserted at the end of a span whose ruling edits nothing; mostly empty."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the rules of a channel need. `hold`: sentences leave after their verdict; `grow`: or
    before it, as far as they are clear."""

    channel: Channel
    patterns: bool
    judge: bool
    hold: bool
    grow: bool = False


@dataclass(slots=True)
class StreamMachine:
    plan: Plan
    render: Render
    replacers: Sequence[Replacer] = ()
    mark: Mark = lambda ruled: ""
    quiet: Quiet | None = None
    state: State = field(default=State.OPEN, init=False)
    _text: str = field(default="", init=False, repr=False)
    _base: int = field(default=0, init=False)  # position of _text[0]; what lies before is forgotten
    _end: int = field(default=0, init=False)  # one position after the last code point received
    _released: int = field(default=0, init=False)
    _allowed: int = field(default=UNLIMITED, init=False)
    _settled: int = field(default=0, init=False)
    _scanned: bool = field(default=False, init=False)  # the final pattern scan has been answered
    _segmented: int = field(default=0, init=False)
    _replaced: int = field(default=0, init=False)
    _strings: JsonStrings | None = field(default=None, init=False, repr=False)
    _replaced_by: list[int] = field(init=False)  # the same for each of the replacers
    _ends: list[int] = field(default_factory=list, init=False, repr=False)
    _waiting: dict[int, ClientView] = field(default_factory=dict, init=False, repr=False)
    _growth: Growth | None = field(default=None, init=False, repr=False)
    _steps: deque[tuple[int, Span]] = field(default_factory=deque, init=False, repr=False)
    _unread: deque[JudgeSentence] = field(default_factory=deque, init=False, repr=False)
    _clear: set[int] = field(default_factory=set, init=False)  # sentences that nothing holds
    _scanned_view: ClientView = field(default_factory=ClientView, init=False, repr=False)
    _values: list[Restored] = field(default_factory=list, init=False, repr=False)
    _edits: Edits = field(default_factory=Edits, init=False, repr=False)
    _ruled: list[tuple[int, Ruling]] = field(default_factory=list, init=False, repr=False)
    _stop: tuple[int, Ruling] | None = field(default=None, init=False, repr=False)
    _paused: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._replaced_by = [0] * len(self.replacers)
        if self.plan.channel is Channel.TOOL_ARGUMENTS:
            self._strings = JsonStrings()
        if self.plan.grow and self.plan.hold:
            self._growth = Growth()

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
            case StepRead(number, clear):
                return self._step_read(number, clear)
            case UpstreamClosed():
                self.state = State.DRAINING
                return self._next_commands()
            case MayLeave(to):
                self._allowed = to
                return [] if self.state is State.DONE else self._release()
            case ClientGone():
                self.state = State.CUT
                return []
            case _:
                assert_never(event)

    def before(self, at: int, length: int) -> str:
        """The code points before a position as the model sent them, at most `length` and at most
        what is kept."""
        return self._text[max(0, at - length - self._base) : max(0, at - self._base)]

    @property
    def decided(self) -> int:
        """The position before which everything is decided and nothing stops the text; one after
        the last where the text has ended."""
        if self.state is State.DONE:
            return self._end + 1
        stop = self._end if self._stop is None else self._stop[0]
        return min(stop, self._edits.whole_before(self._known_to()))

    @property
    def held(self) -> int:
        """Code points received and not released."""
        return self._end - self._released

    @property
    def released(self) -> int:
        """Code points released so far."""
        return self._released

    @property
    def received(self) -> int:
        """Code points received so far."""
        return self._end

    def _more(self, text: str, *, last: bool) -> list[Command]:
        if last:
            self.state = State.DRAINING
            if not self._end:
                self._growth = None  # all of it is here
        elif not text:
            return []
        self._text += text
        self._end += len(text)
        if self._strings is not None:
            self._strings.feed(text)
        return self._next_commands()

    def _next_commands(self) -> list[Command]:
        self._replace()
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
        if self.quiet is None or (self._values and self._values[-1].span.end > self._scan_start()):
            return False
        settled = self.quiet(self._stable(), self._settled - self._base)
        if settled < 0:
            return False
        self._scanned = self.state is State.DRAINING
        self._settled = max(self._settled, self._end if self._scanned else self._base + settled)
        return True

    def _scan(self) -> ScanPatterns:
        start = self._scan_start()
        view = self._scanned_view = self._view(start, self._replaced)
        since = view.shown(self._settled)
        return ScanPatterns(view.text, start, since, self.state is State.DRAINING)

    def _scan_start(self) -> int:
        start = self._line_start(self._settled - LOOKBEHIND - self._shortened())
        at = bisect_right(self._values, start, key=_end_of)
        within = at < len(self._values) and self._values[at].span.start < start
        return self._values[at].span.start if within else start

    def _shortened(self) -> int:
        """By how much values are shorter than their placeholders: what the client reads must be
        long enough for a look back."""
        near = takewhile(lambda v: v.span.end > self._settled - CONTEXT, reversed(self._values))
        less = sum(max(0, v.span.end - v.span.start - len(v.text)) for v in near)
        return min(CONTEXT // 2, less)

    def _stable(self) -> str:
        """The text up to where a placeholder may still grow."""
        open_ = self._end - self._replaced
        return self._text[:-open_] if open_ else self._text

    def _view(self, start: int, end: int) -> ClientView:
        text = self._text[start - self._base : end - self._base]
        if not self._values:
            return ClientView(text, start)
        first = bisect_left(self._values, start, key=_start_of)
        last = bisect_right(self._values, end, first, key=_end_of)
        return ClientView.of(text, start, self._values[first:last])

    def _line_start(self, at: int) -> int:
        """A neutral place to begin a scan: after a line break or a Han character, never inside a
        word."""
        at = max(at, self._base) - self._base
        before = self._text[max(0, at - LOOKBEHIND) : at][::-1]
        neutral = _NEUTRAL.search(before)
        return self._base + at - (neutral.start() if neutral else len(before))

    def _segment(self) -> list[Command]:
        asked = list(self._sentences())
        if self._growth is None:
            return [*asked]
        self._unread += asked
        return [*self._grow(), *self._ready()]

    def _sentences(self) -> Iterator[JudgeSentence]:
        final = self.state is State.DRAINING
        for s in sentences(self._stable(), self._segmented - self._base, final=final):
            index, start = len(self._ends), self._base + s.start
            end = self._segmented = self._base + s.end
            self._ends.append(end)
            if self._text[s.start : s.end].strip():
                view = self._waiting[index] = self._view(start, end)
                yield JudgeSentence(index, view.text, start, end, self._context(start))

    def _context(self, start: int) -> str:
        return self._view(max(self._base, start - CONTEXT), start).text

    def _grow(self) -> list[Command]:
        """Steps to read of those that have come. A blank one is clear."""
        if (growth := self._growth) is None:
            return []
        out: list[Command] = []
        final = self.state is State.DRAINING
        self._steps += growth.steps(self._stable(), self._base, final=final)
        while self._steps and (matters := self._matters(growth, self._steps[0][1])) is not None:
            number, at = self._steps.popleft()
            text = self._view(at.start, at.end).text
            if matters and text.strip():
                before, asked = self._context(at.start), reads_question(number)
                out.append(ReadStep(number, text, at.start, at.end, before, asked))
            else:  # what a held sentence leaves unread is not clear
                growth.read(number, clear=matters)
        return out

    def _matters(self, growth: Growth, at: Span) -> bool | None:
        """Whether anything depends on a step: not if it lies in a sentence that is held anyway.
        None while such a sentence goes on."""
        nth = bisect_right(self._ends, at.start)
        start = self._ends[nth - 1] if nth else 0
        if not growth.is_held(start, at.start):
            return True
        return at.end > self._ends[nth] if nth < len(self._ends) else None

    def _step_read(self, number: int, clear: bool) -> list[Command]:
        if self._growth is None or self.state is State.DONE:
            return []
        self._growth.read(number, clear=clear)
        return [*self._ready(), *self._release()]

    def _ready(self) -> list[Command]:
        """Sentences whose steps have been read."""
        out: list[Command] = []
        while self._growth is not None and self._unread:
            asked = self._unread[0]
            clear = self._growth.says(asked.offset, asked.end)
            if clear is None:
                break
            if clear:
                self._clear.add(asked.index)
            out.append(replace(self._unread.popleft(), clear=clear))
        return out

    def _patterns(self, verdict: Verdict, settled: int) -> list[Command]:
        self._apply(verdict, self._scanned_view, self._settled)
        settled = self._scanned_view.start_of(settled)
        self._settled = max(self._settled, min(settled, self._end))
        self._scanned = self.state is State.DRAINING
        return self._release()

    def _judged(self, index: int, verdict: Verdict) -> list[Command]:
        view = self._waiting.pop(index, self._scanned_view)
        start = self._ends[index - 1] if index else 0
        least = 0
        if self._growth is not None and index not in self._clear:
            least = self._growth.clear_from(start)
        self._clear.discard(index)
        self._apply(verdict, view, start, least)
        return self._release()

    def _apply(self, verdict: Verdict, view: ClientView, fallback: int, least: int = 0) -> None:
        """What lies before `least` may have left."""
        for ruled in filter(None, map(view.ruling, verdict.ruled)):
            span = _span_of(ruled, fallback)
            self._ruled.append((span.start, ruled))
            if ruled.shadow:
                continue
            if ruled.action in TERMINAL:
                self._stop_at(max(span.start, self._released, least), ruled)
            elif ruled.action in EDITS and span.start >= self._released:
                original = self._view(span.start, span.end).text
                self._edits.add(Edit(span, self._fitted(self.render(ruled, original), span)))
            elif (mark := self.mark(ruled)) and span.end > max(span.start, self._released):
                last = Span(span.end - 1, span.end)
                self._edits.add(Edit(last, marked(mark, self._text[last.start - self._base])))

    def _record(self, to: int) -> list[Command]:
        """Reports rulings in text order, once the text that they are about is decided."""
        if not self._ruled:
            return []
        now = sorted((r for r in self._ruled if r[0] <= to), key=_by_place)
        self._ruled = [r for r in self._ruled if r[0] > to]
        return [RecordRulings(tuple(r for _, r in now))] if now else []

    def _stop_at(self, at: int, ruled: Ruling) -> None:
        if self._stop is None or _rank(at, ruled) < _rank(*self._stop):
            self._stop = (at, ruled)

    def _release(self) -> list[Command]:
        if self._flows():
            return self._flow(min(self._settled, self._replaced, self._allowed))
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
            if to - self._base > KEPT:
                self._drop()
        full = self._paused or self._end - self._released > HIGH_WATER
        return out + self._pressure() if full else out

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
        answered = self._scanned and not self._waiting and self._allowed > self._end
        return self.state is State.DRAINING and answered and frontier == self._end

    def _known_to(self) -> int:
        at = min(self._settled, self._replaced)
        return min(at, self._judged_to()) if self.plan.hold else at

    def _frontier(self) -> int:
        return self._edits.whole_before(min(self._known_to(), self._allowed))

    def _judged_to(self) -> int:
        held = self._waiting.keys() - self._clear if self._clear else self._waiting
        first = min(held, default=len(self._ends))
        at = self._ends[first - 1] if first else 0
        return at if self._growth is None else self._growth.clear_from(at)

    def _replace(self) -> None:
        final = self.state is State.DRAINING
        for at, replacer in enumerate(self.replacers):
            found, self._replaced_by[at] = replacer.find(
                self._text, self._base, self._replaced_by[at], final=final
            )
            for value in found:
                text = self._fitted(value.text, value.span)
                insort(self._values, replace(value, text=text), key=_start_of)
                self._edits.add(Edit(value.span, text))
        self._replaced = min(self._replaced_by, default=self._end)

    def _fitted(self, text: str, span: Span) -> str:
        """A replacement; in the JSON text of arguments so that it stays JSON."""
        return text if self._strings is None else self._strings.fitted(text, span.start, span.end)

    def _rendered(self, to: int) -> str:
        return self._edits.render(self._text, self._base, self._released, to)

    def _forget(self) -> None:
        """Drops what no scan can reach again; without it a long stream costs its length squared."""
        self._edits.forget(self._released)
        if self._released - self._base > KEPT:
            self._drop()

    def _drop(self) -> None:
        keep = min(self._released, self._settled, self._segmented if self.plan.judge else self._end)
        keep -= max(CONTEXT, 2 * LOOKBEHIND)
        if keep - self._base > 4 * CONTEXT:
            self._text = self._text[keep - self._base :]
            self._base = keep
            self._values = [v for v in self._values if v.span.start >= keep]
            if self._strings is not None:
                self._strings.forget(keep)

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


def _start_of(value: Restored) -> int:
    return value.span.start


def _end_of(value: Restored) -> int:
    return value.span.end


def _rank(at: int, ruled: Ruling) -> tuple[int, int, str]:
    return at, -ruled.action, ruled.rule_id


def _by_place(item: tuple[int, Ruling]) -> tuple[int, str, str]:
    at, ruled = item
    kind = ruled.finding.kind if isinstance(ruled.finding, Finding) else ""
    return at, ruled.rule_id, kind
