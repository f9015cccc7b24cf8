"""Events and commands of the stream machine. Data only: nothing here acts.

The shell sends events (`TextReceived` … `ClientGone`); the machine answers with commands
(`ScanPatterns` … `Resume`) that the shell runs.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from threegate.types import Ruling, Verdict

# What follows without `frozen` is made for every event of a stream, where freezing costs as much
# again as all else about it.


@dataclass(slots=True)
class TextReceived:
    """`last`: the text ends here, as if `UpstreamClosed` followed; then it is scanned once."""

    text: str = field(repr=False)
    last: bool = False


@dataclass(slots=True)
class PatternsScanned:
    """The answer to `ScanPatterns`: spans and `settled` count from the start of the stream."""

    verdict: Verdict
    settled: int


@dataclass(frozen=True, slots=True)
class SentenceJudged:
    index: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class StepRead:
    """The answer to `ReadStep`: nothing in it comes near a level, so it may leave."""

    number: int
    clear: bool


@dataclass(frozen=True, slots=True)
class UpstreamClosed:
    pass


@dataclass(frozen=True, slots=True)
class ClientGone:
    pass


UNLIMITED = sys.maxsize


@dataclass(frozen=True, slots=True)
class MayLeave:
    """Other texts of the answer let this one leave up to the position `to`; its end may be told
    when `to` is behind the last. A machine that is not told has no limit."""

    to: int = UNLIMITED


Event = (
    TextReceived
    | PatternsScanned
    | SentenceJudged
    | StepRead
    | UpstreamClosed
    | MayLeave
    | ClientGone
)


@dataclass(slots=True)
class ScanPatterns:
    """Scan `text`, which begins at `offset`. Findings that start before `since` are known
    already."""

    text: str = field(repr=False)
    offset: int
    since: int
    final: bool


@dataclass(frozen=True, slots=True)
class JudgeSentence:
    """Judge the sentence that lies from `offset` to `end`; `text` and what is `before` it are as
    the client will read them. `clear`: all its steps were read and are clear, so it may have left
    already."""

    index: int
    text: str = field(repr=False)
    offset: int
    end: int
    before: str = field(repr=False)
    clear: bool = False


@dataclass(frozen=True, slots=True)
class ReadStep:
    """Read a piece of a text that goes on, from `offset` to `end`, with what is `before` it and,
    some of them, `with_question`."""

    number: int
    text: str = field(repr=False)
    offset: int
    end: int
    before: str = field(repr=False)
    with_question: bool


@dataclass(slots=True)
class Release:
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Cut:
    ruled: Ruling


@dataclass(frozen=True, slots=True)
class RecordRulings:
    """What was ruled, for audit and annotations, in text order."""

    ruled: tuple[Ruling, ...]


@dataclass(frozen=True, slots=True)
class Finish:
    pass


@dataclass(frozen=True, slots=True)
class Pause:
    pass


@dataclass(frozen=True, slots=True)
class Resume:
    pass


Command = (
    ScanPatterns
    | JudgeSentence
    | ReadStep
    | Release
    | Cut
    | RecordRulings
    | Finish
    | Pause
    | Resume
)
