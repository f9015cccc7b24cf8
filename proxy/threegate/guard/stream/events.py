"""States, events and commands of the stream machine. Data only: nothing here acts.

The shell sends events (`TextReceived` … `ClientDisconnected`); the machine answers with commands
(`ScanPatterns` … `Resume`) that the shell runs.
"""

from __future__ import annotations

import sys
from dataclasses import field
from enum import IntEnum, auto

from threegate.types import Ruling, Verdict, frozen


@frozen
class TextReceived:
    """`last`: the text ends here, as if `UpstreamClosed` followed; then it is scanned once."""

    text: str = field(repr=False)
    last: bool = False


@frozen
class PatternsScanned:
    """The answer to `ScanPatterns`: spans and `settled` count from the start of the stream."""

    verdict: Verdict
    settled: int


@frozen
class SentenceJudged:
    index: int
    verdict: Verdict


@frozen
class StepChecked:
    """The answer to `CheckStep`: nothing in the step scores near a level, so it may leave."""

    number: int
    clear: bool


@frozen
class UpstreamClosed:
    pass


@frozen
class ClientDisconnected:
    pass


UNLIMITED = sys.maxsize


@frozen
class AllowRelease:
    """Other texts of the answer let this one leave up to the position `to`; its end may be reported
    when `to` is after the last position. A machine that never gets this event has no limit."""

    to: int = UNLIMITED


Event = (
    TextReceived
    | PatternsScanned
    | SentenceJudged
    | StepChecked
    | UpstreamClosed
    | AllowRelease
    | ClientDisconnected
)


class State(IntEnum):
    OPEN = auto()
    DRAINING = auto()
    DONE = auto()
    CUT = auto()


_ALWAYS = (AllowRelease, ClientDisconnected)
_JUDGED = (SentenceJudged, StepChecked)
ALLOWED_EVENTS: dict[State, tuple[type[Event], ...]] = {
    State.OPEN: (*_ALWAYS, TextReceived, PatternsScanned, *_JUDGED, UpstreamClosed),
    State.DRAINING: (*_ALWAYS, PatternsScanned, *_JUDGED),
    State.DONE: (*_ALWAYS, *_JUDGED),  # verdicts of rules that cut may come late
    State.CUT: (*_ALWAYS, TextReceived, PatternsScanned, *_JUDGED, UpstreamClosed),
}


@frozen
class ScanPatterns:
    """Scan `text`, which begins at `offset`. Findings that start before `since` are known
    already."""

    text: str = field(repr=False)
    offset: int
    since: int
    final: bool


@frozen
class JudgeSentence:
    """Judge the sentence from `offset` to `end`; `text` and the text `before` it are as the client
    will read them. `clear`: all its steps were checked and are clear, so it may have left
    already."""

    index: int
    text: str = field(repr=False)
    offset: int
    end: int
    before: str = field(repr=False)
    clear: bool = False


@frozen
class CheckStep:
    """Check a piece of a growing text, from `offset` to `end`, with the text `before` it and, for
    some pieces, `with_question`."""

    number: int
    text: str = field(repr=False)
    offset: int
    end: int
    before: str = field(repr=False)
    with_question: bool


@frozen
class Release:
    text: str = field(repr=False)


@frozen
class Cut:
    ruled: Ruling


@frozen
class RecordRulings:
    """Rulings for audit and annotations, in text order."""

    ruled: tuple[Ruling, ...]


@frozen
class Finish:
    pass


@frozen
class Pause:
    pass


@frozen
class Resume:
    pass


Command = (
    ScanPatterns
    | JudgeSentence
    | CheckStep
    | Release
    | Cut
    | RecordRulings
    | Finish
    | Pause
    | Resume
)
